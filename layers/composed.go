package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// Attention in parts, for models that change what lies between them:
//
//	q, k, v := Linear(s.Sub("q"), x, D), Linear(s.Sub("k"), x, D), Linear(s.Sub("v"), x, D)
//	keys, values := s.History("keys", k), s.History("values", v)
//	scores := Mask(s, Scores(s, q, keys, H), s.Past(), H)
//	y := Mix(s, Softmax(s, scores, H), values, H)
//
// computes what CausalSelfAttention does before its projection. Scores and weights are
// (B·T, H·C): a row for each query, head after head, a column for each key of its lane.
// They are kept whole, which the fused attention avoids.

// Scores is q·kᵀ/√d for each head.
//
//	q: (B·T, H·d), k: (B·C, H·d) → (B·T, H·C)
func Scores(s *Scope, q, k *G.Node, heads int) *G.Node {
	return s.Tap("scores", s.Must(ops.Scores(s.at("scores"), s.parts(heads), q, k)))
}

// Mask hides from each row all keys but the first sees of its lane: s.Past(), s.All(),
// s.Lane() or numbers of one's own.
//
//	scores: (B·T, H·C), sees: (B·T) int → (B·T, H·C)
func Mask(s *Scope, scores, sees *G.Node, heads int) *G.Node {
	return s.Must(ops.Mask(s.at("mask"), heads, scores, sees))
}

// Softmax turns each head's scores into weights that add up to 1, or to 0 where all is
// hidden.
//
//	scores: (B·T, H·C) → (B·T, H·C)
func Softmax(s *Scope, scores *G.Node, heads int) *G.Node {
	return s.Tap("weights", s.Must(ops.Softmax(s.at("softmax"), heads, scores)))
}

// Mix adds up values by their weights, head by head.
//
//	weights: (B·T, H·C), v: (B·C, H·d) → (B·T, H·d)
func Mix(s *Scope, weights, v *G.Node, heads int) *G.Node {
	return s.Must(ops.Mix(s.at("mix"), s.parts(heads), weights, v))
}

func (s *Scope) parts(heads int) ops.AttentionConfig {
	return ops.AttentionConfig{Lanes: s.B, Heads: heads, KVHeads: heads}
}
