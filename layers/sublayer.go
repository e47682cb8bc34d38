package layers

import G "gorgonia.org/gorgonia"

// Sublayer is a function of the residual stream, such as attention or a feed-forward layer. It
// is called with the scope of the PreNorm or PostNorm, whose taps "before" and "resid" are the residual stream before and
// after it.
type Sublayer func(s *Scope, x *G.Node) *G.Node

// PostNorm returns LayerNorm(x + Dropout(f(x))), the sub-layer of "Attention Is All You Need"
// (Vaswani et al. 2017, §3.1). It declares norm, and the parameters of f.
//
//	x: (B·T, D) → (B·T, D)
func PostNorm(s *Scope, x *G.Node, p float64, f Sublayer) *G.Node {
	x = s.Tap("before", x)
	return s.Tap("resid", LayerNorm(s.Sub("norm"), Residual(s, x, f(s, x), p)))
}

// PreNorm returns x + Dropout(f(LayerNorm(x))), the sub-layer that trains without warm-up (Xiong
// et al. 2020). The result of the last one needs a LayerNorm. It declares norm, and the
// parameters of f.
//
//	x: (B·T, D) → (B·T, D)
func PreNorm(s *Scope, x *G.Node, p float64, f Sublayer) *G.Node {
	x = s.Tap("before", x)
	return s.Tap("resid", Residual(s, x, f(s, LayerNorm(s.Sub("norm"), x)), p))
}
