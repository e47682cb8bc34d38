package stock

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// kind says which values an operand takes.
type kind int

const (
	signed   kind = iota // magnitude 0.1 to 2
	positive             // 0.2 to 2
	unit                 // 0.05 to 0.95
	far                  // logits up to ±1000, rows apart from each other
	leading              // column 0 far above the others, but not in the first row
	index                // integers below arg.below
)

// arg is an operand of a trial.
type arg struct {
	shape       tensor.Shape
	kind        kind
	from, below int  // of an index: the least, and the number of choices
	fixed       bool // without a gradient
}

// trial is one call of one exported function of Gorgonia with an independent reference.
type trial struct {
	op, what string // function, and what is tried of it
	args     []arg
	build    func(x G.Nodes) (G.Nodes, error)
	ref      func(x [][]float64) []float64 // all outputs, one after the other
	forward  bool                          // the function promises no gradient
	plain    bool                          // not tried on intermediate values
	known    map[string][2]float64         // differences of the reference
	crashes  bool                          // runs in a process of its own
	bare     bool                          // the output is the loss
}

// outcome is what was observed.
type outcome string

const (
	right         outcome = "right"
	wrongValue    outcome = "wrong value"
	wrongShape    outcome = "wrong shape"
	wrongGradient outcome = "wrong gradient"
	overwrites    outcome = "overwrites its input"
	buildError    outcome = "build error"
	buildPanic    outcome = "build panic"
	gradError     outcome = "no gradient"
	runError      outcome = "run error"
	crash         outcome = "crash"
)

// graphOf is a trial as a compiled program.
type graphOf struct {
	inputs, weights G.Nodes // of the trial; of its outputs in the loss
	forward         int     // nodes before differentiation
	outputs         G.Nodes
	values          []*G.Value // of each output, and of the loss last
	grads           G.Nodes
	of              []int // the operand of each gradient
	vm              G.VM
}

func (t *trial) name() string { return t.op + ": " + t.what }

func newInput(g *G.ExprGraph, dt tensor.Dtype, shape tensor.Shape, name string) *G.Node {
	if shape.Dims() == 0 {
		return G.NewScalar(g, dt, G.WithName(name))
	}
	return G.NewTensor(g, dt, shape.Dims(), G.WithShape(shape...), G.WithName(name))
}

// declare builds the outputs of a trial; inside a graph, its operands are the outputs of
// an activation whose derivative reads them again.
func (t *trial) declare(dt tensor.Dtype, inside bool) (p *graphOf, err error) {
	defer func() {
		if e := recover(); e != nil {
			err = fmt.Errorf("%w: %v", errPanic, e)
		}
	}()
	g := G.NewGraph()
	p = &graphOf{}
	var x G.Nodes
	for i, a := range t.args {
		of := dt
		if a.kind == index {
			of = tensor.Int
		}
		n := newInput(g, of, a.shape, fmt.Sprintf("x%d", i))
		p.inputs = append(p.inputs, n)
		if inside && a.kind != index && !a.fixed {
			if n, err = squash(a.kind, n); err != nil {
				return nil, err
			}
		}
		x = append(x, n)
	}
	p.outputs, err = t.build(x)
	p.forward = len(g.AllNodes())
	return p, err
}

func squash(k kind, n *G.Node) (*G.Node, error) {
	if k == signed {
		return G.Tanh(n)
	}
	return G.Sigmoid(n)
}

func squashed(k kind, x float64) float64 {
	if k == signed {
		return math.Tanh(x)
	}
	return 1 / (1 + math.Exp(-x))
}

var (
	errPanic = errors.New("panic")
	errGrad  = errors.New("gradient")
)

// compile differentiates a weighted sum of the outputs, and compiles what is read of the
// graph, as package models does.
func (t *trial) compile(p *graphOf, inside bool) error {
	g := p.inputs[0].Graph()
	var roots G.Nodes
	if !inside {
		for _, y := range p.outputs {
			v := new(G.Value)
			p.values = append(p.values, v)
			roots = append(roots, G.Read(y, v))
		}
	}
	if !t.forward {
		loss, err := t.loss(p)
		if err != nil {
			return err
		}
		v := new(G.Value)
		p.values = append(p.values, v)
		var wrt G.Nodes
		for i, a := range t.args {
			if a.kind != index && !a.fixed {
				wrt, p.of = append(wrt, p.inputs[i]), append(p.of, i)
			}
		}
		if p.grads, err = grad(loss, wrt); err != nil {
			return fmt.Errorf("%w: %w", errGrad, err)
		}
		roots = append(append(roots, p.grads...), G.Read(loss, v))
	}
	prog, loc, err := G.CompileFunction(g, g.ExactSubgraphRoots(roots...).Inputs(), roots)
	if err != nil {
		return err
	}
	p.vm = G.NewTapeMachine(g, G.WithPrecompiled(prog, loc))
	return nil
}

// grad is Gorgonia's, whose panics become errors.
func grad(loss *G.Node, wrt G.Nodes) (gs G.Nodes, err error) {
	defer func() {
		if e := recover(); e != nil {
			err = fmt.Errorf("panic: %v", e)
		}
	}()
	return G.Grad(loss, wrt...)
}

func (t *trial) loss(p *graphOf) (loss *G.Node, err error) {
	if t.bare {
		return p.outputs[0], nil
	}
	for i, y := range p.outputs {
		w := newInput(y.Graph(), y.Dtype(), y.Shape(), fmt.Sprintf("w%d", i))
		p.weights = append(p.weights, w)
		s, err := G.HadamardProd(y, w)
		if err != nil {
			return nil, err
		}
		if !s.IsScalar() {
			if s, err = G.Sum(s); err != nil {
				return nil, err
			}
		}
		if loss == nil {
			loss = s
		} else if loss, err = G.Add(loss, s); err != nil {
			return nil, err
		}
	}
	return loss, nil
}

// values are operands for one cycle; all can be written as float32.
func (t *trial) values(cycle int) [][]float64 {
	h := fnv.New64()
	h.Write([]byte(t.name()))
	r := rand.New(rand.NewPCG(h.Sum64(), uint64(cycle)))
	x := make([][]float64, len(t.args))
	for i, a := range t.args {
		x[i] = make([]float64, a.shape.TotalSize())
		width := 1
		if a.shape.Dims() > 0 {
			width = a.shape[a.shape.Dims()-1]
		}
		for j := range x[i] {
			x[i][j] = float64(float32(a.draw(r, j/width, j%width)))
		}
	}
	return x
}

func (a arg) draw(r *rand.Rand, row, column int) float64 {
	switch a.kind {
	case positive:
		return 0.2 + 1.8*r.Float64()
	case unit:
		return 0.05 + 0.9*r.Float64()
	case far:
		return float64(1-row%3)*1000 + 2*r.Float64()
	case leading:
		if column == 0 && row > 0 {
			return 900
		}
		return 2 * r.Float64()
	case index:
		return float64(a.from + r.IntN(a.below))
	}
	v := 0.1 + 1.9*r.Float64()
	if r.IntN(2) == 0 {
		return -v
	}
	return v
}
