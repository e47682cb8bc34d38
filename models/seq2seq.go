package models

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"

	"euryale/layers"
)

// Seq2Seq is a recurrent encoder and a recurrent decoder (Sutskever, Vinyals and Le 2014;
// Cho et al. 2014), connected by attention (Bahdanau, Cho and Bengio 2015; Luong, Pham and
// Manning 2015) or only by the encoder's last state. The attention weights of the decoder are the
// tap "dec/cross/weights", (B·T, S).
type Seq2Seq struct {
	Sizes
	Source        int                `toml:"source_context"` // S, the maximum length of a source in tokens
	Cell          string             `toml:"cell"`           // "lstm", "gru" or "rnn"
	Layers        int                `toml:"layers"`         // of the encoder, and of the decoder
	Dim           int                `toml:"dim"`            // D, columns of the embeddings
	Hidden        int                `toml:"hidden"`         // H of every layer; 0: Dim
	Bidirectional bool               `toml:"bidirectional"`  // the encoder runs in both directions, with H/2 units each
	Attention     layers.SourceScore `toml:"attention"`      // "additive", "concat", "general", "dot", or "none"
	InputFeeding  bool               `toml:"input_feeding"`  // the decoder reads the attention's result: with the next token, or if additive with the same one
	MaskEnd       bool               `toml:"mask_end"`       // the end token of the source is not attended to
	Guided        float64            `toml:"guided"`         // weight of the loss that pulls attention to the diagonal; 0: none
	Pointer       bool               `toml:"pointer"`        // tokens are generated, or copied from the source by attention
	Coverage      float64            `toml:"coverage"`       // weight of the loss for attending to a token again, where attention also reads what it attended to; 0: neither
	Bridge        string             `toml:"bridge"`         // from the encoder's last state to the decoder's initial state: "copy", or "dense" (with tanh)
	Dropout       float64            `toml:"dropout"`        // on embeddings, between layers and before the head
	Tied          bool               `toml:"tied"`           // one table for source, target and head
}

func init() {
	Register("seq2seq", "recurrent encoder–decoder with attention, for translation and other pairs", func() Model {
		return &Seq2Seq{Sizes: Sizes{Context: 64}, Source: 64, Cell: "lstm", Layers: 1, Dim: 128, Bidirectional: true, Attention: "general", Bridge: "copy"}
	})
}

// SourceContext returns the maximum length of a source in tokens.
func (c *Seq2Seq) SourceContext() int { return c.Source }

// Logits declares the graph.
//
//	tokens: (B·T) int → (B·T, V)
func (c *Seq2Seq) Logits(s *layers.Scope, tokens *G.Node) *G.Node {
	source, states := c.encoder(s.Sub("enc").Source()) // (B·S, H)
	x, weights := c.decoder(s.Sub("dec"), tokens, source, states)
	x = layers.Dropout(s.Sub("head"), x, c.Dropout)
	logits := c.head(s.Sub("head"), x)
	if c.Pointer {
		return layers.PointerHead(s.Sub("pointer"), logits, x, layers.SourceTokens(s.Sub("pointer"), weights))
	}
	return logits
}

func (c *Seq2Seq) head(s *layers.Scope, x *G.Node) *G.Node {
	if c.Tied {
		return layers.TiedHead(s, x, "enc/tok/W")
	}
	return layers.Head(s, x, c.Vocab)
}

// encoder returns the last layer's output for each token of the source, (B·S, H), and each
// layer's last state.
func (c *Seq2Seq) encoder(s *layers.Scope) (x *G.Node, states []*G.Node) {
	if s.T > c.Source {
		s.Fail("the source has S=%d tokens, but source_context is %d", s.T, c.Source)
	}
	x = layers.Embedding(tableForRNN(s, c.Dim, c.Tied), s.Tokens(), c.Vocab, c.Dim)
	for i := range c.Layers {
		at := s.Sub("%s%d", c.Cell, i)
		x = layers.Dropout(at, x, c.Dropout)
		var last *G.Node
		if c.Bidirectional {
			x, last = layers.Bidirectional(at, x, c.Cell, c.recurrent(nil))
		} else {
			x, last = layers.Recurrent(at, x, layers.NewCell(at, c.Cell, s.Rows(x), c.recurrent(nil)), c.recurrent(nil))
		}
		states = append(states, last)
	}
	return x, states
}

func (c *Seq2Seq) recurrent(start *G.Node) layers.RecurrentConfig {
	return layers.RecurrentConfig{Hidden: rnnWidth(c.Hidden, c.Dim), ForgetBias: 1, Start: start}
}

// decoder returns the decoder's output for each token, and the attention weights if something reads them.
//
//	tokens: (B·T) int, source: (B·S, H) → (B·T, H), weights: (B·T, S)
func (c *Seq2Seq) decoder(s *layers.Scope, tokens, source *G.Node, states []*G.Node) (x, weights *G.Node) {
	if c.Tied {
		x = layers.EmbeddingOf(s.Sub("tok"), tokens, "enc/tok/W") // (B·T, D)
	} else {
		x = layers.Embedding(tableForRNN(s, c.Dim, false), tokens, c.Vocab, c.Dim)
	}
	x = layers.Dropout(s.Sub("tok"), x, c.Dropout)
	states = c.bridge(s, states)
	hidden := rnnWidth(c.Hidden, c.Dim)
	if c.Attention == "none" {
		return c.stack(s, x, states), nil
	}
	att := layers.NewSourceAttention(s.Sub("cross"), source, hidden, c.Attention)
	mix := layers.NewDense(s.Sub("mix"), 2*hidden, hidden, "tanh")
	if c.InputFeeding {
		x, weights = c.feed(s, x, states, att, mix)
	} else {
		h, lengths := c.stack(s, x, states), c.lengths(s)
		att.Tap(h, lengths)
		x = s.Tap("mix", mix.Apply(layers.Concat(s, att.Context(h, lengths), h))) // Luong et al., eq. 5
		if c.readsWeights(s) {
			weights = att.Weights(h, lengths, nil)
		}
	}
	if c.Guided > 0 && s.Frame().Gradient {
		layers.GuideAttention(s.Sub("cross"), weights, c.lengths(s), c.Guided)
	}
	return x, weights
}

// readsWeights reports whether something is computed from the attention weights, beside the context.
func (c *Seq2Seq) readsWeights(s *layers.Scope) bool {
	return c.Pointer || c.Guided > 0 && s.Frame().Gradient
}

// lengths returns, for each row, the number of source tokens that it attends to.
//
//	→ (B·T) int
func (c *Seq2Seq) lengths(s *layers.Scope) *G.Node {
	if c.MaskEnd {
		return s.SourceLengthsWithoutEnd()
	}
	return s.SourceLengths()
}

// lengthsOfSequences is lengths with one row for each sequence.
//
//	→ (B) int
func (c *Seq2Seq) lengthsOfSequences(s *layers.Scope) *G.Node {
	if c.MaskEnd {
		return s.SourceLengthsWithoutEndOfSequences()
	}
	return s.SourceLengthsOfSequences()
}

// bridge returns the decoder's initial states, computed from the encoder's last states.
func (c *Seq2Seq) bridge(s *layers.Scope, states []*G.Node) []*G.Node {
	states = slices.Clone(states)
	for i, last := range states {
		at := s.Sub("bridge%d", i)
		if c.Bridge == "dense" {
			last = layers.LinearAct(at, last, last.Shape()[1], "tanh", false)
		}
		states[i] = at.Once("state", last)
	}
	return states
}

// stack runs the decoder's layers over all tokens at once.
//
//	x: (B·T, D) → (B·T, H)
func (c *Seq2Seq) stack(s *layers.Scope, x *G.Node, states []*G.Node) *G.Node {
	for i, start := range states {
		at := s.Sub("%s%d", c.Cell, i)
		if i > 0 {
			x = layers.Dropout(at, x, c.Dropout)
		}
		x, _ = layers.Recurrent(at, x, layers.NewCell(at, c.Cell, s.Rows(x), c.recurrent(nil)), c.recurrent(start))
	}
	return x
}

// Check returns an error if the settings are invalid.
func (c *Seq2Seq) Check() error {
	scores := []layers.SourceScore{layers.Additive, layers.ConcatScore, layers.General, layers.Dot, "none"}
	hidden := rnnWidth(c.Hidden, c.Dim)
	switch {
	case c.Source < 1 || c.Layers < 1 || c.Dim < 1 || c.Hidden < 0:
		return fmt.Errorf("model: source_context = %d, layers = %d, dim = %d, hidden = %d, want at least 1", c.Source, c.Layers, c.Dim, c.Hidden)
	case !slices.Contains([]string{"lstm", "gru", "rnn"}, c.Cell):
		return fmt.Errorf("model: cell = %q, want lstm, gru or rnn", c.Cell)
	case !slices.Contains(scores, c.Attention):
		return fmt.Errorf("model: attention = %q, want additive, concat, general, dot or none", c.Attention)
	case c.Bridge != "copy" && c.Bridge != "dense":
		return fmt.Errorf("model: bridge = %q, want copy or dense", c.Bridge)
	case c.Bidirectional && hidden%2 != 0:
		return fmt.Errorf("model: bidirectional requires an even hidden, but it is %d", hidden)
	case c.InputFeeding && c.Attention == "none":
		return fmt.Errorf("model: input_feeding requires attention, but attention is none")
	case c.Attention == "none" && (c.Pointer || c.MaskEnd || c.Guided != 0):
		return fmt.Errorf("model: pointer, mask_end and guided require attention, but attention is none")
	case !(c.Guided >= 0) || !(c.Coverage >= 0):
		return fmt.Errorf("model: guided = %v, coverage = %v, want weights of losses, at least 0", c.Guided, c.Coverage)
	case c.Coverage > 0 && !c.InputFeeding:
		return fmt.Errorf("model: coverage = %v requires input_feeding = true, since attention then depends on that of earlier tokens", c.Coverage)
	case c.Tied && hidden != c.Dim:
		return fmt.Errorf("model: tied requires hidden = dim, but they are %d and %d", hidden, c.Dim)
	case !(c.Dropout >= 0 && c.Dropout < 1):
		return fmt.Errorf("model: dropout = %v, want at least 0 and less than 1", c.Dropout)
	}
	return c.Sizes.Check()
}
