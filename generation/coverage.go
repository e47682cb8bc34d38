package generation

import (
	"errors"
	"math"
	"path"
	"slices"

	"euryale/layers/graph"
	"euryale/models"
)

// coverage reads how much the tokens of a continuation attend to each token of the source.
type coverage struct {
	gen     *Generator
	tap     string
	program *models.Program
	context int
}

// newCoverage returns the coverage of continuations of p: by the last layer of the decoder that attends to
// the source. A model without one is an error.
func (g *Generator) newCoverage(p Prompt) (*coverage, error) {
	none := errors.New("coverage-penalty: the model does not attend to a source; leave the option out")
	if len(p.Source) == 0 {
		return nil, none
	}
	taps, err := g.taps(graph.AttentionWeights, "attention", p, nil)
	if err != nil {
		return nil, none
	}
	c := &coverage{gen: g, context: g.Model.Common().Context}
	for _, tap := range taps {
		if path.Base(path.Dir(tap)) == "cross" {
			c.tap = tap
		}
	}
	if c.tap == "" {
		return nil, none
	}
	c.program, err = models.Score(g.Model, g.Weights, graph.Frame{B: 1, T: c.context, S: len(p.Source)}, c.tap)
	return c, err
}

// penalty returns Σ log(min(Σ a, 1)) over the tokens of the source, where a are the weights, the mean of the
// heads, with which the positions that predict each token of the continuation, its end token included,
// attend to it (Wu et al. 2016, https://arxiv.org/abs/1609.08144, eq. 14). Of a text longer than the model's
// context the end is read.
func (c *coverage) penalty(p Prompt, h hypothesis) (float64, error) {
	tokens := slices.Concat(p.Tokens, h.ids)[:len(p.Tokens)+h.steps-1]
	tokens = tokens[max(0, len(tokens)-c.context):]
	padded := padding(c.context)
	copy(padded, tokens)
	if err := c.program.Run(graph.Feed{Tokens: padded, Source: p.Source}); err != nil {
		return 0, err
	}
	s, weights := len(p.Source), c.program.Float64s(c.tap)
	heads := len(weights) / c.context / s
	sums := make([]float64, s)
	for t := max(0, len(tokens)-h.steps); t < len(tokens); t++ {
		for i, a := range weights[t*heads*s : (t+1)*heads*s] {
			sums[i%s] += a / float64(heads)
		}
	}
	total := 0.0
	for _, a := range sums {
		total += math.Log(min(a, 1))
	}
	return total, nil
}
