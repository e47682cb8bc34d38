package graph

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// Scope is a position in a graph under construction: a path, the sizes of the sequences, and
// options for the layers declared in it.
type Scope struct {
	B, T int // sequences, and tokens of each: an activation has B·T rows

	path     string
	source   bool // tokens are those of the source
	last     bool // values have a row for the last token of each sequence only
	graph    *Graph
	bias     bool  // Linear and LayerNorm have one
	init     Init  // of matrices; nil: each layer's default
	residual Init  // of matrices whose product is added to the residual stream; nil: init
	decay    *bool // weight decay of parameters; nil: the default, see WithDecay
}

// Error is the error of a graph that cannot be built.
type Error struct {
	Path string // of the layer
	Err  error
	Line string // file and line of the model's code that declared it, "" if that is not known
}

func (e *Error) Error() string { return e.Path + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Sub returns the scope called name inside s. With args, name is a format of fmt.Sprintf.
func (s *Scope) Sub(name string, args ...any) *Scope {
	c := *s
	if len(args) > 0 {
		name = fmt.Sprintf(name, args...)
	}
	c.path = s.join(name)
	return &c
}

// WithBias returns s with biases in Linear and LayerNorm switched on or off.
func (s *Scope) WithBias(bias bool) *Scope { c := *s; c.bias = bias; return &c }

// WithInit returns s with other initial values for matrices: residual for those whose product
// is added to the residual stream, init for all others.
func (s *Scope) WithInit(init, residual Init) *Scope {
	c := *s
	c.init, c.residual = init, residual
	return &c
}

// WithDecay returns s with weight decay switched on or off for the parameters it declares. By
// default a parameter has weight decay if a matrix product or a table lookup reads it.
func (s *Scope) WithDecay(decay bool) *Scope { c := *s; c.decay = &decay; return &c }

// Source returns s with T, tokens and positions of the source instead of the target.
func (s *Scope) Source() *Scope {
	if s.graph.frame.S == 0 {
		s.Fail("the graph was built without a source")
	}
	c := *s
	c.T, c.source = s.graph.frame.S, true
	return &c
}

// Path returns the scope's path: names separated by slashes.
func (s *Scope) Path() string { return s.path }

// Expr returns Gorgonia's expression graph, for stock ops.
func (s *Scope) Expr() *G.ExprGraph { return s.graph.expr }

// Frame returns the frame that the graph is built for.
func (s *Scope) Frame() Frame { return s.graph.frame }

// IsSource reports whether the scope's tokens are those of the source.
func (s *Scope) IsSource() bool { return s.source }

// HasBias reports whether Linear and LayerNorm have biases.
func (s *Scope) HasBias() bool { return s.bias }

// InitOr returns the scope's Init of matrices, or own if it has none.
func (s *Scope) InitOr(own Init) Init {
	if s.init != nil {
		return s.init
	}
	return own
}

// ResidualInitOr returns the scope's Init of matrices whose product is added to the residual
// stream, or own if it has none.
func (s *Scope) ResidualInitOr(own Init) Init {
	if s.residual != nil {
		return s.residual
	}
	return s.InitOr(own)
}

// Fail stops the build with an error that names the layer.
func (s *Scope) Fail(format string, args ...any) {
	path := s.path
	if path == "" {
		path = "model"
	}
	panic(&Error{path, fmt.Errorf(format, args...), caller()})
}

// Rows checks that x is (B·T, D) and returns D. T is 1 in the cell of a loop.
func (s *Scope) Rows(x *G.Node) int {
	s.RefuseNil(x)
	t := s.T
	if s.graph.cell != nil {
		t = 1
	}
	if x.Dims() != 2 || x.Shape()[0] != s.B*t {
		s.Fail("x is %v, want (B·T, D) with B=%d and T=%d", x.Shape(), s.B, t)
	}
	return x.Shape()[1]
}

// Limit makes n tokens the maximum length of a sequence.
func (s *Scope) Limit(n int) {
	m := s.graph.frame.Memory
	if m == nil || s.source {
		if s.T > n {
			s.Fail("T=%d tokens exceed the context length of %d", s.T, n)
		}
		return
	}
	m.lowerLimit(n)
}

// At returns the tape and the path that an op of the layer is declared with.
func (s *Scope) At(kind string) ops.Place {
	s.graph.last = s.path
	s.noteSource()
	return ops.Place{Tape: s.graph.tape, Path: s.join(kind)}
}

func (s *Scope) join(name string) string {
	if s.path == "" {
		return name
	}
	return s.path + "/" + name
}
