package layers

import (
	"math"

	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// Activation is a function of one value that a layer applies to its sums.
type Activation = ops.Activation

// Linear returns x·W + b.
//
//	x: (N, in) → (N, out)
//
// It declares W (in, out), normal with variance 1/in unless the scope says otherwise,
// and b (out), zero, unless the scope has no biases.
func Linear(s *Scope, x *G.Node, out int) *G.Node { return LinearAct(s, x, out, ops.Identity, false) }

// Project is a Linear whose result joins the residual stream: its W starts as the
// scope's residual weights do.
//
//	x: (N, in) → (N, out)
func Project(s *Scope, x *G.Node, out int) *G.Node { return LinearAct(s, x, out, ops.Identity, true) }

// LinearAct returns act(x·W + b), in one op.
//
//	x: (N, in) → (N, out)
func LinearAct(s *Scope, x *G.Node, out int, act Activation, residual bool) *G.Node {
	if x.Dims() != 2 {
		s.Fail("x is %v, want (N, in)", x.Shape())
	}
	in := x.Shape()[1]
	w := s.Param("W", matrixInit(s, in, residual), in, out)
	return s.Out(s.Must(ops.Linear(s.At("linear"), act, x, w, biasParam(s, out))))
}

// biasParam declares b (out), zero, or nothing if the scope has no biases.
func biasParam(s *Scope, out int) *G.Node {
	if !s.HasBias() {
		return nil
	}
	return s.Param("b", Fill(0), out)
}

func matrixInit(s *Scope, in int, residual bool) Init {
	own := Normal(1 / math.Sqrt(float64(in)))
	if residual {
		return s.ResidualInitOr(own)
	}
	return s.InitOr(own)
}

// MLP is the Transformer's feed-forward layer: Linear, act, Project back to x's width.
//
//	x: (N, D) → (N, D)
func MLP(s *Scope, x *G.Node, hidden int, act Activation) *G.Node {
	return FeedForward(s, x, hidden, act, 0)
}

// FeedForward is MLP with dropout p between its two Linears (Vaswani et al. 2017, §3.3).
//
//	x: (N, D) → (N, D)
func FeedForward(s *Scope, x *G.Node, hidden int, act Activation, p float64) *G.Node {
	h := Dropout(s.Sub("in"), LinearAct(s.Sub("in"), x, hidden, act, false), p)
	return s.Out(Project(s.Sub("out"), h, width(s, x)))
}

// GatedMLP is the feed-forward layer of Shazeer (2020), without biases in the paper:
// SiLU(gate(x)) ⊙ up(x), then down to x's width. It declares gate, up and down.
//
//	x: (N, D) → (N, D)
func GatedMLP(s *Scope, x *G.Node, hidden int) *G.Node {
	gate, up := Linear(s.Sub("gate"), x, hidden), Linear(s.Sub("up"), x, hidden)
	h := s.Must(ops.SwiGLU(s.At("swiglu"), gate, up))
	return s.Out(Project(s.Sub("down"), h, x.Shape()[1]))
}

// Head turns the last layer into logits. A graph with memory gives them for the last
// token of each sequence only, unless its frame says Whole.
//
//	x: (B·T, D) → (B·T, V), or (B, V) with memory
//
// It declares W (D, V) and b (V) as Linear does.
func Head(s *Scope, x *G.Node, vocab int) *G.Node { return Linear(s, last(s, x), vocab) }

// TiedHead is a Head that multiplies by the embedding table whose parameter another
// layer declared at path (Press and Wolf 2017): logits = x·Eᵀ.
//
//	x: (B·T, D) → (B·T, V), or (B, V) with memory
func TiedHead(s *Scope, x *G.Node, path string) *G.Node {
	return s.Out(s.Must(ops.LinearT(s.At("head"), ops.Identity, last(s, x), s.Shared(path), nil)))
}

// last is the last token of each sequence in a graph that decodes, and x in any other.
func last(s *Scope, x *G.Node) *G.Node {
	s.Rows(x)
	if f := s.Frame(); f.Memory == nil || f.Whole || f.Gradient {
		return x
	}
	return s.Must(ops.Gather(s.At("last"), x, s.LastRows()))
}
