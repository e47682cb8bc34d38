package interchange

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"euryale/layers/graph"
	"euryale/models"
)

const (
	configFile  = "config.json"
	weightsFile = "model.safetensors"
)

// hfCommon has the keys that all configurations of transformers have.
type hfCommon struct {
	ModelType    string          `json:"model_type"`
	Arch         []string        `json:"architectures"`
	Vocab        int             `json:"vocab_size"`
	Begin        any             `json:"bos_token_id"`
	End          any             `json:"eos_token_id"`
	DType        string          `json:"torch_dtype,omitempty"`
	Quantization json.RawMessage `json:"quantization_config,omitempty"`
}

func (c *hfCommon) common() *hfCommon { return c }

// hfConfig is the config.json of a kind of models.
type hfConfig interface {
	common() *hfCommon
	names() hfNames
	check(*unsupported) // adds what this project lacks
	sizes() []size
	blocks() int
	model() models.Model // with a tied head
	untied() bool        // the head is not the embedding table
}

// hfNames are names of a kind of models in transformers.
type hfNames struct {
	title       string   // of the kind, for errors
	prefix      string   // of the names of all tensors but the head; files of the bare model lack it
	head, table string   // tensors, the table without prefix
	buffers     []string // what names of tensors end with that are no weights
}

// plain returns a tensor's name without the prefix, and "" if it is not a weight.
func (n hfNames) plain(name string) string {
	for _, end := range n.buffers {
		if strings.HasSuffix(name, end) {
			return ""
		}
	}
	return strings.TrimPrefix(name, n.prefix)
}

// hfConfigs has the defaults of the supported configurations by model_type.
var hfConfigs = map[string]func(modelType string) hfConfig{"gpt2": newGPT2Config, "llama": newLlamaConfig, "mistral": newLlamaConfig}

// isHuggingFace reports whether path is a safetensors file, or the index of several, with a
// config.json in its directory, or a directory with a config.json.
func isHuggingFace(path string) bool {
	if path = weightsIn(path); filepath.Ext(path) != ".safetensors" && !isShardIndex(path) {
		return false
	}
	_, err := os.Stat(filepath.Join(filepath.Dir(path), configFile))
	return err == nil
}

func readHFConfig(dir string) (hfConfig, error) {
	path := filepath.Join(dir, configFile)
	var of hfCommon
	if err := readJSON(path, &of); err != nil {
		return nil, err
	}
	defaults := hfConfigs[of.ModelType]
	if defaults == nil {
		return nil, fmt.Errorf("%s: model_type is %q, want gpt2, llama or mistral", path, of.ModelType)
	}
	c := defaults(of.ModelType)
	return c, readJSON(path, c)
}

// readHuggingFace reads a model that transformers saved. Its error names all that is unsupported:
// settings, tensors and the tokenizer.
func readHuggingFace(path, tokenizer string) (*Imported, error) {
	path = weightsIn(path)
	dir := filepath.Dir(path)
	c, err := readHFConfig(dir)
	if err != nil {
		return nil, err
	}
	var u unsupported
	c.check(&u)
	if len(c.common().Quantization) > 0 && string(c.common().Quantization) != "null" {
		u.add("config.json: quantization_config is not supported: save the model in float16, bfloat16 or float32")
	}
	if err := checkSizes(c); err != nil {
		u.add("config.json: %v", err)
		return nil, u.err()
	}
	files, err := openShards(path)
	if err != nil {
		return nil, errors.Join(err, noSafetensors(dir))
	}
	defer files.close()
	from, err := hfTensors(c, files, &u)
	if err != nil {
		return nil, err
	}
	tk, err := loadTokenizer(tokenizer, dir, c.common().Vocab)
	if unsupported := u.err(); unsupported != nil && err != nil {
		return nil, fmt.Errorf("%w; %w", unsupported, err)
	} else if err := errors.Join(unsupported, err); err != nil {
		return nil, err
	}
	m, params, err := hfModel(c, from)
	if err != nil {
		return nil, err
	}
	l := layoutOf(m, params)
	chat, err := hfChat(dir, tk)
	if err != nil {
		return nil, err
	}
	whole, err := imported(m, tk, func(p *graph.Param) ([]float32, error) { return l.values(p, from) })
	if err == nil {
		whole.Chat = chat
	}
	return whole, err
}

// checkSizes checks the sizes of a configuration, before memory is claimed for any.
func checkSizes(c hfConfig) error {
	if err := within(c.sizes()...); err != nil {
		return err
	}
	return c.model().Check()
}

// layoutOf returns the layout in transformers of a model with these parameters, or nil.
func layoutOf(m models.Model, params []*graph.Param) layout {
	switch m := m.(type) {
	case *models.GPT:
		return gpt2Layout(m, params)
	case *models.Llama:
		return llamaLayout(m, true)
	}
	return nil
}

// setTied says whether the head is the embedding table.
func setTied(m models.Model, tied bool) {
	switch m := m.(type) {
	case *models.GPT:
		m.Tied = tied
	case *models.Llama:
		m.Tied = tied
	}
}

// hfTensors compares the tensors of files with those of a model, adds to u all that are missing,
// unexpected, of another shape or type, and returns those of the model by their plain names. An
// untied head is optional, and required if the configuration says so.
func hfTensors(c hfConfig, files *shards, u *unsupported) (source, error) {
	m := c.model()
	setTied(m, false)
	params, err := parameters(m, c.blocks(), len(files.tensors))
	if err != nil {
		return nil, err
	}
	names, want, l := c.names(), map[string][]int{}, layoutOf(m, params)
	for _, p := range params {
		for _, part := range l(p.Path) {
			want[part.name] = part.shape
		}
	}
	from := source{}
	for _, name := range slices.Sorted(maps.Keys(files.tensors)) {
		t, plain := files.tensors[name], names.plain(name)
		switch {
		case plain == "":
			continue
		case want[plain] == nil:
			u.add("%s is not a tensor of %s with these sizes", plain, names.title)
		case !slices.Equal(t.shape, want[plain]):
			u.add("%s is %v, want %v", plain, t.shape, want[plain])
		case t.dtype != "F32" && t.dtype != "F16" && t.dtype != "BF16":
			u.add("%s holds numbers of type %s, want F32, F16 or BF16", plain, t.dtype)
		case from[plain].read != nil:
			u.add("%s is there with and without %q before it", plain, names.prefix)
		}
		from[plain] = t
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if from[name].read == nil && (name != names.head || c.untied()) {
			u.add("%s is missing", name)
		}
	}
	return from, nil
}

// hfModel returns the model of a configuration. A head that differs from the embedding table makes
// it untied, whatever the configuration says.
func hfModel(c hfConfig, from source) (models.Model, []*graph.Param, error) {
	m, names := c.model(), c.names()
	if head := from[names.head]; head.read != nil {
		same := false
		if !c.untied() {
			h, err := head.read()
			if err != nil {
				return nil, nil, err
			}
			table, err := from[names.table].read()
			if err != nil {
				return nil, nil, err
			}
			same = slices.Equal(h, table)
		}
		setTied(m, same)
	}
	params, err := models.Parameters(m)
	return m, params, err
}
