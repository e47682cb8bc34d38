package evaluation

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/task"
	"euryale/generation"
)

// An example that cannot be read has an error in place of an answer; the others have what
// they have without it, with beams too.
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
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, _, err = answers(ctx, g, good, generation.Settings{Tokens: 5})
	assert.ErrorIs(t, err, context.Canceled)
}
