package graph

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Tokens returns the ids at s, −1 for padding: (B·T) int.
func (s *Scope) Tokens() *G.Node { return s.index("tokens", s.B*s.T) }

// Targets returns the ids to predict, −1 where there is none: (B·T) int.
func (s *Scope) Targets() *G.Node { return s.index("targets", s.B*s.T) }

// TargetCount returns the number of targets in the whole batch, not only in this shard: (1)
// int.
func (s *Scope) TargetCount() *G.Node { return s.index("total", 1) }

// Positions returns the position of each row in its sequence, from 0; −1 for padding:
// (B·T) int.
func (s *Scope) Positions() *G.Node { return s.index("positions", s.B*s.T) }

// CausalLengths returns, for each row, the number of keys it may attend to: itself and all
// earlier tokens of its sequence, (B·T) int.
func (s *Scope) CausalLengths() *G.Node { return s.index("causal_lengths", s.B*s.T) }

// SourceLengths returns, for each row, the number of tokens in its sequence's source:
// (B·T) int.
func (s *Scope) SourceLengths() *G.Node { return s.index("source_lengths", s.B*s.T) }

// SourceLengthsOfSequences returns the number of tokens in each sequence's source: (B) int.
func (s *Scope) SourceLengthsOfSequences() *G.Node {
	return s.index("source_lengths_of_sequences", s.B)
}

// SourceLengthsWithoutEnd is SourceLengths less one, at least 0: the end token of a source is no key then.
func (s *Scope) SourceLengthsWithoutEnd() *G.Node {
	return s.index("source_lengths_without_end", s.B*s.T)
}

// SourceLengthsWithoutEndOfSequences is SourceLengthsOfSequences less one, at least 0: (B) int.
func (s *Scope) SourceLengthsWithoutEndOfSequences() *G.Node {
	return s.index("source_lengths_without_end_of_sequences", s.B)
}

// SequenceLengths returns, for each row, the number of tokens in its sequence: what it may
// attend to in both directions, (B·T) int. It fails in a graph with memory, which reads a
// sequence chunk by chunk and does not know its length.
func (s *Scope) SequenceLengths() *G.Node {
	if s.source {
		return s.SourceLengths()
	}
	if s.graph.frame.Memory != nil {
		s.Fail("the layer attends to tokens that are still to come, so it cannot decode token by token: make the model causal")
	}
	return s.index("sequence_lengths", s.B*s.T)
}

// LastRows returns the row of each sequence's last token, −1 if it has none: (B) int.
func (s *Scope) LastRows() *G.Node { return s.index("last", s.B) }

// StepPositions returns a position for the one token of each sequence in a step, 0: (B)
// int. A layer that goes step by step treats padding itself.
func (s *Scope) StepPositions() *G.Node { return s.index("now", s.B) }

// index returns an input of n integers that Feed fills.
func (s *Scope) index(name string, n int) *G.Node {
	if s.source {
		name = "source/" + name
	}
	in := s.graph.ints[name]
	if in == nil {
		in = &ints{v: make([]int, n)}
		v := tensor.New(tensor.WithShape(n), tensor.WithBacking(in.v))
		in.node = G.NewVector(s.graph.expr, tensor.Int, G.WithShape(n), G.WithName(name), G.WithValue(v))
		s.graph.ints[name] = in
	}
	return in.node
}
