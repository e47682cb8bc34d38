package models

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"euryale/layers"
)

// Recurrent holds the settings that recurrent language models share.
type Recurrent struct {
	Sizes
	Layers  int     `toml:"layers"`  // number of layers
	Dim     int     `toml:"dim"`     // D, columns of the embedding
	Hidden  int     `toml:"hidden"`  // H of every layer; 0: Dim
	Dropout float64 `toml:"dropout"` // on the embedding, between layers and before the head, not between time steps (Zaremba et al. 2014)
	Norm    bool    `toml:"norm"`    // a LayerNorm after every recurrent layer
	Tied    bool    `toml:"tied"`    // the head uses the embedding table
}

// recurrentDefaults returns the default settings of a recurrent model.
func recurrentDefaults() Recurrent { return Recurrent{Sizes: Sizes{Context: 64}, Layers: 2, Dim: 128} }

func (c *Recurrent) hidden() int { return rnnWidth(c.Hidden, c.Dim) }

// stack declares embedding, recurrent layers and head. layer declares one layer.
//
//	tokens: (B·T) int → (B·T, V)
func (c *Recurrent) stack(s *layers.Scope, tokens *G.Node, name string, layer func(s *layers.Scope, x *G.Node) *G.Node) *G.Node {
	x := layers.Embedding(tableForRNN(s, c.Dim, c.Tied), tokens, c.Vocab, c.Dim) // (B·T, D)
	x = layers.Dropout(s.Sub("tok"), x, c.Dropout)
	for i := range c.Layers {
		x = s.Sub("%s%d", name, i).Block(x, func(s *layers.Scope, x *G.Node) *G.Node {
			x = layer(s, x) // (B·T, H)
			if c.Norm {
				x = layers.LayerNorm(s.Sub("norm"), x)
			}
			return layers.Dropout(s, x, c.Dropout)
		})
	}
	if c.Tied {
		return layers.TiedHead(s.Sub("head"), x, "tok/W")
	}
	return layers.Head(s.Sub("head"), x, c.Vocab)
}

// Check returns an error if the settings are invalid.
func (c *Recurrent) Check() error {
	switch {
	case c.Layers < 1 || c.Dim < 1 || c.Hidden < 0:
		return fmt.Errorf("model: layers = %d, dim = %d, hidden = %d, want at least 1", c.Layers, c.Dim, c.Hidden)
	case c.Tied && c.hidden() != c.Dim:
		return fmt.Errorf("model: tied requires hidden = dim, but they are %d and %d", c.hidden(), c.Dim)
	case !(c.Dropout >= 0 && c.Dropout < 1):
		return fmt.Errorf("model: dropout = %v, want at least 0 and less than 1", c.Dropout)
	}
	return c.Sizes.Check()
}
