package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// The layers below run along each sequence. In a graph with memory they continue from the
// previous run, so that a sequence read whole, in chunks or token by token has one result. Rows
// of padding do not affect other rows. Each layer names its state in the scope: two of a kind
// need two scopes.

// LinearRecurrence returns h_t = a_t ⊙ h_{t−1} + b_t, zero before the first token (Martin
// and Cundy 2018, eq. 1; with a and b computed from the token it is the recurrence of Mamba,
// Gu and Dao 2023). Rows of padding keep h.
//
//	a, b: (B·T, D) → (B·T, D)
func LinearRecurrence(s *Scope, a, b *G.Node) *G.Node {
	return s.Carry("recurrence", s.Rows(b), func(prev *G.Node) *G.Node {
		return s.Must(ops.LinearRecurrence(s.At("recurrence"), s.B, a, b, prev, s.Positions()))
	})
}

// CumSum returns the sum of a sequence's rows up to and including each token. Rows of padding
// keep the sum.
//
//	x: (B·T, D) → (B·T, D)
func CumSum(s *Scope, x *G.Node) *G.Node {
	return s.Carry("sum", s.Rows(x), func(prev *G.Node) *G.Node {
		return s.Must(ops.CumSum(s.At("cumsum"), s.B, x, prev, s.Positions()))
	})
}

// Shift returns the row of the previous token, zero for the first: the token shift of RWKV
// (Peng et al. 2023, §3.1.1). Rows of padding are zero.
//
//	x: (B·T, D) → (B·T, D)
func Shift(s *Scope, x *G.Node) *G.Node {
	var y *G.Node
	s.Carry("previous", s.Rows(x), func(prev *G.Node) *G.Node {
		y = s.Must(ops.Shift(s.At("shift"), s.B, x, prev, s.Positions()))
		return x // the row before the next token
	})
	return y
}

// CausalConv returns the causal depthwise convolution over each sequence's last width tokens
// (Mamba, Gu and Dao 2023; H3, Fu et al. 2023): y_t = Σ_k W_k ⊙ x_{t−width+1+k} + b, with
// zeros before the first token. Rows of padding are zero.
//
//	x: (B·T, D) → (B·T, D)
//
// It declares W (width, D), uniform within ±1/√width unless the scope has an Init, and
// b (D), zero, unless the scope has no biases. The width is at least 2.
func CausalConv(s *Scope, x *G.Node, width int) *G.Node {
	if width < 2 {
		s.Fail("the width is %d, want at least 2 tokens", width)
	}
	d := s.Rows(x)
	w, b := s.Param("W", recurrentInit(s, width), width, d), biasParam(s, d)
	var y *G.Node
	s.Carry("recent", (width-1)*d, func(prev *G.Node) *G.Node {
		y = s.Must(ops.CausalConv(s.At("conv"), s.B, x, w, prev, s.Positions(), b))
		return s.Must(ops.Recent(s.At("recent"), s.B, x, prev, s.Positions()))
	})
	return s.Out(y)
}
