package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// CausalSelfAttention lets every token look at itself and those before it, in several
// heads (Vaswani et al. 2017, §3.2). Dropout p is on the attention weights.
//
//	x: (B·T, D) → (B·T, D), with D a multiple of heads
//
// It declares qkv (a Linear to 3·D: queries, keys, values) and proj (D, D). Its tap
// "weights" is (B·T, H·C).
func CausalSelfAttention(s *Scope, x *G.Node, heads int, p float64) *G.Node {
	return selfAttention(s, x, heads, p, true)
}

// SelfAttention lets every token of the source look at all the others.
//
//	x: (B·S, D) → (B·S, D), with D a multiple of heads
//
// It declares what CausalSelfAttention does.
func SelfAttention(s *Scope, x *G.Node, heads int, p float64) *G.Node {
	return selfAttention(s, x, heads, p, false)
}

func selfAttention(s *Scope, x *G.Node, heads int, p float64, causal bool) *G.Node {
	d := s.headed(x, heads)
	qkv := Linear(s.Sub("qkv"), x, 3*d)
	att := attend(s, qkv, heads, p, causal)
	return s.Out(Project(s.Sub("proj"), att, d))
}

// attend mixes values by how queries meet keys, all three side by side in qkv.
//
//	qkv: (B·T, 3·D) → (B·T, D)
func attend(s *Scope, qkv *G.Node, heads int, p float64, causal bool) *G.Node {
	sees := s.All()
	if causal {
		sees = s.Past()
	}
	d := qkv.Shape()[1] / 3
	q, k, v := columns(s, "q", qkv, 0, d), columns(s, "k", qkv, d, 2*d), columns(s, "v", qkv, 2*d, 3*d)
	keys, values := s.History("keys", k), s.History("values", v)
	c := ops.AttentionConfig{Lanes: s.B, Heads: heads, KVHeads: heads, Drop: s.drop("weights/dropout", p), Causal: causal}
	s.Tap("weights", s.Must(ops.AttentionWeights(s.at("weights"), c, q, keys, sees)))
	if keys == k { // nothing was seen before: attend where the product left them
		return s.Must(ops.AttentionOf(s.at("attention"), c, qkv, sees))
	}
	return s.Must(ops.Attention(s.at("attention"), c, q, keys, values, sees))
}

func columns(s *Scope, name string, x *G.Node, from, to int) *G.Node {
	return s.Tap(name, s.Must(ops.Columns(s.at(name), x, from, to)))
}

// CrossAttention lets every token look at the whole source.
//
//	x: (B·T, D), source: (B·S, E) → (B·T, D)
//
// It declares q, k, v (Linears to D) and proj (D, D). Its tap "weights" is (B·T, H·S).
func CrossAttention(s *Scope, x, source *G.Node, heads int, p float64) *G.Node {
	d := s.headed(x, heads)
	q := Linear(s.Sub("q"), x, d)
	k := s.Once("keys", Linear(s.Sub("k"), source, d))
	v := s.Once("values", Linear(s.Sub("v"), source, d))
	c := ops.AttentionConfig{Lanes: s.B, Heads: heads, KVHeads: heads, Drop: s.drop("weights/dropout", p)}
	s.Tap("weights", s.Must(ops.AttentionWeights(s.at("weights"), c, q, k, s.All())))
	att := s.Must(ops.Attention(s.at("attention"), c, q, k, v, s.All()))
	return s.Out(Project(s.Sub("proj"), att, d))
}

// headed checks that x is (B·T, D) with D a multiple of heads, and returns D.
func (s *Scope) headed(x *G.Node, heads int) int {
	d := s.Rows(x)
	if heads < 1 || d%heads != 0 {
		s.Fail("x is %v, and D=%d is not a multiple of heads=%d", x.Shape(), d, heads)
	}
	return d
}
