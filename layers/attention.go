package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/graph"
	"euryale/layers/ops"
)

// AttentionConfig holds the options of a self-attention. Only Heads is required.
type AttentionConfig struct {
	Heads   int           // H
	KVHeads int           // K heads of keys and values, each shared by H/K query heads (Ainslie et al. 2023); 0: H
	Dropout float64       // on the attention weights
	Causal  bool          // every token attends to itself and earlier tokens only
	Rotary  float64       // base of rotary positions of queries and keys (Su et al. 2021), such as 10000; 0: none
	HeadDim int           // d, columns of a head; 0: D/H
	Scaling RotaryScaling // of the angles of Rotary, for contexts beyond those of training
	ALiBi   bool          // scores fall linearly with distance (Press et al. 2022); requires Causal
	Window  int           // tokens attend to the last so many only (Beltagy et al. 2020); requires Causal; 0: to all
	QKNorm  bool          // RMSNorm of each head's queries and keys, before Rotary (Henry et al. 2020)
	Values  *G.Node       // (B·T, K·d) added to the values, as embeddings of the tokens; nil: none
}

// RotaryScaling slows rotary positions down: see ops.RotaryScaling.
type RotaryScaling = ops.RotaryScaling

// CausalSelfAttention is multi-head self-attention in which each token attends to itself and
// to earlier tokens (Vaswani et al. 2017, §3.2), with dropout p on the attention weights.
//
//	x: (B·T, D) → (B·T, D), with D a multiple of heads
//
// It declares the parameters of Attention.
func CausalSelfAttention(s *Scope, x *G.Node, heads int, p float64) *G.Node {
	return Attention(s, x, AttentionConfig{Heads: heads, Dropout: p, Causal: true})
}

// SelfAttention is multi-head self-attention in which each token attends to all tokens of its
// sequence. Outside the source it cannot decode token by token: graphs with memory fail.
//
//	x: (B·S, D) → (B·S, D), with D a multiple of heads
//
// It declares the parameters of Attention.
func SelfAttention(s *Scope, x *G.Node, heads int, p float64) *G.Node {
	return Attention(s, x, AttentionConfig{Heads: heads, Dropout: p})
}

// Attention is multi-head self-attention with the options of c.
//
//	x: (B·T, D) → (B·T, D)
//
// It declares qkv, a Linear to (H+2·K)·d columns (queries, keys, values), and proj (H·d, D); with
// QKNorm, qnorm/gain and knorm/gain (d), ones.
// Its tap "weights" is (B·T, H·C).
func Attention(s *Scope, x *G.Node, c AttentionConfig) *G.Node {
	dim, d := s.Rows(x), c.HeadDim
	if d == 0 {
		d = headed(s, x, c.Heads) / c.Heads
	}
	if c.Heads < 1 || d < 1 {
		s.Fail("%d heads of %d columns, want at least 1 of each", c.Heads, d)
	}
	if c.KVHeads == 0 {
		c.KVHeads = c.Heads
	}
	if c.KVHeads < 1 || c.Heads%c.KVHeads != 0 {
		s.Fail("%d heads cannot share %d key-value heads: want a divisor", c.Heads, c.KVHeads)
	}
	if (c.ALiBi || c.Window != 0) && !c.Causal {
		s.Fail("ALiBi and Window require causal attention: set Causal, or leave them out")
	}
	qkv := Linear(s.Sub("qkv"), x, (c.Heads+2*c.KVHeads)*d)
	if c.QKNorm || c.Values != nil {
		qkv = adjusted(s, qkv, d, c)
	}
	if c.Rotary != 0 {
		qkv = s.Must(ops.ScaledRotary(s.At("rotary"), c.Rotary, c.Scaling, c.Heads+c.KVHeads, d, qkv, s.Positions()))
	}
	return s.Out(Project(s.Sub("proj"), attend(s, qkv, d, c), dim))
}

// adjusted returns queries and keys that are normalised, and values to which others are added.
//
//	qkv: (B·T, (H+2·K)·d) → the same
func adjusted(s *Scope, qkv *G.Node, d int, c AttentionConfig) *G.Node {
	part := func(name string, from, heads int) *G.Node {
		return s.Must(ops.Columns(s.At("raw_"+name), qkv, from*d, (from+heads)*d))
	}
	q, k, v := part("q", 0, c.Heads), part("k", c.Heads, c.KVHeads), part("v", c.Heads+c.KVHeads, c.KVHeads)
	if c.QKNorm {
		q, k = headNorm(s.Sub("qnorm"), q, d), headNorm(s.Sub("knorm"), k, d)
	}
	if c.Values != nil {
		v = Add(s, v, c.Values)
	}
	return s.Must(ops.Concat(s.At("qkv_adjusted"), q, k, v))
}

// headNorm is RMSNorm of each head of d columns, with one gain (d) for all.
func headNorm(s *Scope, x *G.Node, d int) *G.Node {
	return s.Out(s.Must(ops.HeadRMSNorm(s.At("norm"), eps, x, s.Param("gain", Fill(1), d))))
}

// attend returns attention with queries, keys and values side by side in qkv.
//
//	qkv: (B·T, (H+2·K)·d) → (B·T, H·d)
func attend(s *Scope, qkv *G.Node, d int, c AttentionConfig) *G.Node {
	q := columns(s, "q", qkv, 0, c.Heads*d, c.Heads)
	k := columns(s, "k", qkv, c.Heads*d, (c.Heads+c.KVHeads)*d, c.KVHeads)
	v := columns(s, "v", qkv, (c.Heads+c.KVHeads)*d, (c.Heads+2*c.KVHeads)*d, c.KVHeads)
	a := attended{q: q, keys: k, values: v, rows: s.RowsOf(qkv), drop: s.Drop("weights/dropout", c.Dropout)}
	if c.Causal {
		a.keys, a.values, a.lengths = s.History("keys", k), s.History("values", v), s.CausalLengths()
	} else {
		a.lengths = s.SequenceLengths()
	}
	if a.keys == k && !s.IsEdited("q", "k", "v") { // no history: use the packed matrix
		a.qkv = qkv
	}
	o := ops.AttentionConfig{Sequences: s.B, Heads: c.Heads, KVHeads: c.KVHeads, ALiBi: c.ALiBi, Causal: c.Causal, Window: c.Window}
	return mixed(s, o, a)
}

func columns(s *Scope, name string, x *G.Node, from, to, heads int) *G.Node {
	n := s.Must(ops.Columns(s.At(name), x, from, to))
	return s.TapAs(name, n, graph.TapInfo{Heads: heads, Parts: graph.Heads(name, heads, (to-from)/heads)})
}

// CrossAttention is multi-head attention from every token to all tokens of the source.
//
//	x: (B·T, D), source: (B·S, E) → (B·T, D)
//
// It declares q, k, v (Linears to D) and proj (D, D). Its tap "weights" is (B·T, H·S).
func CrossAttention(s *Scope, x, source *G.Node, heads int, p float64) *G.Node {
	d := headed(s, x, heads)
	q := Linear(s.Sub("q"), x, d)
	k := s.Once("keys", Linear(s.Sub("k").Source(), source, d))
	v := s.Once("values", Linear(s.Sub("v").Source(), source, d))
	o := ops.AttentionConfig{Sequences: s.B, Heads: heads, KVHeads: heads}
	att := mixed(s, o, attended{q: q, keys: k, values: v, lengths: s.SourceLengths(), rows: graph.SourceRows, drop: s.Drop("weights/dropout", p)})
	return s.Out(Project(s.Sub("proj"), att, d))
}

// headed checks that x is (B·T, D) with D a multiple of heads, and returns D.
func headed(s *Scope, x *G.Node, heads int) int {
	d := s.Rows(x)
	if heads < 1 || d%heads != 0 {
		s.Fail("x is %v, and D=%d is not a multiple of heads=%d", x.Shape(), d, heads)
	}
	return d
}
