package layers

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/layers/ops"
)

// Scope is a place in a graph under construction: a path, a geometry, and what layers
// below it use unless told otherwise.
type Scope struct {
	B, T int // lanes, and tokens of each: an activation here has B·T rows

	path     string
	source   bool // these tokens are the source's
	graph    *Graph
	bias     bool // Linear and LayerNorm have one
	init     Init // of matrices; nil: each layer's own
	residual Init // of matrices whose product joins the residual stream; nil: init
}

// Error is a graph that cannot be built.
type Error struct {
	Path string // the layer
	Err  error
}

func (e *Error) Error() string { return e.Path + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Sub is the scope called name inside s. The name may be made with a format.
func (s *Scope) Sub(name string, args ...any) *Scope {
	c := *s
	if len(args) > 0 {
		name = fmt.Sprintf(name, args...)
	}
	c.path = s.join(name)
	return &c
}

// WithBias is s with or without biases in its Linears and LayerNorms.
func (s *Scope) WithBias(bias bool) *Scope { c := *s; c.bias = bias; return &c }

// WithInit is s with first values for its matrices: residual for those whose product
// joins the residual stream, init for all others.
func (s *Scope) WithInit(init, residual Init) *Scope {
	c := *s
	c.init, c.residual = init, residual
	return &c
}

// Source is s over the tokens of the source instead of the target's.
func (s *Scope) Source() *Scope {
	if s.graph.frame.S == 0 {
		s.Fail("the graph was built without a source")
	}
	c := *s
	c.T, c.source = s.graph.frame.S, true
	return &c
}

// Path names the scope, with slashes.
func (s *Scope) Path() string { return s.path }

// Expr is the expression graph, for ops of Gorgonia's own.
func (s *Scope) Expr() *G.ExprGraph { return s.graph.expr }

// Fail stops the build with an error that names the layer.
func (s *Scope) Fail(format string, args ...any) {
	path := s.path
	if path == "" {
		path = "model"
	}
	panic(&Error{path, fmt.Errorf(format, args...)})
}

// Must returns n, or stops the build with err.
func (s *Scope) Must(n *G.Node, err error) *G.Node {
	if err != nil {
		s.Fail("%w", err)
	}
	if _, known := s.graph.made[n]; !known {
		s.graph.made[n] = s.path
	}
	return n
}

// Tap names n, so that a program can be asked for its value.
func (s *Scope) Tap(name string, n *G.Node) *G.Node {
	s.graph.taps[s.join(name)] = n
	return n
}

// Out makes n what the layer at s computes: its tap is the path itself.
func (s *Scope) Out(n *G.Node) *G.Node {
	s.graph.taps[s.path] = n
	return n
}

// Rows checks that x is (B·T, D) and returns D.
func (s *Scope) Rows(x *G.Node) int {
	if x.Dims() != 2 || x.Shape()[0] != s.B*s.T {
		s.Fail("x is %v, want (B·T, D) with B=%d and T=%d", x.Shape(), s.B, s.T)
	}
	return x.Shape()[1]
}

// Param declares a parameter, filled by init unless the weights hold it already.
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
	s.graph.taps[path] = n
	return n
}

// Shared is the parameter that another layer declared at path: to share weights is said
// aloud.
func (s *Scope) Shared(path string) *G.Node {
	for _, n := range s.graph.params {
		if n.Name() == path {
			return n
		}
	}
	s.Fail("no layer has declared the parameter %q yet", path)
	return nil
}

// Const declares numbers that do not change: a table or a mask.
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

// Tokens are the ids at s, −1 for padding: (B·T) int.
func (s *Scope) Tokens() *G.Node { return s.index("tokens", s.B*s.T) }

// Targets are the ids to predict, −1 where nothing is asked: (B·T) int.
func (s *Scope) Targets() *G.Node { return s.index("targets", s.B*s.T) }

// Positions say which token of its lane each row is, from 0; −1 for padding: (B·T) int.
func (s *Scope) Positions() *G.Node { return s.index("positions", s.B*s.T) }

// Past is how many tokens each row sees when it looks at itself and those before it:
// (B·T) int.
func (s *Scope) Past() *G.Node { return s.index("past", s.B*s.T) }

// All is how many tokens of the source each row sees: (B·T) int.
func (s *Scope) All() *G.Node { return s.index("all", s.B*s.T) }

// Lane is how many tokens each row's own lane has: what it sees when it looks both ways,
// (B·T) int. A graph with memory reads a target piece by piece, so it has no such number.
func (s *Scope) Lane() *G.Node {
	if s.source {
		return s.All()
	}
	if s.graph.frame.Memory != nil {
		s.Fail("it looks at tokens that are still to come, so it cannot decode one by one: make the model causal")
	}
	return s.index("lane", s.B*s.T)
}

// Limit says that a lane can hold no more than n tokens.
func (s *Scope) Limit(n int) {
	m := s.graph.frame.Memory
	if m == nil || s.source {
		if s.T > n {
			s.Fail("T=%d tokens, the context is %d", s.T, n)
		}
		return
	}
	m.limit(n)
}

// at is where an op of the layer stands.
func (s *Scope) at(kind string) ops.Place { return ops.Place{Tape: s.graph.tape, Path: s.join(kind)} }

func (s *Scope) join(name string) string {
	if s.path == "" {
		return name
	}
	return s.path + "/" + name
}

// claim takes a name under s: nobody else may have it.
func (s *Scope) claim(name string) string {
	path := s.join(name)
	if first, taken := s.graph.claimed[path]; taken {
		s.Fail("%q is declared twice, first at %s: give each layer a scope of its own, or say Shared", name, first)
	}
	s.graph.claimed[path] = caller()
	return path
}

// caller is the line outside this package that is declaring a layer.
func caller() string {
	var pcs [24]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		f, more := frames.Next()
		inside := strings.HasPrefix(f.Function, "euryale/layers.") && !strings.HasSuffix(f.File, "_test.go")
		if !inside || !more {
			return fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line)
		}
	}
}

func (s *Scope) input(path string, v *tensor.Dense) *G.Node {
	return G.NewTensor(s.graph.expr, v.Dtype(), v.Dims(), G.WithShape(v.Shape()...), G.WithName(path), G.WithValue(v))
}

func (s *Scope) zeros(shape ...int) *tensor.Dense {
	return tensor.New(tensor.Of(s.graph.weights.dtype), tensor.WithShape(shape...))
}

// index is an input of n integers that Feed fills.
func (s *Scope) index(name string, n int) *G.Node {
	if s.source {
		name = "source/" + name
	}
	in := s.graph.ints[name]
	if in == nil {
		in = &ints{v: make([]int, n)}
		v := tensor.New(tensor.WithShape(n), tensor.WithBacking(in.v))
		in.node = G.NewVector(s.graph.expr, tensor.Int, G.WithShape(n), G.WithName(name), G.WithValue(v))
		s.graph.ints[name] = in
	}
	return in.node
}
