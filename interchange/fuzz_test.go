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
// tokenizer.
func checkRead(t *testing.T, path, tokenizer string) {
	if m, err := Read(path, tokenizer); err == nil {
		assert.Equal(t, m.Model.Common().Vocab, m.Tokenizer.Vocab())
		assert.Equal(t, m.Model.Common().Vocab, m.Weights.Get("tok/W").Shape[0])
	}
}

// Whatever a directory of Hugging Face's holds, it is a model or an error, and memory is
// claimed for no more than its files have.
func FuzzGPT2(f *testing.F) {
	var files [2][]byte
	for i, name := range []string{"config.json", weightsFile} {
		raw, err := os.ReadFile(filepath.Join("testdata/gpt2", name))
		require.NoError(f, err)
		files[i] = raw
	}
	f.Add(files[0], files[1], "")
	f.Add(files[0], files[1][:1000], "")
	f.Add(files[0], []byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"), "")
	f.Add([]byte(`{"model_type":"gpt2","n_layer":1024,"n_embd":65536,"n_head":1,"vocab_size":260,"n_positions":8}`), files[1], "")
	f.Add(files[0], files[1], `{"weight_map":{"wte.weight":"shard.safetensors","wpe.weight":"other.safetensors"}}`)
	f.Fuzz(func(t *testing.T, config, weights []byte, index string) {
		dir, name := t.TempDir(), weightsFile
		if index != "" {
			name = "shard.safetensors"
			require.NoError(t, os.WriteFile(filepath.Join(dir, "model"+indexSuffix), []byte(index), 0o666))
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), config, 0o666))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), weights, 0o666))
		frugal(t, len(config)+len(weights)+len(index), func() { checkRead(t, dir, "testdata/gpt2") })
	})
}
