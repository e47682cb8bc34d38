package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/graph"
	"euryale/layers/ops"
)

// Copied says which tokens a PointerHead can copy: see SourceTokens and TextTokens.
type Copied struct {
	Weights *G.Node // (B·T, C), each row's attention to the tokens; a row adds up to 1, or is 0
	Tokens  *G.Node // (B·C, 1), their ids as numbers, −1 for padding
}

// PointerHead returns the log-probabilities of a pointer-generator (See, Liu and Manning 2017, eq. 8 and 9):
// the next token is generated with the probability g = σ(gate(x)), from the softmax of the logits, and else
// copied, with the probability of the weights. Log-probabilities are logits too: their softmax is the
// distribution itself, in training, scores and decoding. Its tap "generate" is g.
//
//	logits: (B·T, V), x: (B·T, D) → (B·T, V); with memory logits are (B, V), as Head returns them
//
// It declares gate, a Linear to 1 column.
func PointerHead(s *Scope, logits, x *G.Node, c Copied) *G.Node {
	s.RefuseNil(logits, x, c.Weights, c.Tokens)
	weights := c.Weights
	rows, x := last(s, x)
	if rows != s {
		weights = s.Must(ops.Gather(s.At("last"), weights, s.LastRows()))
	}
	gate := Linear(rows.Sub("gate"), x, 1)
	rows.TapLater("generate", graph.TapInfo{}, func() *G.Node { return Sigmoid(rows, gate) })
	return rows.Out(rows.Must(ops.Pointer(rows.At("pointer"), s.B, logits, gate, weights, c.Tokens)))
}

// CopyDistribution returns what PointerHead copies from: for each row and id the sum of the weights of the
// tokens that have the id.
//
//	→ (B·T, vocab)
func CopyDistribution(s *Scope, c Copied, vocab int) *G.Node {
	return s.Must(ops.CopyDistribution(s.At("copies"), s.B, vocab, c.Weights, c.Tokens))
}

// SourceTokens returns the tokens of the source, to be copied with these weights. Decoding keeps them in
// memory.
//
//	weights: (B·T, S)
func SourceTokens(s *Scope, weights *G.Node) Copied {
	in := s.Source()
	return Copied{weights, s.Once("tokens", in.Must(ops.Numbers(in.At("numbers"), in.Tokens(), weights)))}
}

// TextTokens returns the tokens of the text up to each token, to be copied with these weights. Decoding keeps
// them in memory.
//
//	weights: (B·T, C)
func TextTokens(s *Scope, weights *G.Node) Copied {
	return Copied{weights, s.History("tokens", s.Must(ops.Numbers(s.At("numbers"), s.Tokens(), weights)))}
}

// guideWidth is the width of the diagonal, as a fraction of the text (Tachibana et al. 2018).
const guideWidth = 0.2

// GuideAttention adds a loss that pulls attention to the diagonal of text and source: guided attention
// (Tachibana, Uenoyama and Aihara 2018, §3.2). Lengths are the numbers of tokens that rows attend to.
//
//	weights: (B·T, S), lengths: (B·T) int
func GuideAttention(s *Scope, weights, lengths *G.Node, weight float64) {
	off := s.Must(ops.OffDiagonal(s.At("off_diagonal"), guideWidth, weights, s.Positions(), s.SequenceLengths(), lengths))
	s.AddLoss("guide", off, weight)
}
