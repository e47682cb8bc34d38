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
	cover        *G.Node // (A), or (1) where the score is a product; nil without coverage
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

// Cover has the scores read the coverage: how much attention each token of the source has had (See, Liu and
// Manning 2017, eq. 10 and 11). It declares coverage (A) for Additive and ConcatScore, which are then
// vᵀ·tanh(W·h + U·s + c·coverage); and coverage (1), zero, for General and Dot, to which c·coverage is added.
func (a *SourceAttention) Cover() {
	if a.v != nil {
		a.cover = a.s.Param("coverage", a.s.InitOr(Normal(1/math.Sqrt(float64(a.v.Shape()[0])))), a.v.Shape()[0])
		return
	}
	a.cover = a.s.Param("coverage", Fill(0), 1)
}

// Context returns, for each decoder state, the sum of the source's states weighted by attention.
// Lengths are s.SourceLengths() for the rows of all tokens, and s.SourceLengthsOfSequences() for
// one row of each sequence.
//
//	h: (N, H), lengths: (N) int → (N, E)
func (a *SourceAttention) Context(h, lengths *G.Node) *G.Node {
	s := a.s
	switch {
	case s.IsEdited("scores", "weights"):
		return a.Mix(a.Weights(h, lengths, nil))
	case a.v != nil:
		return a.changed(s.Must(ops.AdditiveAttention(s.At("attention"), s.B, a.query(h), a.keys, a.v, a.values, lengths)))
	}
	return a.changed(s.Must(ops.Attention(s.At("attention"), a.config(), a.query(h), a.keys, a.values, lengths)))
}

// Mix returns the sum of the source's states, weighted.
//
//	weights: (N, S) → (N, E)
func (a *SourceAttention) Mix(weights *G.Node) *G.Node {
	return a.changed(a.s.Must(ops.Mix(a.s.At("mix"), a.config(), weights, a.values)))
}

// changed returns the context with the edits that are set for it.
func (a *SourceAttention) changed(context *G.Node) *G.Node {
	a.s.IsEdited("context")
	return a.s.Changed("context", context, graph.TapInfo{})
}

// Tap declares the taps of Context, with rows for all tokens: "scores" and "weights" (N, S), and "context".
func (a *SourceAttention) Tap(h, lengths *G.Node) {
	a.TapLater(lengths, func() (*G.Node, *G.Node) { return h, nil })
}

// TapLater is Tap for states, and a coverage or nil, that are declared only for programs that read the taps.
//
//	h: (N, H), coverage: (N, S)
func (a *SourceAttention) TapLater(lengths *G.Node, queries func() (h, coverage *G.Node)) {
	s := a.s
	weights := func() *G.Node {
		h, coverage := queries()
		return a.Weights(h, lengths, coverage)
	}
	s.TapLater("weights", a.info(lengths, graph.AttentionWeights), weights)
	s.TapLater("context", graph.TapInfo{Rows: graph.TextRows}, func() *G.Node { return a.Mix(weights()) })
	s.TapLater("scores", a.info(lengths, ""), func() *G.Node {
		h, coverage := queries()
		return a.scores(h, lengths, coverage)
	})
}

// Weights returns the attention weights, which have a derivative. The coverage is nil without Cover.
//
//	h: (N, H), lengths: (N) int, coverage: (N, S) → (N, S)
func (a *SourceAttention) Weights(h, lengths, coverage *G.Node) *G.Node {
	s := a.s
	s.IsEdited("scores", "weights")
	return s.Changed("weights", Softmax(s, Mask(s, a.scores(h, lengths, coverage), lengths, 1), 1), a.info(lengths, graph.AttentionWeights))
}

// scores returns the scores, with the edits that are set for them.
//
//	h: (N, H), lengths: (N) int, coverage: (N, S) → (N, S)
func (a *SourceAttention) scores(h, lengths, coverage *G.Node) *G.Node {
	s := a.s
	var y *G.Node
	switch {
	case a.v != nil:
		y = s.Must(ops.AdditiveScores(s.At("scores"), s.B, a.query(h), a.keys, a.v, lengths, coverage, a.cover))
	default:
		y = s.Must(ops.Scores(s.At("scores"), a.config(), a.query(h), a.keys))
		if coverage != nil {
			y = Add(s, y, Mul(s, coverage, a.cover))
		}
	}
	return s.Changed("scores", y, a.info(lengths, ""))
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
