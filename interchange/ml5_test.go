package interchange

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/generation"
)

// shakespeare is a trained network of 128 units twice, MIT.
func shakespeare(t *testing.T) *Imported {
	t.Helper()
	if _, err := os.Stat(shared + "ml5_charrnn_shakespeare"); err != nil {
		t.Skip(err)
	}
	m, err := Read(shared+"ml5_charrnn_shakespeare", "")
	require.NoError(t, err)
	return m
}

// The network's loss is that of testdata/ml5.py, TensorFlow's BasicLSTMCell in NumPy:
// 1.259517 nats for each character but the first, the state carried from the beginning.
func TestML5Score(t *testing.T) {
	m := shakespeare(t)
	text, err := os.ReadFile("../../shared/data/tinyshakespeare.txt")
	if err != nil {
		t.Skip(err)
	}
	g := generation.Generator{Model: m.Model, Weights: m.Weights, Tokenizer: m.Tokenizer}
	s, err := g.Score(context.Background(), string(text[100000:120000]), 0, nil)
	require.NoError(t, err)
	assert.Equal(t, 19999, s.Tokens)
	assert.InDelta(t, 1.259517, s.NLLPerToken, 2e-6)
}

func TestML5Generates(t *testing.T) {
	m := shakespeare(t)
	g := generation.Generator{Model: m.Model, Weights: m.Weights, Tokenizer: m.Tokenizer}
	p, err := generation.Plain(m.Tokenizer, "ROMEO:")
	require.NoError(t, err)
	r, err := g.Generate(context.Background(), p, generation.Settings{Tokens: 400}, 1, nil)
	require.NoError(t, err)
	words := 0
	for _, word := range []string{"the", "and", "to", "of", "my", "you", "I"} {
		words += strings.Count(" "+strings.ReplaceAll(r[0].Text, "\n", " ")+" ", " "+word+" ")
	}
	assert.Greater(t, words, 10, "the most likely text has English words: %s", r[0].Text)
}

// smallML5 writes a model of one layer with the vocabulary given; change edits its
// manifest.
func smallML5(t *testing.T, vocab string, change func(manifest map[string]ml5Tensor)) string {
	t.Helper()
	dir := t.TempDir()
	manifest := map[string]ml5Tensor{}
	for name, shape := range map[string][]int{ml5Embedding: {3, 2}, ml5HeadW: {4, 3}, ml5HeadB: {3},
		ml5Cell(0, "weights"): {6, 16}, ml5Cell(0, "biases"): {16}} {
		n := 4
		for _, d := range shape {
			n *= d
		}
		file := strings.ReplaceAll(name, "/", "_")
		manifest[name] = ml5Tensor{file, shape}
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), make([]byte, n), 0o666))
	}
	if change != nil {
		change(manifest)
	}
	raw, err := json.Marshal(manifest)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "manifest.json"), raw, 0o666))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "vocab.json"), []byte(vocab), 0o666))
	return dir
}

// Gates come in this project's order, the forget bias is in, mangled characters are whole.
func TestML5Layout(t *testing.T) {
	m, err := Read(smallML5(t, `{"a": 1, "  ": 0, "": 2}`, nil), "")
	require.NoError(t, err)
	text, err := m.Tokenizer.Decode([]int{0, 1, 2})
	require.NoError(t, err)
	assert.Equal(t, "uaU", text)
	assert.Equal(t, []float32{0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0}, m.Weights.Get("lstm0/x/b").Float32())
	row := []float32{0, 1, 2, 3, 4, 5, 6, 7} // i j f o of two units
	ml5Gates(row, 2)
	assert.Equal(t, []float32{0, 1, 4, 5, 2, 3, 6, 7}, row)
}

func TestML5Errors(t *testing.T) {
	const vocab = `{"a": 1, "b": 0, "c": 2}`
	for name, c := range map[string]struct {
		vocab, want string
		change      func(map[string]ml5Tensor)
	}{
		"directory": {vocab, `is "../embedding", want a name without a directory`, func(m map[string]ml5Tensor) { m[ml5Embedding] = ml5Tensor{"../embedding", []int{3, 2}} }},
		"no head":   {vocab, "rnnlm/softmax_w is [], want [4 3]", func(m map[string]ml5Tensor) { delete(m, ml5HeadW) }},
		"wrong size": {vocab, "embedding has 24 bytes, but [3 2000] of float32 take 24000", func(m map[string]ml5Tensor) {
			m[ml5Embedding] = ml5Tensor{"embedding", []int{3, 2000}}
			m[ml5Cell(0, "weights")] = ml5Tensor{"w", []int{2004, 16}}
		}},
		"negative": {vocab, "manifest.json: model: vocab = -3", func(m map[string]ml5Tensor) { m[ml5Embedding] = ml5Tensor{"embedding", []int{-3, 2}} }},
		"huge": {vocab, "rnnlm/softmax_w is [274877906944 3], want no axis beyond 1048576", func(m map[string]ml5Tensor) {
			m[ml5Cell(0, "weights")], m[ml5HeadW] = ml5Tensor{"w", []int{6, 1 << 40}}, ml5Tensor{"h", []int{1 << 38, 3}}
		}},
		"not a matrix": {vocab, "want two matrices", func(m map[string]ml5Tensor) { m[ml5Embedding] = ml5Tensor{"embedding", []int{6}} }},
		"more":         {vocab, `an unexpected tensor "rnnlm/other"`, func(m map[string]ml5Tensor) { m["rnnlm/other"] = ml5Tensor{"x", []int{1}} }},
		"same id":      {`{"a": 1, "b": 1, "c": 2}`, `"b" has the id 1`, nil},
		"two letters":  {`{"ab": 1, "b": 0, "c": 2}`, `"ab" is not one character`, nil},
		"too few":      {`{"a": 1}`, "vocab.json has 1 characters, but the model has 3 ids", nil},
		"u twice":      {`{"u": 1, "  ": 0, "c": 2}`, `"  " is not one character`, nil},
		"not JSON":     {`{`, "vocab.json: unexpected end", nil},
	} {
		_, err := Read(smallML5(t, c.vocab, c.change), "")
		assert.ErrorContains(t, err, c.want, name)
	}
}

// Whatever the files hold, they are a model or an error, and memory is claimed for no more
// than they have.
func FuzzML5(f *testing.F) {
	f.Add(`{"embedding":{"filename":"e","shape":[3,2]}}`, `{"a":0}`, []byte{})
	f.Add(`{"rnnlm/multi_rnn_cell/cell_0/basic_lstm_cell/weights":{"filename":"w","shape":[6,16]},"embedding":{"filename":"e","shape":[3,2]}}`, `{"a":0,"":1,"  ":2}`, []byte{})
	one := func(name, shape string) string { return fmt.Sprintf(`"%s":{"filename":"x","shape":[%s]}`, name, shape) }
	f.Add("{"+strings.Join([]string{one(ml5Embedding, "1,1"), one(ml5Cell(0, "weights"), "2,4"), one(ml5Cell(0, "biases"), "4"), one(ml5HeadW, "1,1"), one(ml5HeadB, "1")}, ",")+"}",
		`{"a":0}`, make([]byte, 4))
	f.Fuzz(func(t *testing.T, manifest, vocab string, tensor []byte) {
		dir := t.TempDir()
		for name, text := range map[string]string{"manifest.json": manifest, "vocab.json": vocab, "x": string(tensor), "w": strings.Repeat("\x00", 4*6*16)} {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666))
		}
		frugal(t, len(manifest)+len(vocab)+len(tensor), func() { checkRead(t, dir, "") })
	})
}
