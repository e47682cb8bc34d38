package layers

import (
	"math"

	G "gorgonia.org/gorgonia"

	"euryale/layers/graph"
	"euryale/layers/ops"
)

// SourceScore is the score function of a decoder's state h and a state s of the source.
type SourceScore string

// The scores.
const (
	Additive    SourceScore = "additive" // vᵀ·tanh(W·h + U·s + b) (Bahdanau, Cho and Bengio 2015)
	ConcatScore SourceScore = "concat"   // vᵀ·tanh(W·[h; s]) (Luong, Pham and Manning 2015)
	General     SourceScore = "general"  // hᵀ·W·s (Luong et al.)
	Dot         SourceScore = "dot"      // hᵀ·s (Luong et al.)
)

// SourceAttention is the attention of a recurrent decoder to a source: the parameters, and the
// keys and values of the source. It can be applied to all tokens at once or token by token.
type SourceAttention struct {
	s            *Scope
	score        SourceScore
	keys, values *G.Node // (B·S, A), (B·S, E)
	wq, v        *G.Node // (H, A), (A); nil where the score has none
}

// NewSourceAttention declares q/W (H, A) and k/W (E, A) and v (A) for Additive and ConcatScore,
// with A = H; k/b (A) for Additive; q/W (H, E) for General; nothing for Dot, which
// requires H = E.
//
//	source: (B·S, E), decoder states: (N, H) with H = hidden
func NewSourceAttention(s *Scope, source *G.Node, hidden int, score SourceScore) *SourceAttention {
	s.RefuseNil(source)
	e := source.Shape()[1]
	a := &SourceAttention{s: s, score: score}
	std := s.InitOr(Normal(1 / math.Sqrt(float64(hidden))))
	switch score {
	case Additive, ConcatScore:
		a.wq = s.Sub("q").Param("W", std, hidden, hidden)
		a.v = s.Param("v", std, hidden)
		a.keys = s.Once("keys", Linear(s.Sub("k").WithBias(score == Additive), source, hidden))
		a.values = s.Once("values", source)
		return a
	case General:
		a.wq = s.Sub("q").Param("W", std, hidden, e)
	case Dot:
		if hidden != e {
			s.Fail("the score dot needs states of equal width, but the decoder's have %d columns and the source's %d: use general", hidden, e)
		}
	default:
		s.Fail("no score is called %q: additive, concat, general or dot", score)
	}
	a.values = s.Once("values", source)
	a.keys = a.values
	return a
}

// Context returns, for each decoder state, the sum of the source's states weighted by attention.
// Lengths are s.SourceLengths() for the rows of all tokens, and s.SourceLengthsOfSequences() for
// one row of each sequence.
//
//	h: (N, H), lengths: (N) int → (N, E)
func (a *SourceAttention) Context(h, lengths *G.Node) *G.Node {
	q, at := a.query(h), a.s.At("attention")
	if a.v != nil {
		return a.s.Must(ops.AdditiveAttention(at, a.s.B, q, a.keys, a.v, a.values, lengths))
	}
	return a.s.Must(ops.Attention(at, a.config(), q, a.keys, a.values, lengths))
}

// Tap declares the attention weights of Context, (N, S), as the tap "weights".
func (a *SourceAttention) Tap(h, lengths *G.Node) {
	q, at := a.query(h), a.s.At("weights")
	if a.v != nil {
		a.s.TapView(graph.AttentionWeights, "weights", a.s.Must(ops.AdditiveWeights(at, a.s.B, q, a.keys, a.v, lengths)))
		return
	}
	a.s.TapView(graph.AttentionWeights, "weights", a.s.Must(ops.AttentionWeights(at, a.config(), q, a.keys, lengths)))
}

func (a *SourceAttention) query(h *G.Node) *G.Node {
	if a.wq == nil {
		return h
	}
	return a.s.Must(ops.Linear(a.s.At("query"), ops.Identity, h, a.wq, nil))
}

func (a *SourceAttention) config() ops.AttentionConfig {
	return ops.AttentionConfig{Sequences: a.s.B, Heads: 1, KVHeads: 1, Raw: true}
}
