package interchange

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
	"euryale/generation"
	"euryale/layers/graph"
	"euryale/models"
)

const shared = "../../shared/models/"

// stories reads the trained model of 260 thousand parameters, and what llama2.c's own
// program writes with it at temperature 0 in 256 steps. The line break that the program
// ends with is not the model's.
func stories(t *testing.T) (m *Imported, golden string) {
	t.Helper()
	text, err := os.ReadFile(shared + "stories260K.greedy256.golden.txt")
	if err != nil {
		t.Skip(err)
	}
	m, err = Read(shared+"stories260K.bin", shared+"tok512.bin")
	require.NoError(t, err)
	golden, ended := strings.CutSuffix(string(text), "\n")
	require.True(t, ended)
	return m, golden
}

// Greedy decoding with cached keys and values writes the golden text to the letter.
func TestStoriesByCachedDecoding(t *testing.T) {
	m, golden := stories(t)
	g := generation.Generator{Model: m.Model, Weights: m.Weights, Tokenizer: m.Tokenizer}
	p, err := generation.Plain(m.Tokenizer, "")
	require.NoError(t, err)
	r, err := g.Generate(context.Background(), p, generation.Settings{Tokens: 256}, 1, nil)
	require.NoError(t, err)
	assert.Equal(t, golden, r[0].Text)
}

// Cached decoding generates the same text as a forward pass over the whole sequence for each token.
func TestStoriesByWholePasses(t *testing.T) {
	m, golden := stories(t)
	const n = 256
	p, err := models.Score(m.Model, m.Weights, graph.Frame{B: 1, T: n}, "logits")
	require.NoError(t, err)
	ids := make([]int, n+1)
	for i := range ids {
		ids[i] = -1
	}
	ids[0] = generation.Start(m.Tokenizer)
	v := m.Tokenizer.Vocab()
	for i := range n {
		require.NoError(t, p.Run(graph.Feed{Tokens: ids[:n]}))
		for id, l := range p.Value("logits")[i*v : (i+1)*v] {
			if ids[i+1] < 0 || l > p.Value("logits")[i*v+ids[i+1]] {
				ids[i+1] = id
			}
		}
	}
	text, err := m.Tokenizer.Decode(ids)
	require.NoError(t, err)
	assert.Equal(t, golden, text)
}

// write puts bytes into a new file.
func write(t *testing.T, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, b, 0o666))
	return path
}

// small is a file of llama2.c: 2 layers, 4 heads, 2 key-value heads, and its weights
// 0, 1, 2, … hundredths in the order of the file.
func small(t *testing.T, h llama2cHeader) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, binary.Write(&b, binary.LittleEndian, h))
	for i := range h.floats() {
		require.NoError(t, binary.Write(&b, binary.LittleEndian, float32(i)/100))
	}
	return b.Bytes()
}

// fiveLetters is the file of a tokenizer with the vocabulary of smallHeader.
func fiveLetters(t *testing.T) string {
	t.Helper()
	tk, err := tokenizer.CharsOf(strings.Split("abcde", ""))
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "tokenizer.json")
	require.NoError(t, tk.Save(path))
	return path
}

// floats returns the number of weights in a file of version 0.
func (h llama2cHeader) floats() int {
	f := llama2cFile{llama2cHeader: h, tied: h.Vocab > 0}
	f.Vocab = max(h.Vocab, -h.Vocab)
	_, end := f.tensors(nil)
	return int(end-llama2cHeaderSize) / 4
}

var smallHeader = llama2cHeader{Dim: 8, Hidden: 3, Layers: 2, Heads: 4, KVHeads: 2, Vocab: -5, Context: 7}

// Every number of the file goes where run.c's memory_map_weights says.
func TestLlama2cLayout(t *testing.T) {
	h := smallHeader
	m, err := Read(write(t, "model.bin", small(t, h)), fiveLetters(t))
	require.NoError(t, err)
	w := m.Weights
	at := func(path string, i int) float32 { return w.Get(path).Float32()[i] * 100 }
	// The file: tok 40, norm1 2·8, wq 2·64, wk 2·32, wv 2·32, wo 2·64, norm2 2·8, w1 2·24,
	// w2 2·24, w3 2·24, norm 8, cos and sin 7·2, head 40.
	const wq, wk, wv, wo, w1, w2, w3 = 56, 184, 248, 312, 456, 504, 552
	assert.InDelta(t, 40+8, at("h1/norm1/gain", 0), 1e-3)
	assert.InDelta(t, wq+64+3*8+5, at("h1/att/qkv/W", 5*16+3), 1e-3, "query 3 of input 5")
	assert.InDelta(t, wk+32+2*8+5, at("h1/att/qkv/W", 5*16+8+2), 1e-3, "key 2 of input 5")
	assert.InDelta(t, wv+32+2*8+5, at("h1/att/qkv/W", 5*16+12+2), 1e-3, "value 2 of input 5")
	assert.InDelta(t, wo+6*8+1, at("h0/att/proj/W", 1*8+6), 1e-3)
	assert.InDelta(t, w1+24+2*8+4, at("h1/mlp/gate/W", 4*3+2), 1e-3)
	assert.InDelta(t, w2+24+4*3+2, at("h1/mlp/down/W", 2*8+4), 1e-3)
	assert.InDelta(t, w3+2*8+4, at("h0/mlp/up/W", 4*3+2), 1e-3)
	assert.InDelta(t, 600+8+14+3*8+2, at("head/W", 2*5+3), 1e-3, "logit 3 of input 2")
}

func TestLlama2cRefuses(t *testing.T) {
	whole := small(t, smallHeader)
	with := func(change func(h *llama2cHeader)) []byte {
		h := smallHeader
		change(&h)
		var b bytes.Buffer
		require.NoError(t, binary.Write(&b, binary.LittleEndian, h))
		return append(b.Bytes(), whole[llama2cHeaderSize:]...)
	}
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":           {nil, "ends inside its header of 28 bytes"},
		"truncated":       {whole[:len(whole)-1], "takes 2676: it is truncated"},
		"too long":        {append(whole[:len(whole):len(whole)], 0), "the file has 2677 bytes"},
		"later version":   {with(func(h *llama2cHeader) { h.Dim, h.Hidden = llama2cMagic, 3 }), "of version 3, want 0, 1 or 2"},
		"overflow":        {with(func(h *llama2cHeader) { h.Dim, h.Vocab = math.MaxInt32, math.MaxInt32 }), "dim is 2147483647, want 1 to 65536"},
		"a text":          {[]byte(strings.Repeat("Hello world, this is no model at all. ", 10)), "this is not a file of llama2.c: in its header dim is 1819043144"},
		"lowest vocab":    {with(func(h *llama2cHeader) { h.Vocab = math.MinInt32 }), "vocab_size is -2147483648"},
		"largest allowed": {with(func(h *llama2cHeader) { h.Dim, h.Hidden, h.Layers, h.Vocab = 1<<16, 1<<18, 1<<10, 1<<22 }), "it is truncated"},
		"heads":           {with(func(h *llama2cHeader) { h.Heads, h.KVHeads = 3, 3 }), "heads = 3 does not divide dim = 8"},
		"groups":          {with(func(h *llama2cHeader) { h.KVHeads = 3 }), "kv_heads = 3 does not divide heads = 4"},
		"odd heads":       {with(func(h *llama2cHeader) { h.Heads, h.KVHeads = 8, 8 }), "heads of 1 columns"},
		"no tokenizer":    {whole, "name its file with -tokenizer"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(write(t, "model.bin", c.file), "")
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := Read(write(t, "model.pt", whole), "")
	require.ErrorContains(t, err, "in none of the supported formats")
	_, err = Read(write(t, "model.bin", whole), "testdata/gpt2")
	require.ErrorContains(t, err, "the model has 5 ids and the tokenizer testdata/gpt2 260")
}

// Whatever the bytes are, they are a model or an error, and memory is claimed for no more
// than the file has.
func FuzzLlama2c(f *testing.F) {
	f.Add([]byte{})
	f.Add(make([]byte, llama2cHeaderSize))
	for _, vocab := range []int32{260, -260, 264} {
		h := llama2cHeader{Dim: 8, Hidden: 4, Layers: 1, Heads: 2, KVHeads: 1, Vocab: vocab, Context: 4}
		file, err := binary.Append(nil, binary.LittleEndian, h)
		require.NoError(f, err)
		f.Add(append(file, make([]byte, 4*h.floats())...))
	}
	for _, version := range []string{"1", "2"} {
		file, err := os.ReadFile("testdata/reference/llama2c_v" + version + "/model.bin")
		require.NoError(f, err)
		f.Add(file)
	}
	small := letters(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		path, tk := write(t, "model.bin", b), "testdata/gpt2"
		if len(b) > 3 && b[3] == 'a' { // a later version
			tk = small
		}
		frugal(t, len(b), func() { checkRead(t, path, tk) })
	})
}
