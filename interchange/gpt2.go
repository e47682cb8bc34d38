package interchange

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"euryale/internal/runfile"
	"euryale/layers"
	"euryale/models"
)

// gpt2Config is config.json of a GPT-2 (Hugging Face transformers, GPT2Config).
type gpt2Config struct {
	ModelType  string   `json:"model_type"`
	Arch       []string `json:"architectures"`
	Vocab      int      `json:"vocab_size"`
	Context    int      `json:"n_positions"`
	Dim        int      `json:"n_embd"`
	Layers     int      `json:"n_layer"`
	Heads      int      `json:"n_head"`
	Inner      *int     `json:"n_inner"`
	Activation string   `json:"activation_function"`
	Epsilon    float64  `json:"layer_norm_epsilon"`
	Tied       *bool    `json:"tie_word_embeddings,omitempty"`
	Scaled     *bool    `json:"scale_attn_weights,omitempty"` // by 1/√(D/H); true by default
	ByLayer    bool     `json:"scale_attn_by_inverse_layer_idx,omitempty"`
	Cross      bool     `json:"add_cross_attention,omitempty"`
}

// gpt2Activations maps names of activations in transformers to those of this project.
var gpt2Activations = map[string]string{"gelu_new": "gelu_tanh", "gelu": "gelu", "gelu_pytorch_tanh": "gelu_tanh", "relu": "relu", "silu": "silu", "tanh": "tanh"}

const (
	gpt2Weights = "model.safetensors"
	gpt2Epsilon = 1e-5 // of layers.LayerNorm
)

// isGPT2 reports whether path is a safetensors file, or the index of several, with a
// config.json in its directory, or a directory with both, unless the configuration is of
// another model.
func isGPT2(path string) bool {
	if path = weightsIn(path); filepath.Ext(path) != ".safetensors" && !isShardIndex(path) {
		return false
	}
	_, err := readGPT2Config(filepath.Dir(path))
	return !errors.Is(err, os.ErrNotExist)
}

func readGPT2Config(dir string) (c gpt2Config, err error) {
	path := filepath.Join(dir, "config.json")
	c.Activation, c.Epsilon = "gelu_new", gpt2Epsilon
	if err := readJSON(path, &c); err != nil {
		return c, err
	}
	switch {
	case c.ModelType != "gpt2":
		return c, fmt.Errorf("%s: model_type is %q, want gpt2", path, c.ModelType)
	case gpt2Activations[c.Activation] == "":
		return c, fmt.Errorf("%s: activation_function is %q, which is not supported", path, c.Activation)
	case c.Epsilon != gpt2Epsilon:
		return c, fmt.Errorf("%s: layer_norm_epsilon is %v, want %v", path, c.Epsilon, gpt2Epsilon)
	case c.Scaled != nil && !*c.Scaled:
		return c, fmt.Errorf("%s: scale_attn_weights = false is not supported: attention divides scores by √(D/H)", path)
	case c.ByLayer:
		return c, fmt.Errorf("%s: scale_attn_by_inverse_layer_idx = true is not supported: attention has the same scale in every layer", path)
	case c.Cross:
		return c, fmt.Errorf("%s: add_cross_attention = true is not supported: gpt has no encoder", path)
	}
	m := c.model()
	err = within(size{"n_embd", c.Dim, maxDim}, size{"n_layer", c.Layers, maxLayers}, size{"n_head", c.Heads, maxDim},
		size{"vocab_size", c.Vocab, maxVocab}, size{"n_positions", c.Context, maxContext}, size{"n_inner", max(m.Hidden, 1), maxHidden})
	if err == nil {
		err = m.Check()
	}
	if err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

func (c gpt2Config) model() *models.GPT {
	m := &models.GPT{Sizes: models.Sizes{Vocab: c.Vocab, Context: c.Context}, Layers: c.Layers, Heads: c.Heads, Dim: c.Dim, Bias: true, Tied: true}
	m.Activation = layers.Activation(gpt2Activations[c.Activation])
	if c.Inner != nil {
		m.Hidden = *c.Inner
	}
	return m
}

// gpt2Name returns the name in transformers of the parameter at path. The weight of Conv1D is
// (in, out), as that of Linear here: only an untied head is transposed.
func gpt2Name(path string) string {
	path = strings.NewReplacer("tok/W", "wte.weight", "pos/W", "wpe.weight", "att/qkv/", "attn.c_attn.", "att/proj/", "attn.c_proj.",
		"mlp/in/", "mlp.c_fc.", "mlp/out/", "mlp.c_proj.", "ln1/", "ln_1.", "ln2/", "ln_2.", "ln/", "ln_f.").Replace(path)
	if layer, rest, ok := strings.Cut(path, "/"); ok && strings.HasPrefix(layer, "h") {
		path = "h." + layer[1:] + "." + rest
	}
	for _, end := range [][2]string{{".gain", ".weight"}, {".W", ".weight"}, {".b", ".bias"}} {
		if base, ok := strings.CutSuffix(path, end[0]); ok {
			return base + end[1]
		}
	}
	return path
}

// readGPT2 reads a GPT-2, with or without the prefix "transformer." of names. It ignores buffers
// of attention masks.
func readGPT2(path, tokenizer string) (*Imported, error) {
	path = weightsIn(path)
	c, err := readGPT2Config(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	tk, err := loadTokenizer(tokenizer, filepath.Dir(path), c.Vocab)
	if err != nil {
		return nil, err
	}
	m := c.model()
	files, err := openShards(path)
	if err != nil {
		return nil, err
	}
	if err := checkGPT2(c, files.shapes); err != nil {
		return nil, err
	}
	ts, err := files.load()
	if err != nil {
		return nil, err
	}
	found, err := gpt2Values(m, ts)
	if err != nil {
		return nil, err
	}
	return imported("gpt", m, found, tk)
}

const gpt2Head = "lm_head.weight"

// plainName returns a tensor's name without the prefix "transformer.", and "" if it is not a
// weight.
func plainName(name string) string {
	if strings.HasSuffix(name, ".attn.bias") || strings.HasSuffix(name, ".attn.masked_bias") {
		return ""
	}
	return strings.TrimPrefix(name, "transformer.")
}

// checkGPT2 compares the tensors of a file with those of a model. An untied head is optional, and
// required if the configuration says so. The error names all tensors that are missing, unexpected
// or of another shape.
func checkGPT2(c gpt2Config, shapes map[string][]int) error {
	m := c.model()
	if m.Layers > len(shapes) { // before a graph of so many is built
		return fmt.Errorf("config.json says %d layers, and the file has %d tensors", m.Layers, len(shapes))
	}
	params, err := models.Parameters(m)
	if err != nil {
		return err
	}
	want := map[string][]int{gpt2Head: {m.Vocab, m.Dim}}
	for _, p := range params {
		want[gpt2Name(p.Path)] = p.Shape
	}
	have := map[string]bool{}
	var wrong []string
	for name, shape := range shapes {
		plain := plainName(name)
		switch {
		case plain == "":
			continue
		case want[plain] == nil:
			wrong = append(wrong, plain+" is not a tensor of GPT-2 with these sizes")
		case !slices.Equal(shape, want[plain]):
			wrong = append(wrong, fmt.Sprintf("%s is %v, want %v", plain, shape, want[plain]))
		case have[plain]:
			wrong = append(wrong, plain+" is there with and without \"transformer.\" before it")
		}
		have[plain] = true
	}
	for name := range want {
		if untied := c.Tied != nil && !*c.Tied; !have[name] && (name != gpt2Head || untied) {
			wrong = append(wrong, name+" is missing")
		}
	}
	if len(wrong) > 0 {
		slices.Sort(wrong)
		return errors.New(strings.Join(wrong, "; "))
	}
	return nil
}

// gpt2Values returns the tensors' values by path. A head that differs from the embedding table
// makes the model untied; it has no bias.
func gpt2Values(m *models.GPT, ts []runfile.Tensor) (map[string][]float32, error) {
	file := map[string][]float32{}
	for _, t := range ts {
		plain := plainName(t.Name)
		v, ok := t.Data.([]float32)
		if plain != "" && !ok {
			return nil, fmt.Errorf("%s holds %T, want 16- or 32-bit floating-point numbers", plain, t.Data)
		}
		file[plain] = v
	}
	head := file[gpt2Head]
	m.Tied = head == nil || slices.Equal(head, file["wte.weight"])
	params, err := models.Parameters(m)
	if err != nil {
		return nil, err
	}
	found := map[string][]float32{}
	for _, p := range params {
		switch p.Path {
		case "head/W":
			found[p.Path] = make([]float32, len(head))
			transpose(found[p.Path], m.Vocab, 0, head, m.Vocab, m.Dim)
		case "head/b":
			found[p.Path] = make([]float32, m.Vocab)
		default:
			found[p.Path] = file[gpt2Name(p.Path)]
		}
	}
	return found, nil
}
