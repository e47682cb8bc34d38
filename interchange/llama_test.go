package interchange

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/runfile"
	"euryale/layers/graph"
	"euryale/models"
)

// llamaDir copies testdata/reference/llama with its tensors and its config changed.
func llamaDir(t *testing.T, tensors func(map[string]runfile.Tensor), config func(map[string]any)) string {
	t.Helper()
	const from = "testdata/reference/llama"
	dir := t.TempDir()
	ts, _, err := runfile.LoadTensors(filepath.Join(from, weightsFile))
	require.NoError(t, err)
	file := map[string]runfile.Tensor{}
	for _, x := range ts {
		file[x.Name] = x
	}
	if tensors != nil {
		tensors(file)
	}
	ts = nil
	for name, x := range file {
		x.Name = name
		ts = append(ts, x)
	}
	require.NoError(t, runfile.SaveTensors(filepath.Join(dir, weightsFile), ts, nil))
	var c map[string]any
	raw, err := os.ReadFile(filepath.Join(from, configFile))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &c))
	if config != nil {
		config(c)
	}
	raw, err = json.Marshal(c)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, configFile), raw, 0o666))
	return dir
}

// One error names everything that is unsupported, in settings, tensors and the tokenizer, and what
// recurs in every block once.
func TestLlamaNamesAllThatIsUnsupported(t *testing.T) {
	dir := llamaDir(t, func(f map[string]runfile.Tensor) {
		norm := f["model.norm.weight"]
		f["model.layers.0.self_attn.q_norm.weight"], f["model.layers.1.self_attn.q_norm.weight"] = norm, norm
		delete(f, "lm_head.weight")
		f["model.layers.1.mlp.up_proj.weight"] = runfile.Tensor{Shape: []int{4, 4}, Data: make([]float32, 16)}
		f["model.layers.0.mlp.up_proj.weight"] = runfile.Tensor{Shape: []int{24, 16}, Data: make([]int8, 24*16)}
	}, func(c map[string]any) {
		c["hidden_act"], c["mlp_bias"] = "gelu", true
		c["rope_scaling"] = map[string]any{"type": "yarn", "factor": 4}
		c["quantization_config"] = map[string]any{"bits": 4}
		c["sliding_window"], c["partial_rotary_factor"], c["rms_norm_eps"] = 4, 0.5, 1e-6
	})
	_, err := Read(dir, "testdata/gpt2")
	require.Error(t, err)
	for _, want := range []string{
		`config.json: hidden_act is "gelu", want silu`,
		"config.json: mlp_bias = true",
		`config.json: rope_scaling of type "yarn" is not supported, only linear and llama3`,
		"config.json: quantization_config is not supported",
		"config.json: sliding_window = 4 is not supported",
		"set max_position_embeddings = 4",
		"config.json: partial_rotary_factor = 0.5",
		"layers.*.self_attn.q_norm.weight is not a tensor of Llama with these sizes (in 2 blocks)",
		"lm_head.weight is missing",
		"layers.1.mlp.up_proj.weight is [4 4], want [24 16]",
		"layers.0.mlp.up_proj.weight holds numbers of type I8, want F32, F16 or BF16",
		"the model has 24 ids and the tokenizer testdata/gpt2 260",
	} {
		assert.ErrorContains(t, err, want)
	}
	assert.NotContains(t, err.Error(), "\n")
}

func TestLlamaRefuses(t *testing.T) {
	set := func(key string, v any) func(map[string]any) { return func(c map[string]any) { c[key] = v } }
	for name, c := range map[string]struct {
		config func(map[string]any)
		want   string
	}{
		"groups":      {set("num_key_value_heads", 3), "kv_heads = 3 does not divide heads = 4"},
		"no heads":    {set("num_key_value_heads", 0), "num_key_value_heads is 0, want 1 to 65536"},
		"head width":  {set("head_dim", 3), "heads of 3 columns"},
		"theta":       {set("rope_theta", 0.5), "rotary_base = 0.5, want more than 1"},
		"epsilon":     {set("rms_norm_eps", 0), "rms_norm_eps is 0, want more than 0"},
		"layers":      {set("num_hidden_layers", 1000), "config.json says 1000 layers, and the file has 23 tensors"},
		"scaling":     {set("rope_scaling", map[string]any{"rope_type": "llama3", "factor": 8}), "rope_scaling of type llama3 lacks original_max_position_embeddings"},
		"frequencies": {set("rope_scaling", map[string]any{"rope_type": "llama3", "factor": 8, "original_max_position_embeddings": 8}), "config.json: model: rotary_factor, rotary_context, rotary_low, rotary_high"},
		"factor":      {set("rope_scaling", map[string]any{"rope_type": "linear"}), "the factor of rope_scaling is 0, want at least 1"},
		"no sizes":    {func(c map[string]any) { delete(c, "hidden_size") }, "hidden_size is 0, want 1 to 65536"},
		"window": {func(c map[string]any) {
			c["model_type"] = "mistral"
			delete(c, "sliding_window")
			c["max_position_embeddings"] = 8192
		},
			"sliding_window = 4096 is not supported"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(llamaDir(t, nil, c.config), letters(t))
			require.ErrorContains(t, err, c.want)
		})
	}
}

// Settings that change nothing are accepted: a head that repeats the table under a tied
// configuration, a window as long as the context, names without the prefix.
func TestLlamaAccepts(t *testing.T) {
	want, err := Read("testdata/reference/llama", letters(t))
	require.NoError(t, err)
	ids := []int{3, 1, 4, 1, 5}
	for name, dir := range map[string]string{
		"window":   llamaDir(t, nil, func(c map[string]any) { c["sliding_window"] = 12 }),
		"old silu": llamaDir(t, nil, func(c map[string]any) { c["hidden_act"] = "swish" }),
		"old keys": llamaDir(t, nil, func(c map[string]any) { c["rope_scaling"] = map[string]any{"type": "default"} }),
		"new keys": llamaDir(t, nil, func(c map[string]any) {
			delete(c, "rope_theta")
			c["rope_parameters"] = map[string]any{"rope_type": "default", "rope_theta": 500.0}
		}),
		"bare names": llamaDir(t, func(f map[string]runfile.Tensor) {
			for name, x := range f {
				delete(f, name)
				f[strings.TrimPrefix(name, "model.")] = x
			}
		}, nil),
	} {
		t.Run(name, func(t *testing.T) {
			m, err := Read(dir, letters(t))
			require.NoError(t, err)
			assert.Equal(t, logits(t, want, ids), logits(t, m, ids))
		})
	}
	tied, err := Read(llamaDir(t, func(f map[string]runfile.Tensor) { f["lm_head.weight"] = f["model.embed_tokens.weight"] },
		func(c map[string]any) { c["tie_word_embeddings"] = true }), letters(t))
	require.NoError(t, err)
	assert.True(t, tied.Model.(*models.Llama).Tied)
}

// A llama of this project, with the tokenizer that it was trained with, is exported with the files
// that transformers reads, and imported with the same weights and tokenizer.
func TestLlamaExport(t *testing.T) {
	gpt, err := Read("testdata/gpt2", "")
	require.NoError(t, err)
	m := &Imported{Name: "llama", Tokenizer: gpt.Tokenizer, Weights: graph.NewWeights(5),
		Model: &models.Llama{Sizes: models.Sizes{Vocab: 260, Context: 8}, Layers: 1, Heads: 2, Dim: 8, RotaryBase: 10000}}
	ids := []int{1, 2, 3, 4, 5}
	want := logits(t, m, ids)
	dir := t.TempDir()
	export(t, dir, m)
	for _, name := range []string{configFile, "generation_config.json", weightsFile, "tokenizer.json"} {
		assert.FileExists(t, filepath.Join(dir, name))
	}
	assert.NoFileExists(t, filepath.Join(dir, "vocab.json"), "GPT-2's")
	var c map[string]any
	require.NoError(t, readJSON(filepath.Join(dir, configFile), &c))
	assert.Equal(t, "llama", c["model_type"])
	assert.Equal(t, []any{"LlamaForCausalLM"}, c["architectures"])
	assert.Equal(t, 1e-5, c["rms_norm_eps"])
	assert.Equal(t, 2.0, c["num_key_value_heads"])
	assert.Equal(t, 259.0, c["eos_token_id"])
	again, err := Read(dir, "")
	require.NoError(t, err)
	assert.Equal(t, want, logits(t, again, ids))
	a, err := m.Tokenizer.Encode(" the other day")
	require.NoError(t, err)
	b, err := again.Tokenizer.Encode(" the other day")
	require.NoError(t, err)
	assert.Equal(t, a, b)
}

// A file of another program is named, with the command that converts it.
func TestForeignFiles(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"pytorch_model.bin": {"PK\x03\x04\x00\x00", "a zip archive, as PyTorch writes its checkpoints, and safetensors is needed"},
		"ckpt.pt":           {"\x80\x02\x8a\x0al", "a pickle of Python, as PyTorch wrote"},
		"model.gguf":        {"GGUF\x03\x00", "a GGUF file of llama.cpp"},
		"model.safetensors": {"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"},
	} {
		path := write(t, name, []byte(c.file))
		_, err := Read(path, "")
		assert.ErrorContains(t, err, c.want, name)
	}
	dir := llamaDir(t, nil, nil)
	require.NoError(t, os.Rename(filepath.Join(dir, weightsFile), filepath.Join(dir, "pytorch_model.bin")))
	_, err := Read(dir, letters(t))
	assert.ErrorContains(t, err, "has its weights in pytorch_model.bin, and safetensors is needed: convert it with python3 -c")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "pytorch_model.bin"), []byte("PK\x03\x04"), 0o666))
	_, err = Read(filepath.Join(dir, "pytorch_model.bin"), letters(t))
	assert.ErrorContains(t, err, "convert the directory with python3 -c")
	dir = llamaDir(t, nil, nil)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tokenizer.model"), []byte("\n\x0e\n\x05<unk>"), 0o666))
	_, err = Read(dir, "")
	assert.ErrorContains(t, err, "or write tokenizer.json of its tokenizer.model")
	_, err = Read(dir, filepath.Join(dir, weightsFile))
	assert.ErrorContains(t, err, "it is a safetensors file, which has weights, not a tokenizer")
}

// Versions of llama2.c's files that are damaged are refused.
func TestLlama2cVersionsRefuse(t *testing.T) {
	whole, err := os.ReadFile("testdata/reference/llama2c_v2/model.bin")
	require.NoError(t, err)
	with := func(at int, v byte) []byte {
		b := append([]byte(nil), whole...)
		b[at] = v
		return b
	}
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"truncated":   {whole[:len(whole)-1], "it is truncated or of another version"},
		"header only": {whole[:100], "ends inside its header of 256 bytes"},
		"version":     {with(4, 9), "of version 9, want 0, 1 or 2"},
		"group":       {with(37, 7), "groups of 7 numbers do not divide dim = 16 and hidden_dim = 32"},
		"no group":    {with(37, 0), "groups of 0 numbers"},
		"version 1":   {with(4, 1), "it is truncated or of another version"},
		"tied":        {with(36, 1), "it is truncated or of another version"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(write(t, "model.bin", c.file), letters(t))
			require.ErrorContains(t, err, c.want)
		})
	}
	nan := append([]byte(nil), whole...)
	for i := range 4 { // the first norm's first value
		nan[256+i] = byte(math.Float32bits(float32(math.NaN())) >> (8 * i))
	}
	_, err = Read(write(t, "model.bin", nan), letters(t))
	assert.ErrorContains(t, err, "h0/norm1/gain has NaN among its values")
}
