package graph

import (
	"runtime"
	"strings"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/layers/ops"
	"euryale/layers/stock"
)

// Must returns n, or stops the build with err. It also stops the build if n, or a node that
// n is computed from, is a stock op of Gorgonia known to compute wrong values or gradients:
// the error names the layer, the op and the helper to use instead. Where Gorgonia's message has
// no shapes, the error has those of the values declared last: err does not say what the operands
// were. Unary and Binary do.
func (s *Scope) Must(n *G.Node, err error) *G.Node {
	if err != nil {
		s.Fail("%w", s.graph.describe(err))
	}
	if n == nil {
		s.Fail("the op returned no node")
	}
	line := s.graph.line
	if line == "" {
		line = caller()
	}
	if _, known := s.graph.made[n]; known && !identified(n) {
		s.graph.merged = append(s.graph.merged, n)
	}
	s.admit(n, line)
	return n
}

// Unary applies a stock op of Gorgonia to one operand and checks it as Must does. Its errors
// include the operand's shape.
func (s *Scope) Unary(op func(x *G.Node) (*G.Node, error), x *G.Node) *G.Node {
	s.RefuseNil(x)
	n, err := op(x)
	if err != nil {
		s.Fail("%w (of %v)", stock.Describe(err), x.Shape())
	}
	return s.Must(n, nil)
}

// Binary applies a stock op of Gorgonia to two operands and checks it as Must does. Its
// errors include the operands' shapes.
func (s *Scope) Binary(op func(a, b *G.Node) (*G.Node, error), a, b *G.Node) *G.Node {
	s.RefuseNil(a, b)
	n, err := op(a, b)
	if err != nil {
		s.Fail("%w (of %v and %v)", stock.Describe(err), a.Shape(), b.Shape())
	}
	return s.Must(n, nil)
}

// admit checks n and the nodes that it is computed from, and records s as the scope of those
// that no scope has recorded yet.
func (s *Scope) admit(n *G.Node, line string) {
	g := s.graph
	if _, known := g.made[n]; known {
		return
	}
	g.made[n] = s.path
	g.lines[n] = line
	s.noteSource()
	if n.Op() == nil {
		return
	}
	if err := stock.Check(n); err != nil {
		s.Fail("%w", err)
	}
	for _, operand := range stock.Operands(n) {
		s.admit(operand, line)
	}
}

// Apply declares a custom fused op under the op's name in s.
func (s *Scope) Apply(o ops.Op, in ...*G.Node) *G.Node {
	s.RefuseNil(in...)
	return s.Must(ops.Apply(s.At(o.Name), o, in...))
}

// View is a kind of value that can be drawn.
type View string

// The views, with the shapes of their values.
const (
	AttentionWeights View = "attention" // (B·T, H·C): a row for each query; C columns (keys) for each head
	LSTMGates        View = "gates"     // (B·T, 4H): i|f|g|o of each token
)

// Param declares a parameter and returns its node. Init sets its initial values, unless the
// weights already have a parameter at this path.
func (s *Scope) Param(name string, init Init, shape ...int) *G.Node {
	path := s.claim(name)
	p, err := s.graph.weights.param(path, init, shape)
	if err != nil {
		s.Fail("%s: %w", name, err)
	}
	var n *G.Node
	if p.data == nil {
		n = G.NewTensor(s.graph.expr, s.graph.weights.dtype, len(shape), G.WithShape(shape...), G.WithName(path))
	} else {
		n = s.input(path, p.header())
	}
	if p.weight != nil {
		s.graph.tape.SetWeight(n, p.weight)
	}
	s.graph.params = append(s.graph.params, n)
	s.graph.decays = append(s.graph.decays, s.decay)
	s.graph.lines[n] = s.graph.claimed[path]
	s.graph.taps[path] = n
	return n
}

// Shared returns the parameter that another layer has declared at path.
func (s *Scope) Shared(path string) *G.Node {
	for _, n := range s.graph.params {
		if n.Name() == path {
			s.graph.shared[path] = true
			return n
		}
	}
	s.Fail("no layer has declared the parameter %q yet", path)
	return nil
}

// Const declares a constant tensor, such as a table or a mask. values(i) is its i-th value in
// row-major order.
func (s *Scope) Const(name string, shape []int, values func(i int) float64) *G.Node {
	v := s.zeros(shape...)
	for i := range v.DataSize() {
		switch x := v.Data().(type) {
		case []float32:
			x[i] = float32(values(i))
		case []float64:
			x[i] = values(i)
		}
	}
	return s.input(s.claim(name), v)
}

// Drop declares a dropout with probability p. Without Noise in the frame it does nothing.
func (s *Scope) Drop(name string, p float64) ops.Drop {
	if !(p >= 0 && p < 1) {
		s.Fail("dropout is %v, want at least 0 and less than 1", p)
	}
	path, f := s.claim(name), s.graph.frame
	if f.Noise == nil || p == 0 {
		return ops.Drop{}
	}
	d := ops.Drop{P: p, Noise: f.Noise, Layer: hash64(path), First: f.First * s.T}
	if cell := s.graph.cell; cell != nil {
		d.First, d.Step = f.First, cell.Step
	}
	return d
}

// claim reserves a name in s and returns its path. It is an error to claim a path twice.
func (s *Scope) claim(name string) string { return s.claimPath(s.join(name)) }

func (s *Scope) claimPath(path string) string {
	s.graph.last = s.path
	if first, ok := s.graph.claimed[path]; ok {
		s.Fail("%q is declared twice, first at %s: give each layer a scope of its own (s.Sub), or use s.Shared to share a parameter", path, first)
	}
	s.noteSource()
	s.graph.claimed[path] = caller()
	return path
}

// caller returns the base name of the file, and the line, of the model's code that declares a
// layer.
func caller() string {
	return callerSource().String()
}

// callerSource returns the line of the model's code that declares a layer: the innermost one
// outside this package and package layers. An interpreter calls layers through package reflect.
func callerSource() Source {
	var pcs [24]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		f, more := frames.Next()
		inside := strings.HasPrefix(f.Function, "euryale/layers.") || strings.HasPrefix(f.Function, "euryale/layers/graph.") || strings.HasPrefix(f.Function, "reflect.")
		if !inside || strings.HasSuffix(f.File, "_test.go") || !more {
			return frameSource(f)
		}
	}
}

func (s *Scope) input(path string, v *tensor.Dense) *G.Node {
	return G.NewTensor(s.graph.expr, v.Dtype(), v.Dims(), G.WithShape(v.Shape()...), G.WithName(path), G.WithValue(v))
}

func (s *Scope) zeros(shape ...int) *tensor.Dense {
	return tensor.New(tensor.Of(s.graph.weights.dtype), tensor.WithShape(shape...))
}
