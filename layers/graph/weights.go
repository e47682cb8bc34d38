package graph

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"sync"

	"gorgonia.org/tensor"

	"euryale/layers/ops"
)

// Weights holds the parameters of a model by path. Graphs built on one Weights share the
// memory of its parameters: an update is visible to all of them.
type Weights struct {
	dtype  tensor.Dtype
	seed   uint64
	order  []string // as declared
	byPath map[string]*Param
	frozen bool
	blank  bool // parameters have shapes but no values

	holding sync.Mutex
	holders int
}

// Param is one parameter.
type Param struct {
	Path  string
	Shape []int
	Decay bool // has weight decay; set by the first graph that declares the parameter
	Table bool // a lookup reads it; set as Decay is
	data  any  // []float32 or []float64

	settled bool // Decay and Table are set

	weight *ops.Weight // packed for products; nil unless it is a float32 matrix
}

// Init returns the initial values of a parameter of that shape, in row-major order.
type Init func(rng *rand.Rand, shape []int) []float64

// NewWeights returns float32 weights without parameters. The initial value of a parameter
// depends on the seed and its path only: editing one layer does not change the initial
// values of the others.
func NewWeights(seed uint64) *Weights {
	return &Weights{dtype: tensor.Float32, seed: seed, byPath: map[string]*Param{}}
}

// NewWeights64 is NewWeights in float64, for checking gradients by finite differences.
func NewWeights64(seed uint64) *Weights {
	w := NewWeights(seed)
	w.dtype = tensor.Float64
	return w
}

// NewBlankWeights returns float32 weights whose parameters have shapes but no values, for
// listing the parameters of a model of any size without allocating them. Graphs built on
// them cannot run.
func NewBlankWeights() *Weights {
	w := NewWeights(0)
	w.blank = true
	return w
}

// All returns the parameters in the order declared.
func (w *Weights) All() []*Param {
	ps := make([]*Param, len(w.order))
	for i, path := range w.order {
		ps[i] = w.byPath[path]
	}
	return ps
}

// Get returns the parameter at path, or nil.
func (w *Weights) Get(path string) *Param { return w.byPath[path] }

// Count returns the number of values in all parameters.
func (w *Weights) Count() (n int) {
	for _, p := range w.byPath {
		n += p.Size()
	}
	return n
}

// Add adds a parameter with these values, as read from a file, which it does not copy if w is
// float32. It returns an error if the path exists, or if the number of values does not match the
// shape.
func (w *Weights) Add(path string, shape []int, values []float32) error {
	if w.byPath[path] != nil {
		return fmt.Errorf("parameter %q occurs twice", path)
	}
	p := &Param{Path: path, Shape: slices.Clone(shape)}
	if p.Size() != len(values) {
		return fmt.Errorf("parameter %q has shape %v but %d values", path, shape, len(values))
	}
	if w.dtype == tensor.Float32 {
		p.data = values
	} else {
		v := make([]float64, len(values))
		for i, x := range values {
			v[i] = float64(x)
		}
		p.data = v
	}
	p.declareWeight()
	w.byPath[path], w.order = p, append(w.order, path)
	return nil
}

// Freeze makes it an error for a graph to declare a parameter that w does not have.
func (w *Weights) Freeze() { w.frozen = true }

// Hold promises that values do not change until Release. It packs matrices for matrix
// products once, and all graphs share the packed copies. Training holds the weights between
// two updates, generation while it writes a text. Calls may nest: the last Release ends it.
func (w *Weights) Hold() {
	w.holding.Lock()
	defer w.holding.Unlock()
	if w.holders++; w.holders > 1 {
		return
	}
	for _, path := range w.order {
		if p := w.byPath[path]; p.weight != nil {
			p.weight.Hold()
		}
	}
}

// Release ends a Hold.
func (w *Weights) Release() {
	w.holding.Lock()
	defer w.holding.Unlock()
	if w.holders--; w.holders > 0 {
		return
	}
	for _, p := range w.byPath {
		if p.weight != nil {
			p.weight.Release()
		}
	}
}

// ReadOnly promises that values never change again. While w is held, matrices that products read
// packed then give back the memory of the mapped file that they are from.
func (w *Weights) ReadOnly() {
	for _, p := range w.byPath {
		if p.weight != nil {
			p.weight.ReadOnly()
		}
	}
}

// Reuse says that many more runs will read the weights. Matrices of read-only weights are then
// packed while held also where that only makes products faster, and not smaller.
func (w *Weights) Reuse() {
	for _, p := range w.byPath {
		if p.weight != nil {
			p.weight.Reuse()
		}
	}
}

func (p *Param) declareWeight() {
	if v := p.Float32(); v != nil && len(p.Shape) == 2 {
		p.weight = ops.NewWeight(v, p.Shape[0], p.Shape[1])
	}
}

// Size returns the number of values.
func (p *Param) Size() int { return tensor.Shape(p.Shape).TotalSize() }

// Part returns the values [from, to) of a float32 parameter as a vector. It shares their memory,
// and has the path of the whole.
func (p *Param) Part(from, to int) *Param {
	return &Param{Path: p.Path, Shape: []int{to - from}, Decay: p.Decay, Table: p.Table, data: p.Float32()[from:to:to]}
}

// Float32 returns the values of a float32 parameter, not a copy; nil if it has another type.
func (p *Param) Float32() []float32 { v, _ := p.data.([]float32); return v }

// Float64 returns the values of a float64 parameter, not a copy; nil if it has another type.
func (p *Param) Float64() []float64 { v, _ := p.data.([]float64); return v }

// header returns a new tensor over the parameter's memory. Each graph needs its own, since
// Gorgonia transposes tensors in place while it multiplies.
func (p *Param) header() *tensor.Dense {
	return tensor.New(tensor.WithShape(p.Shape...), tensor.WithBacking(p.data))
}

func (w *Weights) param(path string, init Init, shape []int) (*Param, error) {
	if p := w.byPath[path]; p != nil {
		if !slices.Equal(p.Shape, shape) {
			return nil, fmt.Errorf("the weights have shape %v, the graph wants %v", p.Shape, shape)
		}
		return p, nil
	}
	if w.frozen {
		return nil, fmt.Errorf("the weights have no such parameter; the graph wants %v", shape)
	}
	for _, n := range shape {
		if n < 1 {
			return nil, fmt.Errorf("the shape is %v, want positive sizes", shape)
		}
	}
	p := &Param{Path: path, Shape: slices.Clone(shape)}
	if !w.blank {
		p.data = w.initialValues(path, init, shape)
	}
	p.declareWeight()
	w.byPath[path], w.order = p, append(w.order, path)
	return p, nil
}

// initialValues returns the initial values of a parameter: []float32 or []float64.
func (w *Weights) initialValues(path string, init Init, shape []int) any {
	v := init(rand.New(rand.NewPCG(w.seed, hash64(path))), shape)
	if w.dtype == tensor.Float64 {
		return v
	}
	x := make([]float32, len(v))
	for i := range v {
		x[i] = float32(v[i])
	}
	return x
}

// forget removes all parameters but the first n.
func (w *Weights) forget(n int) {
	for _, path := range w.order[n:] {
		delete(w.byPath, path)
	}
	w.order = w.order[:n]
}

func hash64(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}
