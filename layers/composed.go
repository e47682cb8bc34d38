package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/graph"
	"euryale/layers/ops"
)

// Attention in parts, for models that change what lies between them:
//
//	q, k, v := Linear(s.Sub("q"), x, D), Linear(s.Sub("k"), x, D), Linear(s.Sub("v"), x, D)
//	keys, values := s.History("keys", k), s.History("values", v)
//	scores := Mask(s, Scores(s, q, keys, H), s.CausalLengths(), H)
//	y := Mix(s, Softmax(s, scores, H), values, H)
//
// computes what CausalSelfAttention does before its projection. Scores and weights are
// (B·T, H·C): a row for each query, head after head, a column for each key of its sequence.
// They are kept whole, which the fused attention avoids.
//
// What Attention's options do are parts too. Rotary turns queries and keys, before History
// keeps them. GroupedScores and GroupedMix let K heads of keys and values serve H of
// queries. ALiBi goes between Scores and Mask. Dropout of the weights goes before Mix:
//
//	q, k = Rotary(s, q, H, 10000), Rotary(s, k, K, 10000)
//	keys, values := s.History("keys", k), s.History("values", v)
//	scores := ALiBi(s, GroupedScores(s, q, keys, H, K), s.CausalLengths(), H)
//	weights := Dropout(s.Sub("weights"), Softmax(s, Mask(s, scores, s.CausalLengths(), H), H), p)
//	y := GroupedMix(s, weights, values, H, K)

// Scores is q·kᵀ/√d for each head.
//
//	q: (B·T, H·d), k: (B·C, H·d) → (B·T, H·C)
func Scores(s *Scope, q, k *G.Node, heads int) *G.Node { return GroupedScores(s, q, k, heads, heads) }

// GroupedScores is Scores where each of K heads of keys serves H/K of queries (Ainslie et
// al. 2023).
//
//	q: (B·T, H·d), k: (B·C, K·d) → (B·T, H·C)
func GroupedScores(s *Scope, q, k *G.Node, heads, kvHeads int) *G.Node {
	return s.Tap("scores", s.Must(ops.Scores(s.At("scores"), parts(s, heads, kvHeads), q, k)))
}

// Rotary turns the columns of each head in pairs, by angles that grow with the token's
// position (Su et al. 2021): the product of a query and a key then depends on their
// distance. The base is usually 10000. An odd number of columns d is an error.
//
//	x: (B·T, H·d) → (B·T, H·d)
func Rotary(s *Scope, x *G.Node, heads int, base float64) *G.Node {
	d := headed(s, x, heads) / heads
	return s.Must(ops.Rotary(s.At("rotary"), base, heads, d, x, s.Positions()))
}

// ALiBi lowers each head's scores in proportion to the distance of the key from the row
// itself (Press et al. 2022), which is the last of the sees keys that the row looks at:
// s.CausalLengths(). It takes the place of positions.
//
//	scores: (B·T, H·C), sees: (B·T) int → (B·T, H·C)
func ALiBi(s *Scope, scores, lengths *G.Node, heads int) *G.Node {
	return s.Must(ops.ALiBi(s.At("alibi"), heads, scores, lengths))
}

// Mask hides from each row all keys but the first sees of its sequence: s.CausalLengths(), s.SourceLengths(),
// s.SequenceLengths() or numbers of one's own.
//
//	scores: (B·T, H·C), sees: (B·T) int → (B·T, H·C)
func Mask(s *Scope, scores, lengths *G.Node, heads int) *G.Node {
	return s.Must(ops.Mask(s.At("mask"), heads, scores, lengths))
}

// Softmax turns each head's scores into weights that add up to 1, or to 0 where all is
// hidden.
//
//	scores: (B·T, H·C) → (B·T, H·C)
func Softmax(s *Scope, scores *G.Node, heads int) *G.Node {
	return s.Must(ops.Softmax(s.At("softmax"), heads, scores))
}

// Mix adds up values by their weights, head by head. Its tap "weights" is what pictures of
// attention show.
//
//	weights: (B·T, H·C), v: (B·C, H·d) → (B·T, H·d)
func Mix(s *Scope, weights, v *G.Node, heads int) *G.Node {
	return GroupedMix(s, weights, v, heads, heads)
}

// GroupedMix is Mix where each of K heads of values serves H/K of queries.
//
//	weights: (B·T, H·C), v: (B·C, K·d) → (B·T, H·d)
func GroupedMix(s *Scope, weights, v *G.Node, heads, kvHeads int) *G.Node {
	s.TapView(graph.AttentionWeights, "weights", weights)
	return s.Must(ops.Mix(s.At("mix"), parts(s, heads, kvHeads), weights, v))
}

func parts(s *Scope, heads, kvHeads int) ops.AttentionConfig {
	return ops.AttentionConfig{Sequences: s.B, Heads: heads, KVHeads: kvHeads}
}
