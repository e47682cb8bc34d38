package interchange

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"euryale/models"
)

// llama2cHeader is the header of a model file of llama2.c (github.com/karpathy/llama2.c, run.c,
// struct Config), little-endian. Float32 weights follow.
type llama2cHeader struct {
	Dim, Hidden, Layers, Heads, KVHeads int32
	Vocab                               int32 // negative: the head is not tied to the embedding
	Context                             int32
}

const llama2cHeaderSize = 7 * 4

// llama2cMagic is the magic number of later versions of llama2.c's files.
const llama2cMagic = 0x616b3432

// isLlama2c decides by the name, since version 0 has no magic number.
func isLlama2c(path string) bool { return filepath.Ext(path) == ".bin" }

// check returns an error if the sizes are invalid.
func (h llama2cHeader) check() error {
	if h.Dim == llama2cMagic {
		return fmt.Errorf("the file is of version %d, want one of version 0: llama2.c's export.py writes it with --version 0", h.Hidden)
	}
	err := within(size{"dim", int(h.Dim), maxDim}, size{"hidden_dim", int(h.Hidden), maxHidden}, size{"n_layers", int(h.Layers), maxLayers},
		size{"n_heads", int(h.Heads), maxDim}, size{"n_kv_heads", int(h.KVHeads), maxDim},
		size{"vocab_size", int(max(h.Vocab, -h.Vocab)), maxVocab}, size{"seq_len", int(h.Context), maxContext})
	if err != nil {
		return fmt.Errorf("this is not a file of llama2.c: in its header %w", err)
	}
	if err := h.model().Check(); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	return nil
}

func (h llama2cHeader) model() *models.Llama {
	return &models.Llama{Sizes: models.Sizes{Vocab: int(max(h.Vocab, -h.Vocab)), Context: int(h.Context)}, Layers: int(h.Layers),
		Heads: int(h.Heads), KVHeads: int(h.KVHeads), Dim: int(h.Dim), Hidden: int(h.Hidden), RotaryBase: 10000, Tied: h.Vocab > 0}
}

// size returns the size of the file in bytes.
func (h llama2cHeader) size() int64 {
	d, l, v, t := int64(h.Dim), int64(h.Layers), int64(max(h.Vocab, -h.Vocab)), int64(h.Context)
	head := d / int64(h.Heads)
	n := v*d + l*(2*d+2*d*d+2*d*head*int64(h.KVHeads)+3*d*int64(h.Hidden)) + d + t*head
	if h.Vocab < 0 {
		n += v * d
	}
	return llama2cHeaderSize + 4*n
}

// readLlama2c reads a model file of llama2.c's first version (without a magic number), in
// float32.
func readLlama2c(path, tokenizer string) (*Imported, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var h llama2cHeader
	r := bufio.NewReaderSize(f, 1<<16)
	if err := binary.Read(r, binary.LittleEndian, &h); err != nil {
		return nil, fmt.Errorf("the file ends inside its header of %d bytes", llama2cHeaderSize)
	}
	if err := h.check(); err != nil {
		return nil, err
	}
	if want := h.size(); info.Size() != want {
		return nil, fmt.Errorf("the file has %d bytes, but a model of %+v takes %d: it is truncated or of another version", info.Size(), h, want)
	}
	m := h.model()
	tk, err := loadTokenizer(tokenizer, "", m.Vocab)
	if err != nil {
		return nil, err
	}
	found, err := h.tensors(r)
	if err != nil {
		return nil, err
	}
	return imported("llama", m, found, tk)
}

// tensors reads the weights in the order of the file, which has each kind of matrix for all
// layers. It transposes them: (out, in) in the file, (in, out) here.
func (h llama2cHeader) tensors(r io.Reader) (map[string][]float32, error) {
	m := h.model()
	dim, kv := m.Dim, m.Dim/m.Heads*m.KVHeads
	f := llama2cReader{r: r, layers: m.Layers, found: map[string][]float32{}}
	f.rows("tok/W", m.Vocab*dim)
	f.each("norm1/gain", dim)
	f.matrix("att/qkv/W", dim, dim, 0, dim+2*kv)
	f.matrix("att/qkv/W", kv, dim, dim, dim+2*kv)
	f.matrix("att/qkv/W", kv, dim, dim+kv, dim+2*kv)
	f.matrix("att/proj/W", dim, dim, 0, dim)
	f.each("norm2/gain", dim)
	f.matrix("mlp/gate/W", m.Hidden, dim, 0, m.Hidden)
	f.matrix("mlp/down/W", dim, m.Hidden, 0, dim)
	f.matrix("mlp/up/W", m.Hidden, dim, 0, m.Hidden)
	f.rows("norm/gain", dim)
	f.next(m.Context * dim / m.Heads) // cosines and sines of the rotary positions
	if !m.Tied {
		head := make([]float32, dim*m.Vocab)
		transpose(head, m.Vocab, 0, f.next(m.Vocab*dim), m.Vocab, dim)
		f.found["head/W"] = head
	}
	return f.found, f.err
}

// llama2cReader reads weights one after another, up to the first error.
type llama2cReader struct {
	r      io.Reader
	layers int
	found  map[string][]float32
	err    error
}

// next reads n numbers.
func (f *llama2cReader) next(n int) []float32 {
	v := make([]float32, n)
	if f.err == nil {
		f.err = binary.Read(f.r, binary.LittleEndian, v)
	}
	return v
}

// rows reads a parameter of n values without transposing it.
func (f *llama2cReader) rows(path string, n int) { f.found[path] = f.next(n) }

// each reads one parameter of every layer without transposing it.
func (f *llama2cReader) each(name string, n int) {
	for i := range f.layers {
		f.rows(fmt.Sprintf("h%d/%s", i, name), n)
	}
}

// matrix reads an (out, in) matrix of every layer into the columns from col on of a
// parameter with ld columns.
func (f *llama2cReader) matrix(name string, out, in, col, ld int) {
	for i := range f.layers {
		path := fmt.Sprintf("h%d/%s", i, name)
		if f.found[path] == nil {
			f.found[path] = make([]float32, in*ld)
		}
		transpose(f.found[path], ld, col, f.next(out*in), out, in)
	}
}
