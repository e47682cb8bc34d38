package layers

import G "gorgonia.org/gorgonia"

// BlockConfig shapes a Transformer block.
type BlockConfig struct {
	Heads   int
	Hidden  int        // width inside the MLP
	Act     Activation // of the MLP
	Dropout float64    // on attention weights and on what joins the residual stream
}

// Block is a pre-norm Transformer block (Radford et al. 2019):
//
//	x = x + Attention(LayerNorm(x))
//	x = x + MLP(LayerNorm(x))
//
//	x: (B·T, D) → (B·T, D)
//
// It declares ln1, att, ln2 and mlp.
func Block(s *Scope, x *G.Node, c BlockConfig) *G.Node {
	att := CausalSelfAttention(s.Sub("att"), LayerNorm(s.Sub("ln1"), x), c.Heads, c.Dropout)
	x = Residual(s.Sub("att"), x, att, c.Dropout)
	mlp := MLP(s.Sub("mlp"), LayerNorm(s.Sub("ln2"), x), c.Hidden, c.Act)
	return s.Out(Residual(s.Sub("mlp"), x, mlp, c.Dropout))
}

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
