package layers

import (
	"math"

	G "gorgonia.org/gorgonia"

	"euryale/layers/graph"
	"euryale/layers/ops"
)

// Linear returns x·W + b.
//
//	x: (N, in) → (N, out)
//
// It declares W (in, out), normal with variance 1/in unless the scope has an Init, and b (out),
// zero, unless the scope has no biases.
func Linear(s *Scope, x *G.Node, out int) *G.Node { return LinearAct(s, x, out, ops.Identity, false) }

// Project is Linear for a result that is added to the residual stream: W has the scope's
// residual Init.
//
//	x: (N, in) → (N, out)
func Project(s *Scope, x *G.Node, out int) *G.Node { return LinearAct(s, x, out, ops.Identity, true) }

// LinearAct returns act(x·W + b), as one fused op. With residual, W has the scope's residual
// Init.
//
//	x: (N, in) → (N, out)
func LinearAct(s *Scope, x *G.Node, out int, act Activation, residual bool) *G.Node {
	s.RefuseNil(x)
	if x.Dims() != 2 {
		s.Fail("x is %v, want (N, in)", x.Shape())
	}
	in := x.Shape()[1]
	w := s.Param("W", matrixInit(s, in, residual), in, out)
	return s.Out(s.Must(ops.Linear(s.At("linear"), act, x, w, biasParam(s, out))))
}

// biasParam declares b (out), zero. It returns nil if the scope has no biases.
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

// MLP is the Transformer's feed-forward layer: Linear to hidden columns, act, Project back to
// D.
//
//	x: (N, D) → (N, D)
func MLP(s *Scope, x *G.Node, hidden int, act Activation) *G.Node {
	return FeedForward(s, x, hidden, act, 0)
}

// FeedForward is MLP with dropout p before the second projection (Vaswani et al. 2017, §3.3). Its
// taps are "pre" and "post", the values before and after act, and "in", those before the dropout.
//
//	x: (N, D) → (N, D)
func FeedForward(s *Scope, x *G.Node, hidden int, act Activation, p float64) *G.Node {
	in := s.Sub("in")
	w, b := in.Param("W", matrixInit(in, width(s, x), false), width(s, x), hidden), biasParam(in, hidden)
	linear := func(act Activation) *G.Node { return s.Must(ops.Linear(in.At("linear"), act, x, w, b)) }
	var h *G.Node
	if s.IsEdited("pre") {
		h = Activate(s, s.Tap("pre", linear(ops.Identity)), act)
	} else {
		s.TapLater("pre", graph.TapInfo{Rows: s.RowsOf(x)}, func() *G.Node { return linear(ops.Identity) })
		h = linear(act)
	}
	h = s.Tap("post", Dropout(in, in.Out(h), p))
	return s.Out(Project(s.Sub("out"), h, width(s, x)))
}

// GatedMLP is the SwiGLU feed-forward layer (Shazeer 2020, where it has no biases):
// down(SiLU(gate(x)) ⊙ up(x)). It declares gate and up, Linears to hidden columns, and down,
// a Linear back to D. Its taps are "pre", the gate before SiLU, and "post", what down reads.
//
//	x: (N, D) → (N, D)
func GatedMLP(s *Scope, x *G.Node, hidden int) *G.Node {
	gate, up := s.Tap("pre", Linear(s.Sub("gate"), x, hidden)), Linear(s.Sub("up"), x, hidden)
	h := s.Tap("post", s.Must(ops.SwiGLU(s.At("swiglu"), gate, up)))
	return s.Out(Project(s.Sub("down"), h, x.Shape()[1]))
}

// Head returns the logits of the next token. With memory it returns those after each sequence's
// last token only, unless Frame.Whole is set.
//
//	x: (B·T, D) → (B·T, V), or (B, V) with memory
//
// It declares the parameters of Linear.
func Head(s *Scope, x *G.Node, vocab int) *G.Node {
	s, x = last(s, x)
	return Linear(s, x, vocab)
}

// TiedHead is Head with the embedding table E that another layer has declared at path (Press
// and Wolf 2017): it returns x·Eᵀ.
//
//	x: (B·T, D) → (B·T, V), or (B, V) with memory
func TiedHead(s *Scope, x *G.Node, path string) *G.Node {
	s, x = last(s, x)
	return s.Out(s.Must(ops.LinearT(s.At("head"), ops.Identity, x, s.Shared(path), nil)))
}

// last returns the rows of x that need logits: each sequence's last in a graph that decodes,
// all in other graphs. It also returns the scope for them.
func last(s *Scope, x *G.Node) (*Scope, *G.Node) {
	s.Rows(x)
	if f := s.Frame(); f.Memory == nil || f.Whole || f.Gradient {
		return s, x
	}
	return s.WithLastRows(), s.Must(ops.Gather(s.At("last"), x, s.LastRows()))
}
