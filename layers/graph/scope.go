package graph

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// Scope is a place in a graph under construction: a path, a geometry, and the defaults of
// the layers below it.
type Scope struct {
	B, T int // sequences, and tokens of each: an activation has B·T rows

	path     string
	source   bool // its tokens are the source's
	graph    *Graph
	bias     bool  // Linear and LayerNorm have one
	init     Init  // of matrices; nil: each layer's own
	residual Init  // of matrices whose product is added to the residual stream; nil: init
	decay    *bool // of the parameters declared; nil: by use
}

// Error is a graph that cannot be built.
type Error struct {
	Path string // the layer
	Err  error
}

func (e *Error) Error() string { return e.Path + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Sub returns the scope called name inside s. With args the name is a format.
func (s *Scope) Sub(name string, args ...any) *Scope {
	c := *s
	if len(args) > 0 {
		name = fmt.Sprintf(name, args...)
	}
	c.path = s.join(name)
	return &c
}

// WithBias returns s with or without biases in its Linears and LayerNorms.
func (s *Scope) WithBias(bias bool) *Scope { c := *s; c.bias = bias; return &c }

// WithInit returns s with other initial values for its matrices: residual for those whose
// product is added to the residual stream, init for all others.
func (s *Scope) WithInit(init, residual Init) *Scope {
	c := *s
	c.init, c.residual = init, residual
	return &c
}

// WithDecay returns s with weight decay on or off for the parameters it declares. By
// default a parameter decays if a matrix product or a table lookup reads it.
func (s *Scope) WithDecay(decay bool) *Scope { c := *s; c.decay = &decay; return &c }

// Source returns s over the tokens of the source instead of the target's.
func (s *Scope) Source() *Scope {
	if s.graph.frame.S == 0 {
		s.Fail("the graph was built without a source")
	}
	c := *s
	c.T, c.source = s.graph.frame.S, true
	return &c
}

// Path returns the names of the scopes down to s, separated by slashes.
func (s *Scope) Path() string { return s.path }

// Expr returns the expression graph, for ops of Gorgonia's own.
func (s *Scope) Expr() *G.ExprGraph { return s.graph.expr }

// Frame returns what the graph is built for.
func (s *Scope) Frame() Frame { return s.graph.frame }

// IsSource reports whether the scope's tokens are the source's.
func (s *Scope) IsSource() bool { return s.source }

// HasBias reports whether Linears and LayerNorms have biases.
func (s *Scope) HasBias() bool { return s.bias }

// InitOr returns the scope's initial values of matrices, or a layer's own.
func (s *Scope) InitOr(own Init) Init {
	if s.init != nil {
		return s.init
	}
	return own
}

// ResidualInitOr returns the scope's initial values of matrices whose product is added to
// the residual stream, or a layer's own.
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
	panic(&Error{path, fmt.Errorf(format, args...)})
}

// Rows checks that x is (B·T, D) and returns D. In the cell of a loop T is 1.
func (s *Scope) Rows(x *G.Node) int {
	t := s.T
	if s.graph.cell != nil {
		t = 1
	}
	if x.Dims() != 2 || x.Shape()[0] != s.B*t {
		s.Fail("x is %v, want (B·T, D) with B=%d and T=%d", x.Shape(), s.B, t)
	}
	return x.Shape()[1]
}

// Limit bounds a sequence to n tokens.
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

// At returns the place of an op of the layer: its tape, and its path for errors.
func (s *Scope) At(kind string) ops.Place {
	s.graph.last = s.path
	return ops.Place{Tape: s.graph.tape, Path: s.join(kind)}
}

func (s *Scope) join(name string) string {
	if s.path == "" {
		return name
	}
	return s.path + "/" + name
}
