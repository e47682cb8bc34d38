package generation

import (
	"context"
	"math"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/generation/constraint"
)

// constrainedBy has a generator's texts match a pattern.
func constrainedBy(t *testing.T, g *Generator, pattern string) Processor {
	t.Helper()
	a, err := constraint.Regexp(pattern)
	require.NoError(t, err)
	c, err := constraint.New(a, g.Tokenizer, g.End)
	require.NoError(t, err)
	return Constrain(c)
}

// Every strategy keeps texts within the constraint, however few tokens are left.
func TestConstrained(t *testing.T) {
	const pattern = "(春夏|[a-c]{2})*秋冬?"
	g := newGenerator(t, 12)
	g.End = []int{0}
	re := regexp.MustCompile("^(?:" + pattern + ")$")
	for name, s := range map[string]Settings{
		"greedy": {}, "sampling": {Temperature: 2}, "top-k": {Temperature: 1, TopK: 2}, "beams": {Beams: 3},
		"sampled beams": {Beams: 3, BeamSample: true, Temperature: 1}, "best of n": {BestOf: 3, Temperature: 1}, "mbr": {MBR: 3, Temperature: 1},
	} {
		for tokens := 1; tokens < 20; tokens += 3 {
			s.Tokens, s.Seed = tokens, uint64(tokens)
			s.Processors = []Processor{constrainedBy(t, g, pattern)}
			rs, err := g.Generate(context.Background(), g.prompt(t, "ab"), s, 3, nil)
			require.NoError(t, err)
			for _, r := range rs {
				assert.Regexp(t, re, r.Text, "%s of %d tokens", name, tokens)
				assert.Greater(t, r.ConstraintCost, 0.0)
				assert.Contains(t, []string{ReasonEnd, ReasonLength}, r.FinishReason)
			}
		}
	}
}

// The cost is what the constraint cuts from the model's own distribution, over the steps; a text that can only
// end has ended.
func TestConstraintCost(t *testing.T) {
	g := newGenerator(t, 12)
	cost := 0.0
	s := Settings{Tokens: 10, Temperature: 1, Processors: []Processor{constrainedBy(t, g, "ab[cd]{3}")}, Observe: func(o Observation) {
		require.Equal(t, "constraint", o.Cuts[0].Processor)
		cost -= math.Log1p(-o.Cuts[0].Probability)
	}}
	rs, err := g.Generate(context.Background(), g.prompt(t, "a"), s, 1, nil)
	require.NoError(t, err)
	assert.Equal(t, ReasonEnd, rs[0].FinishReason)
	assert.Len(t, rs[0].Tokens, 5)
	assert.InDelta(t, cost, rs[0].ConstraintCost, 1e-3)
}
