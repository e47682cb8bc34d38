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

// Weights owns a model's parameters, outside any graph, by path. Graphs built on one
// Weights see each other's updates at once, because each holds its own header over the
// same memory.
type Weights struct {
	dtype  tensor.Dtype
	seed   uint64
	order  []string // as declared
	byPath map[string]*Param
	frozen bool
	blank  bool // parameters have shapes, and no values

	holding sync.Mutex
	holders int
}

// Param is one parameter.
type Param struct {
	Path  string
	Shape []int
	Decay bool // has weight decay; a graph that declares the parameter settles it
	data  any  // []float32 or []float64

	settled bool // Decay is

	weight *ops.Weight // of a matrix of float32
}

// Init makes the initial values of a parameter of that shape.
type Init func(rng *rand.Rand, shape []int) []float64

// NewWeights returns empty float32 weights. A parameter's first value follows from the
// seed and its path alone: editing one layer leaves the others' first values as they were.
func NewWeights(seed uint64) *Weights {
	return &Weights{dtype: tensor.Float32, seed: seed, byPath: map[string]*Param{}}
}

// NewWeights64 returns empty float64 weights, to check gradients by finite differences.
func NewWeights64(seed uint64) *Weights {
	w := NewWeights(seed)
	w.dtype = tensor.Float64
	return w
}

// NewBlankWeights returns empty float32 weights whose parameters have no values: for
// asking a model which parameters it has, however large, before memory is claimed. Graphs
// built on them cannot run.
func NewBlankWeights() *Weights {
	w := NewWeights(0)
	w.blank = true
	return w
}

// All lists the parameters in the order declared.
func (w *Weights) All() []*Param {
	ps := make([]*Param, len(w.order))
	for i, path := range w.order {
		ps[i] = w.byPath[path]
	}
	return ps
}

// Get is the parameter at path, or nil.
func (w *Weights) Get(path string) *Param { return w.byPath[path] }

// Count is the number of values in all parameters.
func (w *Weights) Count() (n int) {
	for _, p := range w.byPath {
		n += p.Size()
	}
	return n
}

// Add puts a parameter in, with a copy of its values: what a file holds. It is an error
// to add a path twice, or values that do not fill the shape.
func (w *Weights) Add(path string, shape []int, values []float32) error {
	if w.byPath[path] != nil {
		return fmt.Errorf("parameter %q is there twice", path)
	}
	p := &Param{Path: path, Shape: slices.Clone(shape)}
	if p.Size() != len(values) {
		return fmt.Errorf("parameter %q is %v, but has %d values", path, shape, len(values))
	}
	if w.dtype == tensor.Float32 {
		p.data = slices.Clone(values)
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

// Freeze makes it an error for a graph to declare a parameter that is not there.
func (w *Weights) Freeze() { w.frozen = true }

// Hold says that the values do not change until Release, so that the products of all
// graphs on these weights may share a layout of them that is made now, and made once.
// Training holds its weights from update to update, and generation during each text.
// Holders may overlap; the last to release them ends it.
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

func (p *Param) declareWeight() {
	if v := p.Float32(); v != nil && len(p.Shape) == 2 {
		p.weight = ops.NewWeight(v, p.Shape[0], p.Shape[1])
	}
}

// Size is how many values the parameter has.
func (p *Param) Size() int { return tensor.Shape(p.Shape).TotalSize() }

// Float32 is the live memory of a float32 parameter, and nil of any other.
func (p *Param) Float32() []float32 { v, _ := p.data.([]float32); return v }

// Float64 is the live memory of a float64 parameter, and nil of any other.
func (p *Param) Float64() []float64 { v, _ := p.data.([]float64); return v }

// header is a new tensor over the live memory: one for each graph, since Gorgonia turns
// headers round while it multiplies.
func (p *Param) header() *tensor.Dense {
	return tensor.New(tensor.WithShape(p.Shape...), tensor.WithBacking(p.data))
}

func (w *Weights) param(path string, init Init, shape []int) (*Param, error) {
	if p := w.byPath[path]; p != nil {
		if !slices.Equal(p.Shape, shape) {
			return nil, fmt.Errorf("the weights hold %v, the graph wants %v", p.Shape, shape)
		}
		return p, nil
	}
	if w.frozen {
		return nil, fmt.Errorf("the weights have no such parameter, the graph wants %v", shape)
	}
	for _, n := range shape {
		if n < 1 {
			return nil, fmt.Errorf("the shape is %v, want positive sizes", shape)
		}
	}
	p := &Param{Path: path, Shape: slices.Clone(shape)}
	if !w.blank {
		p.data = w.first(path, init, shape)
	}
	p.declareWeight()
	w.byPath[path], w.order = p, append(w.order, path)
	return p, nil
}

// first are the first values of a parameter.
func (w *Weights) first(path string, init Init, shape []int) any {
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

// forget drops the parameters declared after the first n.
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
