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
