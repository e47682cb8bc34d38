package examples

import (
	"errors"

	"euryale/layers"
	"euryale/models"
)

// Mixture is a GPT whose feed-forward layers are mixtures of gated experts: a gate selects
// the top k for each token (Shazeer et al. 2017), and an auxiliary loss balances the load (Fedus,
// Zoph and Shazeer 2021, eq. 4).
type Mixture struct {
	models.Sizes
	Layers  int     `toml:"layers"`
	Heads   int     `toml:"heads"`
	Dim     int     `toml:"dim"`
	Experts int     `toml:"experts"`
	Chosen  int     `toml:"chosen"`  // k, experts selected for each token
	Balance float64 `toml:"balance"` // weight of the load-balancing loss
}

func init() {
	models.Register("mixture", "GPT with mixtures of gated experts", func() models.Model {
		return &Mixture{Sizes: models.Sizes{Context: 64}, Layers: 2, Heads: 4, Dim: 64, Experts: 2, Chosen: 1, Balance: 0.01}
	})
}

// Logits declares the graph.
//
//	tokens: (B·T) int → (B·T, V)
func (c *Mixture) Logits(s *layers.Scope, tokens *layers.Node) *layers.Node {
	x := layers.Embedding(s.Sub("tok"), tokens, c.Vocab, c.Dim) // (B·T, D)
	x = layers.Add(s, x, layers.Positions(s.Sub("pos"), c.Context, c.Dim))
	for i := range c.Layers {
		att, moe := s.Sub("h%d/att", i), s.Sub("h%d/moe", i)
		x = layers.Add(att, x, layers.CausalSelfAttention(att, layers.LayerNorm(att.Sub("norm"), x), c.Heads, 0))
		x = layers.PreNorm(moe, x, 0, c.experts)
	}
	return layers.Head(s.Sub("head"), layers.LayerNorm(s.Sub("ln"), x), c.Vocab)
}

// experts returns the sum of the selected experts' outputs, weighted by their gates.
//
//	x: (B·T, D) → (B·T, D)
func (c *Mixture) experts(s *layers.Scope, x *layers.Node) *layers.Node {
	scores := layers.Linear(s.Sub("gate"), x, c.Experts)      // (B·T, E)
	gates := layers.TopKGate(s, scores, c.Chosen)             // (B·T, E), zero where not chosen
	load := layers.StopGradient(s, layers.MeanRows(s, gates)) // (1, E)
	s.AddLoss("balance", layers.SumColumns(s, layers.Mul(s, layers.Softmax(s, scores, 1), load)), c.Balance*float64(c.Experts))
	y := layers.Scale(s, x, 0)
	for i := range c.Experts {
		expert := layers.GatedMLP(s.Sub("expert%d", i), x, 2*c.Dim)
		y = layers.Add(s, y, layers.Mul(s, expert, layers.Columns(s, gates, i, i+1)))
	}
	return s.Out(y)
}

// Check returns an error if the settings are invalid.
func (c *Mixture) Check() error {
	return errors.Join(models.CheckBlocks(c.Layers, c.Heads, c.Dim, 0, 0), c.Sizes.Check())
}
