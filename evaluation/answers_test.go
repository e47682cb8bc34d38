package evaluation

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/task"
	"euryale/generation"
)

// An example that cannot be read has an error in place of an answer; the others have what
// they have without it, with beams too. A strategy that chooses
// among several texts does so.
func TestOneBadExample(t *testing.T) {
	s := trained(t, "", answering("model.name=transformer", "data.name=copy", "training.steps=2")...)
	g, err := s.Generator()
	require.NoError(t, err)
	good := []task.Example{{Source: "abc"}, {Source: "dde"}}
	bad := []task.Example{good[0], {Source: "春"}, good[1]}
	for _, beams := range []int{1, 2} {
		settings := generation.Settings{Tokens: 5, Beams: beams}
		want, errs, err := answers(context.Background(), g, good, settings)
		require.NoError(t, err)
		assert.Equal(t, []error{nil, nil}, errs)
		got, errs, err := answers(context.Background(), g, bad, settings)
		require.NoError(t, err)
		assert.Equal(t, []string{want[0], "", want[1]}, got)
		assert.ErrorContains(t, errs[1], `"春"`)
		assert.NoError(t, errs[0])
		assert.NoError(t, errs[2])
	}
	for name, settings := range map[string]generation.Settings{"mbr": {Tokens: 5, MBR: 4, Temperature: 2}, "of one's own": {Tokens: 5, Strategy: generation.BestOf{Samples: 4}, Temperature: 2}} {
		texts, _, err := answers(context.Background(), g, good, settings)
		require.NoError(t, err, name)
		for i, ex := range good {
			p, err := g.PromptCut(ex.Source)
			require.NoError(t, err)
			rs, err := g.Generate(context.Background(), p, settings, 1, nil)
			require.NoError(t, err)
			assert.Equal(t, strings.TrimSpace(rs[0].Text), texts[i], name)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, _, err = answers(ctx, g, good, generation.Settings{Tokens: 5})
	assert.ErrorIs(t, err, context.Canceled)
}
