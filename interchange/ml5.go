package interchange

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"unicode/utf8"

	"euryale/data/tokenizer"
	"euryale/layers/graph"
	"euryale/models"
)

// ml5 is a character LSTM in the format of ml5.js (github.com/ml5js/ml5-library, charRNN):
// manifest.json names the tensors of TensorFlow's BasicLSTMCells, one file of
// little-endian float32 each, and vocab.json the characters.
type ml5 struct {
	dir      string
	manifest map[string]ml5Tensor
}

// ml5Tensor is an entry of manifest.json.
type ml5Tensor struct {
	Filename string `json:"filename"`
	Shape    []int  `json:"shape"`
}

const (
	ml5Embedding = "embedding"
	ml5HeadW     = "rnnlm/softmax_w"
	ml5HeadB     = "rnnlm/softmax_b"
	ml5Step      = "Variable"     // TensorFlow's step count
	ml5Context   = 50             // tokens of a training sequence of char-rnn
	ml5MostSize  = int64(1) << 20 // of an axis
)

func ml5Cell(i int, what string) string {
	return fmt.Sprintf("rnnlm/multi_rnn_cell/cell_%d/basic_lstm_cell/%s", i, what)
}

// isML5 reports whether path is an ml5 manifest, or a directory with one.
func isML5(path string) bool {
	m, err := openML5(path)
	return err == nil && m.manifest[ml5Cell(0, "weights")].Filename != ""
}

func openML5(path string) (*ml5, error) {
	file := fileIn(path, "manifest.json")
	m := &ml5{dir: filepath.Dir(file)}
	if filepath.Base(file) != "manifest.json" {
		return nil, errors.New("it is no manifest.json")
	}
	return m, readJSON(file, &m.manifest)
}

// readML5 reads a model of ml5.
func readML5(path, tokenizerPath string) (*Imported, error) {
	m, err := openML5(path)
	if err != nil {
		return nil, err
	}
	model, err := m.model()
	if err != nil {
		return nil, err
	}
	var tk tokenizer.Tokenizer
	if tokenizerPath == "" {
		tk, err = m.characters(model.Vocab)
	} else {
		tk, err = loadTokenizer(tokenizerPath, "", model.Vocab)
	}
	if err != nil {
		return nil, err
	}
	found, err := m.tensors(model)
	if err != nil {
		return nil, err
	}
	return imported(model, tk, func(p *graph.Param) ([]float32, error) { return found[p.Path], nil })
}

// model returns the model that has the manifest's shapes.
func (m *ml5) model() (*models.LSTM, error) {
	e, w := m.manifest[ml5Embedding], m.manifest[ml5Cell(0, "weights")]
	if len(e.Shape) != 2 || len(w.Shape) != 2 {
		return nil, fmt.Errorf("manifest.json: %s is %v and %s %v, want two matrices", ml5Embedding, e.Shape, ml5Cell(0, "weights"), w.Shape)
	}
	model := &models.LSTM{Recurrent: models.Recurrent{Sizes: models.Sizes{Vocab: e.Shape[0], Context: ml5Context}, Dim: e.Shape[1], Hidden: w.Shape[1] / 4}, ForgetBias: 1}
	for m.manifest[ml5Cell(model.Layers, "weights")].Filename != "" {
		model.Layers++
	}
	if err := model.Check(); err != nil {
		return nil, fmt.Errorf("manifest.json: %w", err)
	}
	known := []string{ml5Embedding, ml5HeadW, ml5HeadB, ml5Step}
	for i := range model.Layers {
		known = append(known, ml5Cell(i, "weights"), ml5Cell(i, "biases"))
	}
	for _, name := range slices.Sorted(maps.Keys(m.manifest)) {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("manifest.json has an unexpected tensor %q", name)
		}
	}
	return model, nil
}

// tensors returns the values of all parameters, by path.
func (m *ml5) tensors(c *models.LSTM) (found map[string][]float32, err error) {
	found = map[string][]float32{}
	read := func(name string, shape ...int) []float32 {
		if err != nil {
			return nil
		}
		var v []float32
		v, err = m.tensor(name, shape)
		return v
	}
	found["tok/W"] = read(ml5Embedding, c.Vocab, c.Dim)
	found["head/W"], found["head/b"] = read(ml5HeadW, c.Hidden, c.Vocab), read(ml5HeadB, c.Vocab)
	in := c.Dim
	for i := range c.Layers {
		w, b := read(ml5Cell(i, "weights"), in+c.Hidden, 4*c.Hidden), read(ml5Cell(i, "biases"), 4*c.Hidden)
		if err != nil {
			return nil, err
		}
		ml5Gates(w, c.Hidden)
		ml5Gates(b, c.Hidden)
		for j := c.Hidden; j < 2*c.Hidden; j++ {
			b[j]++ // BasicLSTMCell adds 1 to the forget gate at run time
		}
		at := fmt.Sprintf("lstm%d/", i)
		found[at+"x/W"], found[at+"h/W"], found[at+"x/b"] = w[:in*4*c.Hidden], w[in*4*c.Hidden:], b
		in = c.Hidden
	}
	return found, err
}

// ml5Gates reorders the columns of every row of w from TensorFlow's gates i, j (the candidate),
// f, o to i, f, g (the candidate), o.
func ml5Gates(w []float32, hidden int) {
	for row := w; len(row) > 0; row = row[4*hidden:] {
		j, f := row[hidden:2*hidden], row[2*hidden:3*hidden]
		for k := range j {
			j[k], f[k] = f[k], j[k]
		}
	}
}

// tensor reads one file, whose size must match its shape.
func (m *ml5) tensor(name string, shape []int) ([]float32, error) {
	t, ok := m.manifest[name]
	if !ok || !slices.Equal(t.Shape, shape) {
		return nil, fmt.Errorf("manifest.json: %s is %v, want %v", name, t.Shape, shape)
	}
	if filepath.Base(t.Filename) != t.Filename || !filepath.IsLocal(t.Filename) {
		return nil, fmt.Errorf("manifest.json: the file of %s is %q, want a name without a directory", name, t.Filename)
	}
	n := int64(1)
	for _, d := range shape {
		if int64(d) > ml5MostSize {
			return nil, fmt.Errorf("manifest.json: %s is %v, want no axis beyond %d", name, shape, ml5MostSize)
		}
		n *= int64(d)
	}
	f, err := os.Open(filepath.Join(m.dir, t.Filename))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() != 4*n {
		return nil, fmt.Errorf("%s has %d bytes, but %v of float32 take %d: it is truncated or of another model", t.Filename, info.Size(), shape, 4*n)
	}
	v, err := readFloats(f, 0, int(n))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.Filename, err)
	}
	return v, nil
}

// ml5Mangled maps damaged entries of published vocabularies to the characters that were lost:
// two spaces are u, and the empty string is U.
var ml5Mangled = map[string]string{"  ": "u", "": "U"}

// characters reads vocab.json, which maps each character to its id.
func (m *ml5) characters(vocab int) (tokenizer.Tokenizer, error) {
	var ids map[string]int
	if err := readJSON(filepath.Join(m.dir, "vocab.json"), &ids); err != nil {
		return nil, err
	}
	if len(ids) != vocab {
		return nil, fmt.Errorf("vocab.json has %d characters, but the model has %d ids", len(ids), vocab)
	}
	pieces := make([]string, vocab)
	for _, key := range slices.Sorted(maps.Keys(ids)) {
		id, char := ids[key], key
		if whole, mangled := ml5Mangled[key]; mangled {
			char = whole
		}
		if _, given := ids[char]; given && char != key || utf8.RuneCountInString(char) != 1 {
			return nil, fmt.Errorf("vocab.json: %q is not one character", key)
		}
		if id < 0 || id >= vocab || pieces[id] != "" {
			return nil, fmt.Errorf("vocab.json: %q has the id %d, want each id from 0 to %d once", key, id, vocab-1)
		}
		pieces[id] = char
	}
	return tokenizer.CharsOf(pieces)
}
