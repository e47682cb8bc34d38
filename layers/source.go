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
		a.keys = s.Once("keys", Linear(s.Sub("k").Source().WithBias(score == Additive), source, hidden))
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
	s := a.s
	var y *G.Node
	switch q := a.query(h); {
	case s.IsEdited("scores", "weights"):
		y = s.Must(ops.Mix(s.At("mix"), a.config(), a.weights(h, lengths), a.values))
	case a.v != nil:
		y = s.Must(ops.AdditiveAttention(s.At("attention"), s.B, q, a.keys, a.v, a.values, lengths))
	default:
		y = s.Must(ops.Attention(s.At("attention"), a.config(), q, a.keys, a.values, lengths))
	}
	s.IsEdited("context")
	return s.Changed("context", y, graph.TapInfo{})
}

// Tap declares the taps of Context, with rows for all tokens: "weights" (N, S), "context" and, if the score is
// a product, "scores" (N, S).
func (a *SourceAttention) Tap(h, lengths *G.Node) {
	s := a.s
	s.TapLater("weights", a.info(lengths, graph.AttentionWeights), func() *G.Node { return a.weights(h, lengths) })
	s.TapLater("context", graph.TapInfo{Rows: graph.TextRows}, func() *G.Node { return a.Context(h, lengths) })
	if a.v == nil {
		s.TapLater("scores", a.info(lengths, ""), func() *G.Node { return a.scores(h, lengths) })
	}
}

// weights returns the attention weights, with the edits that are set for them.
//
//	h: (N, H), lengths: (N) int → (N, S)
func (a *SourceAttention) weights(h, lengths *G.Node) *G.Node {
	s := a.s
	var w *G.Node
	switch {
	case a.v != nil:
		if s.IsEdited("weights") && s.Frame().Gradient {
			s.Fail("the weights of this score are changed, and then have no derivative: change those of another score, or the tap context")
		}
		w = s.Must(ops.AdditiveWeights(s.At("weights"), s.B, a.query(h), a.keys, a.v, lengths))
	case s.IsEdited("scores", "weights"):
		w = Softmax(s, Mask(s, a.scores(h, lengths), lengths, 1), 1)
	default:
		w = s.Must(ops.AttentionWeights(s.At("weights"), a.config(), a.query(h), a.keys, lengths))
	}
	return s.Changed("weights", w, a.info(lengths, graph.AttentionWeights))
}

// scores returns the scores, with the edits that are set for them.
//
//	h: (N, H), lengths: (N) int → (N, S)
func (a *SourceAttention) scores(h, lengths *G.Node) *G.Node {
	s := a.s
	return s.Changed("scores", s.Must(ops.Scores(s.At("scores"), a.config(), a.query(h), a.keys)), a.info(lengths, ""))
}

func (a *SourceAttention) info(lengths *G.Node, v graph.View) graph.TapInfo {
	return graph.TapInfo{Rows: graph.TextRows, Heads: 1, Keys: graph.SourceRows, Lengths: lengths, View: v}
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
