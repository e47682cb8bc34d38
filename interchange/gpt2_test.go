package interchange

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
	"euryale/internal/runfile"
	"euryale/layers/graph"
	"euryale/models"
)

// edited copies testdata/gpt2 with its tensors and its config changed.
func edited(t *testing.T, tensors func(map[string]runfile.Tensor), config func(map[string]any)) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"vocab.json", "merges.txt", "config.json", weightsFile} {
		raw, err := os.ReadFile(filepath.Join("testdata/gpt2", name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), raw, 0o666))
	}
	if tensors != nil {
		ts, _, err := runfile.LoadTensors(filepath.Join(dir, weightsFile))
		require.NoError(t, err)
		file := map[string]runfile.Tensor{}
		for _, x := range ts {
			file[x.Name] = x
		}
		tensors(file)
		ts = nil
		for name, x := range file {
			x.Name = name
			ts = append(ts, x)
		}
		require.NoError(t, runfile.SaveTensors(filepath.Join(dir, weightsFile), ts, nil))
	}
	if config != nil {
		var c map[string]any
		path := filepath.Join(dir, "config.json")
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(raw, &c))
		config(c)
		raw, err = json.Marshal(c)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, raw, 0o666))
	}
	return dir
}

// prefixed puts what transformers calls the whole model before the names.
func prefixed(file map[string]runfile.Tensor) {
	for name, x := range maps.Clone(file) {
		delete(file, name)
		file["transformer."+name] = x
	}
}

// head gives the model a head, equal to the table or not.
func head(same bool) func(map[string]runfile.Tensor) {
	return func(file map[string]runfile.Tensor) {
		v := append([]float32(nil), file["wte.weight"].Data.([]float32)...)
		if !same {
			for i := range v {
				v[i] *= 2
			}
		}
		file["lm_head.weight"] = runfile.Tensor{Shape: file["wte.weight"].Shape, Data: v}
	}
}

// padded gives the vocabulary ids that stand for nothing, up to 320. Their values do not
// matter, and need not be finite.
func padded(file map[string]runfile.Tensor) {
	for _, name := range []string{"wte.weight", "lm_head.weight"} {
		if x, ok := file[name]; ok {
			v := append([]float32(nil), x.Data.([]float32)...)
			for len(v) < 320*x.Shape[1] {
				v = append(v, float32(math.NaN()))
			}
			file[name] = runfile.Tensor{Shape: []int{320, x.Shape[1]}, Data: v}
		}
	}
}

func paddedConfig(c map[string]any) { c["vocab_size"] = 320 }

// sharded splits the weights of a directory into three files and their index.
func sharded(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, weightsFile)
	ts, _, err := runfile.LoadTensors(path)
	require.NoError(t, err)
	require.NoError(t, os.Remove(path))
	index, files := map[string]string{}, map[string][]runfile.Tensor{}
	for i, x := range ts {
		name := fmt.Sprintf("model-0000%d-of-00003.safetensors", 1+i%3)
		index[x.Name], files[name] = name, append(files[name], x)
	}
	for name, ts := range files {
		require.NoError(t, runfile.SaveTensors(filepath.Join(dir, name), ts, nil))
	}
	writeIndex(t, dir, index)
	return dir
}

func writeIndex(t *testing.T, dir string, index map[string]string) {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"metadata": map[string]int{"total_size": 1}, "weight_map": index})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "model"+indexSuffix), raw, 0o666))
}

// The logits are those that PyTorch computes from the same file (testdata/gpt2.py).
func TestGPT2AgreesWithPyTorch(t *testing.T) {
	var want struct {
		IDs    []int
		Logits []float64
	}
	raw, err := os.ReadFile("testdata/gpt2/logits.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &want))
	for name, c := range map[string]struct {
		path string
		by   float64
	}{
		"directory":    {"testdata/gpt2", 1},
		"file":         {"testdata/gpt2/model.safetensors", 1},
		"prefixed":     {edited(t, prefixed, nil), 1},
		"tied head":    {edited(t, head(true), nil), 1},
		"its own head": {edited(t, head(false), nil), 2},
		"padded":       {edited(t, padded, paddedConfig), 1},
		"padded head": {edited(t, func(file map[string]runfile.Tensor) {
			head(false)(file)
			padded(file)
		}, paddedConfig), 2},
		"sharded":             {sharded(t, edited(t, nil, nil)), 1},
		"sharded and padded":  {sharded(t, edited(t, padded, paddedConfig)), 1},
		"index":               {filepath.Join(sharded(t, edited(t, nil, nil)), "model"+indexSuffix), 1},
		"one of three shards": {filepath.Join(sharded(t, edited(t, nil, nil)), "model-00002-of-00003.safetensors"), 1},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := Read(c.path, "")
			require.NoError(t, err)
			p, err := models.Score(m.Model, m.Weights, graph.Frame{B: 1, T: len(want.IDs)}, "logits")
			require.NoError(t, err)
			require.NoError(t, p.Run(graph.Feed{Tokens: want.IDs}))
			got := p.Float64s("logits")
			require.Len(t, got, len(want.Logits))
			for i := range got {
				require.InDelta(t, c.by*want.Logits[i], got[i], 1e-4, "logit %d", i)
			}
		})
	}
}

// export writes a model and its tokenizer.
func export(t *testing.T, dir string, m *Imported) {
	t.Helper()
	note, err := Write(dir, m)
	require.NoError(t, err)
	assert.Empty(t, note)
}

// What is written and read again is what it was, to the bit.
func TestGPT2ExportIsTheInverse(t *testing.T) {
	for name, path := range map[string]string{"tied": "testdata/gpt2", "its own head": edited(t, head(false), nil)} {
		t.Run(name, func(t *testing.T) {
			m, err := Read(path, "")
			require.NoError(t, err)
			dir := filepath.Join(t.TempDir(), "out")
			export(t, dir, m)
			again, err := Read(dir, "")
			require.NoError(t, err)
			assert.Equal(t, m.Model, again.Model)
			assert.Equal(t, len(m.Weights.All()), len(again.Weights.All()))
			for _, p := range m.Weights.All() {
				assert.Equal(t, p.Float32(), again.Weights.Get(p.Path).Float32(), p.Path)
			}
			text := " the other day"
			want, err := m.Tokenizer.Encode(text)
			require.NoError(t, err)
			got, err := again.Tokenizer.Encode(text)
			require.NoError(t, err)
			assert.Equal(t, want, got)
			assert.Equal(t, 258, got[0], "vocab.json gives \"Ġthe\" this id")
		})
	}
}

// The names and shapes of an export are those of the original file.
func TestGPT2ExportHasTheOriginalNames(t *testing.T) {
	m, err := Read("testdata/gpt2", "")
	require.NoError(t, err)
	dir := t.TempDir()
	export(t, dir, m)
	want, _, err := runfile.LoadTensors("testdata/gpt2/model.safetensors")
	require.NoError(t, err)
	got, _, err := runfile.LoadTensors(filepath.Join(dir, weightsFile))
	require.NoError(t, err)
	file := map[string]runfile.Tensor{}
	for _, x := range got {
		file[strings.TrimPrefix(x.Name, "transformer.")] = x
	}
	for _, x := range want {
		if strings.HasSuffix(x.Name, ".attn.bias") {
			continue
		}
		assert.Equal(t, x.Shape, file[x.Name].Shape, x.Name)
		assert.Equal(t, x.Data, file[x.Name].Data, x.Name)
		delete(file, x.Name)
	}
	assert.Empty(t, file)
}

// A gpt without biases gets biases of zero, and computes the same.
func TestGPT2ExportWithoutBiases(t *testing.T) {
	tk, err := Read("testdata/gpt2", "")
	require.NoError(t, err)
	m := &Imported{Name: "gpt", Tokenizer: tk.Tokenizer, Weights: graph.NewWeights(3),
		Model: &models.GPT{Sizes: models.Sizes{Vocab: 260, Context: 8}, Layers: 1, Heads: 2, Dim: 6, Activation: "relu"}}
	run := func(m *Imported) []float64 {
		p, err := models.Score(m.Model, m.Weights, graph.Frame{B: 1, T: 5}, "logits")
		require.NoError(t, err)
		require.NoError(t, p.Run(graph.Feed{Tokens: []int{1, 2, 3, 4, 5}}))
		return p.Float64s("logits")
	}
	want := run(m)
	dir := t.TempDir()
	export(t, dir, m)
	again, err := Read(dir, "")
	require.NoError(t, err)
	assert.InDeltaSlice(t, want, run(again), 1e-6)
}

func TestGPT2Refuses(t *testing.T) {
	set := func(key string, v any) func(map[string]any) { return func(c map[string]any) { c[key] = v } }
	for name, c := range map[string]struct {
		tensors func(map[string]runfile.Tensor)
		config  func(map[string]any)
		want    []string
	}{
		"all that is wrong at once": {tensors: func(f map[string]runfile.Tensor) {
			delete(f, "h.1.ln_2.bias")
			f["h.0.extra"] = f["ln_f.bias"]
			f["wpe.weight"] = runfile.Tensor{Shape: []int{15, 12}, Data: make([]float32, 180)}
		}, want: []string{"h.1.ln_2.bias is missing", "h.0.extra is not a tensor of GPT-2", "wpe.weight is [15 12]", "want [16 12]"}},
		"whole numbers": {tensors: func(f map[string]runfile.Tensor) {
			f["ln_f.bias"] = runfile.Tensor{Shape: []int{12}, Data: make([]int32, 12)}
		}, want: []string{"ln_f.bias holds numbers of type I32, want F32, F16 or BF16"}},
		"a head of another shape": {tensors: func(f map[string]runfile.Tensor) {
			f["lm_head.weight"] = runfile.Tensor{Shape: []int{12, 260}, Data: make([]float32, 12*260)}
		}, want: []string{"lm_head.weight is [12 260], want [260 12]"}},
		"a name twice": {tensors: func(f map[string]runfile.Tensor) { f["transformer.ln_f.bias"] = f["ln_f.bias"] }, want: []string{"ln_f.bias is there with and without"}},
		"heads":        {config: set("n_head", 5), want: []string{"heads = 5 does not divide dim = 12"}},
		"vocabulary":   {config: set("vocab_size", 261), want: []string{"the model has 261 ids and the tokenizer"}},
		"too many":     {config: set("n_layer", 1<<40), want: []string{"n_layer is 1099511627776, want 1 to 1024"}},
		"no size":      {config: set("n_positions", 0), want: []string{"n_positions is 0, want 1 to 16777216"}},
		"model":        {config: set("model_type", "bert"), want: []string{`model_type is "bert", want gpt2`}},
		"activation":   {config: set("activation_function", "mish"), want: []string{`activation_function is "mish"`}},
		"epsilon":      {config: set("layer_norm_epsilon", 1e-6), want: []string{"layer_norm_epsilon is 1e-06, want 1e-05"}},
		"unscaled":     {config: set("scale_attn_weights", false), want: []string{"config.json: scale_attn_weights = false is not supported"}},
		"untied":       {config: set("tie_word_embeddings", false), want: []string{"lm_head.weight is missing"}},
		"by layer":     {config: set("scale_attn_by_inverse_layer_idx", true), want: []string{"config.json: scale_attn_by_inverse_layer_idx = true is not supported"}},
		"cross":        {config: set("add_cross_attention", true), want: []string{"config.json: add_cross_attention = true is not supported"}},
		"a word":       {config: set("n_embd", "twelve"), want: []string{"config.json: n_embd is a JSON string, want a whole number"}},
		"no number": {tensors: func(f map[string]runfile.Tensor) {
			f["h.1.ln_2.bias"].Data.([]float32)[7] = float32(math.NaN())
		}, want: []string{"h1/ln2/bias has NaN among its values, at 7"}},
		"infinite": {tensors: func(f map[string]runfile.Tensor) {
			f["wte.weight"].Data.([]float32)[0] = float32(math.Inf(-1))
		}, want: []string{"tok/W has -Inf among its values"}},
		"layers": {config: set("n_layer", 1), want: []string{"h.1.ln_1.weight is not a tensor of GPT-2"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(edited(t, c.tensors, c.config), "")
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

func TestWriteRefuses(t *testing.T) {
	m, err := Read("testdata/gpt2", "")
	require.NoError(t, err)
	other := *m
	other.Name, other.Model = "lstm", &models.LSTM{}
	refused := func(dir, want string) {
		_, err := Write(dir, &other)
		assert.ErrorContains(t, err, want)
	}
	refused(t.TempDir(), "only gpt and llama can be exported")
	g := *m.Model.(*models.GPT)
	g.Tied, g.Activation = false, "sigmoid"
	other.Name, other.Model = "gpt", &g
	refused(t.TempDir(), `no name for the activation "sigmoid"`)
	other = *m
	taken := filepath.Dir(write(t, "config.json", []byte("mine")))
	refused(taken, taken+" is not empty: choose another directory")
	raw, err := os.ReadFile(filepath.Join(taken, "config.json"))
	require.NoError(t, err)
	assert.Equal(t, "mine", string(raw))
}

// A tokenizer that no file of transformers can express is left out, and said to be.
func TestGPT2ExportWithoutTokenizer(t *testing.T) {
	m, err := Read("testdata/gpt2", "")
	require.NoError(t, err)
	words, err := tokenizer.NewWordCounter(tokenizer.SpaceWords)
	require.NoError(t, err)
	words.Add("the other day")
	m.Tokenizer, err = words.Tokenizer(1, 0)
	require.NoError(t, err)
	dir := t.TempDir()
	note, err := Write(dir, m)
	require.NoError(t, err)
	assert.Contains(t, note, "the tokenizer is left out: tokenizer.json of Hugging Face cannot express the tokenizer: it is of kind word")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 3)
	assert.Equal(t, []string{"config.json", "generation_config.json", weightsFile}, []string{entries[0].Name(), entries[1].Name(), entries[2].Name()})
	_, err = Read(dir, "")
	assert.ErrorContains(t, err, "name another with -tokenizer")
	_, err = Read(dir, "testdata/gpt2")
	assert.NoError(t, err)
}

// A tokenizer of characters is written too, though not in GPT-2's own files.
func TestGPT2ExportWithCharacters(t *testing.T) {
	m, err := Read("testdata/reference/gpt2_f16", letters(t))
	require.NoError(t, err)
	dir := t.TempDir()
	export(t, dir, m)
	assert.NoFileExists(t, filepath.Join(dir, "vocab.json"))
	again, err := Read(dir, "")
	require.NoError(t, err)
	ids, err := again.Tokenizer.Encode("abx")
	require.NoError(t, err)
	assert.Equal(t, []int{0, 1, 23}, ids)
}

// Whatever config.json holds, it is a configuration whose model can be declared, or an
// error.
func FuzzGPT2Config(f *testing.F) {
	raw, err := os.ReadFile("testdata/gpt2/config.json")
	require.NoError(f, err)
	f.Add(raw)
	f.Add([]byte(`{"model_type": "gpt2", "n_inner": -1}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		dir := filepath.Dir(write(t, "config.json", raw))
		c, err := readHFConfig(dir)
		if err != nil || checkSizes(c) != nil || c.blocks() > 20 {
			return
		}
		var u unsupported
		if c.check(&u); len(u) > 0 {
			return
		}
		_, err = models.Parameters(c.model())
		require.NoError(t, err)
	})
}

// A model with GPT-2's own vocabulary goes out with the very files that OpenAI published,
// and comes in with them.
func TestGPT2WithItsOwnTokenizer(t *testing.T) {
	const files = "../../shared/tokenizers/"
	if _, err := os.Stat(files); err != nil {
		t.Skip(err)
	}
	tk, err := tokenizer.Load(files + "gpt2_encoder.json")
	require.NoError(t, err)
	m := &models.GPT{Sizes: models.Sizes{Vocab: 50257, Context: 8}, Layers: 1, Heads: 1, Dim: 2, Activation: "gelu_tanh", Bias: true, Tied: true}
	w := graph.NewWeights(1)
	_, err = models.Score(m, w, graph.Frame{B: 1, T: 1})
	require.NoError(t, err)
	dir := t.TempDir()
	export(t, dir, &Imported{Name: "gpt", Model: m, Weights: w, Tokenizer: tk})
	var want, got map[string]int
	require.NoError(t, readJSON(files+"gpt2_encoder.json", &want))
	require.NoError(t, readJSON(filepath.Join(dir, "vocab.json"), &got))
	assert.Equal(t, want, got)
	theirs, err := os.ReadFile(files + "gpt2_vocab.bpe")
	require.NoError(t, err)
	ours, err := os.ReadFile(filepath.Join(dir, "merges.txt"))
	require.NoError(t, err)
	assert.Equal(t, string(theirs), string(ours))
	again, err := Read(dir, "")
	require.NoError(t, err)
	assert.Equal(t, w.Get("tok/W").Float32(), again.Weights.Get("tok/W").Float32())
	ids, err := again.Tokenizer.Encode("Hello world")
	require.NoError(t, err)
	assert.Equal(t, []int{15496, 995}, ids) // as in OpenAI's encoder
}
