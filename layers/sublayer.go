package layers

import G "gorgonia.org/gorgonia"

// Sublayer is one part of a block: a function of the residual stream. Its scope is its
// own.
type Sublayer func(s *Scope, x *G.Node) *G.Node

// PostNorm is LayerNorm(x + Dropout(f(x))): a sub-layer as "Attention Is All You Need"
// has it (Vaswani et al. 2017, §3.1). It declares norm, and what f does.
//
//	x: (B·T, D) → (B·T, D)
func PostNorm(s *Scope, x *G.Node, p float64, f Sublayer) *G.Node {
	return s.Tap("resid", LayerNorm(s.Sub("norm"), Residual(s, x, f(s, x), p)))
}

// PreNorm is x + Dropout(f(LayerNorm(x))): the sub-layer that needs no warm-up (Xiong et
// al. 2020). After the last one the stream wants a LayerNorm. It declares norm, and what f
// does.
//
//	x: (B·T, D) → (B·T, D)
func PreNorm(s *Scope, x *G.Node, p float64, f Sublayer) *G.Node {
	return s.Tap("resid", Residual(s, x, f(s, LayerNorm(s.Sub("norm"), x)), p))
}
