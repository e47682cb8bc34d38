package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/graph"
	"euryale/layers/ops"
)

// The functions below are the steps of attention, for models that change one of them:
//
//	q, k, v := Linear(s.Sub("q"), x, D), Linear(s.Sub("k"), x, D), Linear(s.Sub("v"), x, D)
//	keys, values := s.History("keys", k), s.History("values", v)
//	scores := Mask(s, Scores(s, q, keys, H), s.CausalLengths(), H)
//	y := Mix(s, Softmax(s, scores, H), values, H)
//
// computes what CausalSelfAttention computes before its projection. Scores and weights are
// (B·T, H·C): a row for each query, and for each head C columns, one for each key of the row's
// sequence. They are stored, which the fused attention avoids.
//
// The options of Attention are steps too. Rotary goes before History. GroupedScores and
// GroupedMix share K heads of keys and values among H query heads. ALiBi goes between Scores
// and Mask, Dropout of the weights before Mix:
//
//	q, k = Rotary(s, q, H, 10000), Rotary(s, k, K, 10000)
//	keys, values := s.History("keys", k), s.History("values", v)
//	scores := ALiBi(s, GroupedScores(s, q, keys, H, K), s.CausalLengths(), H)
//	weights := Dropout(s.Sub("weights"), Softmax(s, Mask(s, scores, s.CausalLengths(), H), H), p)
//	y := GroupedMix(s, weights, values, H, K)

// Scores returns q·kᵀ/√d for each head.
//
//	q: (B·T, H·d), k: (B·C, H·d) → (B·T, H·C)
func Scores(s *Scope, q, k *G.Node, heads int) *G.Node { return GroupedScores(s, q, k, heads, heads) }

// GroupedScores is Scores with K heads of keys, each shared by H/K query heads (Ainslie et al.
// 2023).
//
//	q: (B·T, H·d), k: (B·C, K·d) → (B·T, H·C)
func GroupedScores(s *Scope, q, k *G.Node, heads, kvHeads int) *G.Node {
	return s.TapAs("scores", s.Must(ops.Scores(s.At("scores"), parts(s, heads, kvHeads), q, k)), ofKeys(s, heads, k, ""))
}

// Rotary applies rotary position embeddings to queries or keys (Su et al. 2021): it rotates
// pairs of columns of each head by angles proportional to the token's position, so that scores
// depend on distances. The common base is 10000. The columns d of a head must be even.
//
//	x: (B·T, H·d) → (B·T, H·d)
func Rotary(s *Scope, x *G.Node, heads int, base float64) *G.Node {
	d := headed(s, x, heads) / heads
	return s.Must(ops.Rotary(s.At("rotary"), base, heads, d, x, s.Positions()))
}

// ALiBi lowers each head's scores in proportion to the distance between query and key (Press et
// al. 2022). It replaces position embeddings. Lengths are s.CausalLengths(): the distance is
// measured from the last key that a row attends to.
//
//	scores: (B·T, H·C), lengths: (B·T) int → (B·T, H·C)
func ALiBi(s *Scope, scores, lengths *G.Node, heads int) *G.Node {
	return s.Must(ops.ALiBi(s.At("alibi"), heads, scores, lengths))
}

// Mask returns scores in which row r attends to the first lengths[r] keys only; the other scores
// are −∞. Lengths are s.CausalLengths(), s.SequenceLengths(), s.SourceLengths() or other
// integers.
//
//	scores: (B·T, H·C), lengths: (B·T) int → (B·T, H·C)
func Mask(s *Scope, scores, lengths *G.Node, heads int) *G.Node {
	return s.Must(ops.Mask(s.At("mask"), heads, scores, lengths))
}

// Softmax returns the softmax of each head's scores in each row. Where all scores are −∞ the
// weights are 0.
//
//	scores: (B·T, H·C) → (B·T, H·C)
func Softmax(s *Scope, scores *G.Node, heads int) *G.Node {
	return s.Must(ops.Softmax(s.At("softmax"), heads, scores))
}

// Mix returns the weighted sums of values, head by head. Its tap "weights" can be drawn as
// attention.
//
//	weights: (B·T, H·C), v: (B·C, H·d) → (B·T, H·d)
func Mix(s *Scope, weights, v *G.Node, heads int) *G.Node {
	return GroupedMix(s, weights, v, heads, heads)
}

// GroupedMix is Mix with K heads of values, each shared by H/K query heads.
//
//	weights: (B·T, H·C), v: (B·C, K·d) → (B·T, H·d)
func GroupedMix(s *Scope, weights, v *G.Node, heads, kvHeads int) *G.Node {
	weights = s.TapAs("weights", weights, ofKeys(s, heads, v, graph.AttentionWeights))
	return s.Must(ops.Mix(s.At("mix"), parts(s, heads, kvHeads), weights, v))
}

// ofKeys describes values with a column for each head and key.
//
//	k: (B·C, K·d)
func ofKeys(s *Scope, heads int, k *G.Node, v graph.View) graph.TapInfo {
	info := graph.TapInfo{Heads: heads, Keys: graph.TextRows, View: v}
	if f := s.Frame(); s.IsSource() || f.S > 0 && f.S != f.T && k.Shape()[0] == s.B*f.S {
		info.Keys = graph.SourceRows
	}
	return info
}

func parts(s *Scope, heads, kvHeads int) ops.AttentionConfig {
	return ops.AttentionConfig{Sequences: s.B, Heads: heads, KVHeads: kvHeads}
}
