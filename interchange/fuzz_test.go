package interchange

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// frugal calls read, and checks that it claims no memory that the size of its files does not
// explain: numbers become float32 and are laid out anew, and each tensor has a node in a
// graph. The constant is for the tokenizer and for the graph of a smallest model.
func frugal(t *testing.T, size int, read func()) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	read()
	runtime.ReadMemStats(&after)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(16<<20+64*size), "%d bytes of files", size)
}

// checkRead reads a model, and checks one that is not refused: its vocabulary is that of its
// tokenizer, and it can be written for other programs, unless it is an lstm.
func checkRead(t *testing.T, path, tokenizer string) {
	m, err := Read(path, tokenizer)
	if err != nil {
		return
	}
	assert.Equal(t, m.Model.Common().Vocab, m.Tokenizer.Vocab())
	assert.Equal(t, m.Model.Common().Vocab, m.Weights.Get("tok/W").Shape[0])
	if m.Name != "lstm" {
		_, err := hfConfigOf(m.Model)
		require.NoError(t, err)
	}
}

// fuzzDirectory fuzzes the readers of a directory of Hugging Face's, beginning with those in dirs:
// it is a model or an error, and memory is claimed for no more than its files have.
func fuzzDirectory(f *testing.F, tokenizer string, dirs ...string) {
	for _, dir := range dirs {
		config, err := os.ReadFile(filepath.Join(dir, configFile))
		require.NoError(f, err)
		weights, err := os.ReadFile(filepath.Join(dir, weightsFile))
		require.NoError(f, err)
		f.Add(config, weights, "")
		f.Add(config, weights[:1000], "")
		f.Add(config, []byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"), "")
		f.Add(config, weights, `{"weight_map":{"wte.weight":"shard.safetensors","wpe.weight":"other.safetensors"}}`)
		for _, large := range []string{
			`{"model_type":"gpt2","n_layer":1024,"n_embd":65536,"n_head":1,"vocab_size":260,"n_positions":8}`,
			`{"model_type":"llama","num_hidden_layers":1024,"hidden_size":65536,"num_attention_heads":1,"vocab_size":24,"intermediate_size":262144}`,
			`{"model_type":"mistral","num_hidden_layers":9,"hidden_size":2,"head_dim":65536,"num_attention_heads":8,"vocab_size":24,"intermediate_size":2,"sliding_window":null}`,
		} {
			f.Add([]byte(large), weights, "")
		}
	}
	f.Fuzz(func(t *testing.T, config, weights []byte, index string) {
		dir, name := t.TempDir(), weightsFile
		if index != "" {
			name = "shard.safetensors"
			require.NoError(t, os.WriteFile(filepath.Join(dir, "model"+indexSuffix), []byte(index), 0o666))
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, configFile), config, 0o666))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), weights, 0o666))
		frugal(t, len(config)+len(weights)+len(index), func() { checkRead(t, dir, tokenizer) })
	})
}

func FuzzGPT2(f *testing.F) { fuzzDirectory(f, "testdata/gpt2", "testdata/gpt2") }

func FuzzLlama(f *testing.F) {
	fuzzDirectory(f, letters(f), "testdata/reference/llama", "testdata/reference/gpt2_bf16")
}
