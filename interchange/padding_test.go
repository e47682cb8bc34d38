package interchange

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestIsPadding(t *testing.T) {
	for _, c := range []struct {
		ids, vocab int
		want       bool
	}{
		{50257, 50304, true}, // nanoGPT, llm.c
		{50257, 51200, true}, // Megatron-LM
		{260, 320, true},
		{50257, 50257, false},
		{50257, 50305, false}, // no round number
		{50304, 50257, false}, // ids that the model lacks
		{260, 512, false},     // the tokenizer of another model
		{512, 32000, false},
	} {
		assert.Equal(t, c.want, isPadding(c.vocab-c.ids, c.vocab), "%d of %d", c.ids, c.vocab)
	}
}

// An imported model has the tokenizer's ids alone, and is exported with these: the
// configuration says so.
func TestPaddedVocabulary(t *testing.T) {
	m, err := Read(edited(t, padded, paddedConfig), "")
	require.NoError(t, err)
	assert.Equal(t, 260, m.Model.Common().Vocab)
	assert.Equal(t, 260*m.Weights.Get("tok/W").Shape[1], m.Weights.Get("tok/W").Size())
	assert.Contains(t, m.Note, "padded from 260 ids to 320")
	dir := t.TempDir()
	export(t, dir, m)
	c, err := readHFConfig(dir)
	require.NoError(t, err)
	assert.Equal(t, 260, c.common().Vocab)
	again, err := Read(dir, "")
	require.NoError(t, err)
	assert.Empty(t, again.Note)
	assert.Equal(t, m.Weights.Get("tok/W").Float32(), again.Weights.Get("tok/W").Float32())
}

// The vocabulary of llama2.c's models may be padded too, with a head of its own or not.
func TestPaddedLlama2c(t *testing.T) {
	for _, vocab := range []int32{320, -320} {
		h := llama2cHeader{Dim: 8, Hidden: 4, Layers: 1, Heads: 2, KVHeads: 1, Vocab: vocab, Context: 4}
		values := make([]float32, h.floats())
		for i := range values {
			values[i] = float32(i)
		}
		var file bytes.Buffer
		require.NoError(t, binary.Write(&file, binary.LittleEndian, h))
		require.NoError(t, binary.Write(&file, binary.LittleEndian, values))
		m, err := Read(write(t, "model.bin", file.Bytes()), "testdata/gpt2")
		require.NoError(t, err)
		assert.Equal(t, 260, m.Model.Common().Vocab)
		assert.Equal(t, values[:260*8], m.Weights.Get("tok/W").Float32())
		if vocab < 0 { // the last matrix of the file, (V, D)
			matrix, head := values[len(values)-320*8:], m.Weights.Get("head/W").Float32()
			for id := range 260 {
				for i := range 8 {
					require.Equal(t, matrix[id*8+i], head[i*260+id])
				}
			}
		}
	}
}
