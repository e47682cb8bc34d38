package interchange

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"euryale/layers/graph"
	"euryale/models"
)

// llama2cHeader has the sizes of a model file of llama2.c (github.com/karpathy/llama2.c, run.c,
// struct Config), little-endian.
type llama2cHeader struct {
	Dim, Hidden, Layers, Heads, KVHeads int32
	Vocab                               int32 // in version 0 negative: the head is not tied to the embedding
	Context                             int32
}

// llama2cFile is what the header of a file says. Versions 1 and 2 have a magic number and a
// version before the sizes, and after them whether the head is tied, in one byte, and in version
// 2 the size of a group (export.py, version1_export and version2_export).
type llama2cFile struct {
	llama2cHeader
	version int
	tied    bool
	group   int // numbers with one scale, in version 2
}

const (
	llama2cHeaderSize = 7 * 4
	llama2cMagic      = 0x616b3432
	llama2cLaterSize  = 256 // of the header, from version 1 on
)

// isLlama2c decides by the name, since version 0 has no magic number.
func isLlama2c(path string) bool { return filepath.Ext(path) == ".bin" }

// readLlama2c reads a model file of llama2.c: of version 0 or 1, in float32, or of version 2, in
// groups of 8-bit whole numbers.
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
	h, err := readLlama2cHeader(f)
	if err != nil {
		return nil, err
	}
	m := h.model()
	from, end := h.tensors(f)
	if info.Size() != end {
		return nil, fmt.Errorf("the file has %d bytes, but a model of version %d with %+v takes %d: it is truncated or of another version", info.Size(), h.version, h.llama2cHeader, end)
	}
	tk, err := loadTokenizer(tokenizer, "", m.Vocab)
	if err != nil {
		return nil, err
	}
	l := llamaLayout(m, false)
	return imported(m, tk, func(p *graph.Param) ([]float32, error) { return l.values(p, from) })
}

// readLlama2cHeader reads and checks the header.
func readLlama2cHeader(r io.ReaderAt) (h llama2cFile, err error) {
	var raw [llama2cLaterSize]byte
	n, err := r.ReadAt(raw[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return h, err
	}
	sizes, need := raw[:], llama2cHeaderSize
	if later := binary.LittleEndian.Uint32(raw[:]) == llama2cMagic; later {
		h.version, sizes, need = int(int32(binary.LittleEndian.Uint32(raw[4:]))), raw[8:], llama2cLaterSize
	}
	if n < need {
		return h, fmt.Errorf("the file ends inside its header of %d bytes", need)
	}
	if _, err := binary.Decode(sizes, binary.LittleEndian, &h.llama2cHeader); err != nil {
		return h, err
	}
	switch h.version {
	case 0:
		h.tied = h.Vocab > 0
		h.Vocab = max(h.Vocab, -h.Vocab)
	case 2:
		h.group = int(int32(binary.LittleEndian.Uint32(sizes[llama2cHeaderSize+1:])))
		fallthrough
	case 1:
		h.tied = sizes[llama2cHeaderSize] != 0
	default:
		return h, fmt.Errorf("the file is of version %d, want 0, 1 or 2: llama2.c's export.py writes them with --version", h.version)
	}
	return h, h.check()
}

// check returns an error if the sizes are invalid.
func (h llama2cFile) check() error {
	err := within(size{"dim", int(h.Dim), maxDim}, size{"hidden_dim", int(h.Hidden), maxHidden}, size{"n_layers", int(h.Layers), maxLayers},
		size{"n_heads", int(h.Heads), maxDim}, size{"n_kv_heads", int(h.KVHeads), maxDim}, size{"vocab_size", int(h.Vocab), maxVocab}, size{"seq_len", int(h.Context), maxContext})
	if err != nil {
		return fmt.Errorf("this is not a file of llama2.c: in its header %w", err)
	}
	if err := h.model().Check(); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	if h.version == 2 && (h.group < 1 || int(h.Dim)%h.group != 0 || int(h.Hidden)%h.group != 0) {
		return fmt.Errorf("header: groups of %d numbers do not divide dim = %d and hidden_dim = %d", h.group, h.Dim, h.Hidden)
	}
	return nil
}

func (h llama2cFile) model() *models.Llama {
	return &models.Llama{Sizes: models.Sizes{Vocab: int(h.Vocab), Context: int(h.Context)}, Layers: int(h.Layers),
		Heads: int(h.Heads), KVHeads: int(h.KVHeads), Dim: int(h.Dim), Hidden: int(h.Hidden), RotaryBase: 10000, Tied: h.tied}
}

// llama2cMatrices are the matrices of every block in the order of a file. The queries, keys and values
// are three tensors of one parameter.
var llama2cMatrices = []string{"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.down_proj", "mlp.up_proj"}

const (
	llama2cNorm1 = "input_layernorm"
	llama2cNorm2 = "post_attention_layernorm"
)

// order returns the names of the tensors in the order of the file, which has each kind of them for
// all blocks. The names are those of transformers, whose layout differs in the order of columns
// alone; "" stands for the cosines and sines of rotary positions, which follow from the sizes.
func (h llama2cFile) order() (names []string) {
	each := func(kinds ...string) {
		for _, kind := range kinds {
			for i := range h.Layers {
				names = append(names, fmt.Sprintf("layers.%d.%s.weight", i, kind))
			}
		}
	}
	if h.version == 0 {
		names = append(names, llamaNames.table)
		each(llama2cNorm1)
		each(llama2cMatrices[:4]...)
		each(llama2cNorm2)
		each(llama2cMatrices[4:]...)
		names = append(names, "norm.weight", "")
	} else {
		each(llama2cNorm1, llama2cNorm2)
		names = append(names, "norm.weight", llamaNames.table)
		each(llama2cMatrices...)
	}
	if !h.tied {
		names = append(names, llamaNames.head)
	}
	return names
}

// shapes returns the shapes of the tensors by name.
func (h llama2cFile) shapes() map[string][]int {
	shapes := map[string][]int{"": {int(h.Context), int(h.Dim / h.Heads)}, llamaNames.head: {int(h.Vocab), int(h.Dim)}}
	l := llamaLayout(h.model(), false)
	add := func(path string) {
		for _, p := range l(path) {
			shapes[p.name] = p.shape
		}
	}
	add("tok/W")
	add("norm/gain")
	for i := range h.Layers {
		for _, name := range []string{"norm1/gain", "att/qkv/W", "att/proj/W", "norm2/gain", "mlp/gate/W", "mlp/down/W", "mlp/up/W"} {
			add(fmt.Sprintf("h%d/%s", i, name))
		}
	}
	return shapes
}

// tensors returns the tensors of the file, and its size in bytes.
func (h llama2cFile) tensors(r io.ReaderAt) (from source, end int64) {
	end = llama2cHeaderSize
	if h.version > 0 {
		end = llama2cLaterSize
	}
	from = source{}
	shapes := h.shapes()
	for _, name := range h.order() {
		shape, at, n := shapes[name], end, 1
		for _, d := range shape {
			n *= d
		}
		t := tensor{shape: shape, dtype: "F32", read: func() ([]float32, error) { return readFloats(r, at, n) }}
		end += 4 * int64(n)
		if h.version == 2 && len(shape) == 2 { // norms are in float32
			t.read = func() ([]float32, error) { return readGroups(r, at, n, h.group) }
			end = at + int64(n) + 4*int64(n/h.group)
		}
		from[name] = t
	}
	return from, end
}

// readFloats reads n little-endian float32 from offset at on.
func readFloats(r io.ReaderAt, at int64, n int) ([]float32, error) {
	v, buf := make([]float32, n), make([]byte, min(4*n, 1<<16))
	for done := 0; done < n; {
		b := buf[:min(len(buf), 4*(n-done))]
		if _, err := r.ReadAt(b, at+4*int64(done)); err != nil {
			return nil, err
		}
		for ; len(b) > 0; b = b[4:] {
			v[done] = math.Float32frombits(binary.LittleEndian.Uint32(b))
			done++
		}
	}
	return v, nil
}

// readGroups reads n numbers that are quantised in groups (Q8_0): 8-bit whole numbers, then for
// each group a scale in float32.
func readGroups(r io.ReaderAt, at int64, n, group int) ([]float32, error) {
	scales, err := readFloats(r, at+int64(n), n/group)
	if err != nil {
		return nil, err
	}
	raw := make([]byte, n)
	if _, err := r.ReadAt(raw, at); err != nil {
		return nil, err
	}
	v := make([]float32, n)
	for i, b := range raw {
		v[i] = float32(int8(b)) * scales[i/group]
	}
	return v, nil
}
