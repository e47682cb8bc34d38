package evaluation

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/generation"
	"euryale/internal/ranks"
	"euryale/internal/ranks/rankstest"
	"euryale/training"
)

// Ranks share the validation part and the answers; rank 0 measures what one rank does, to the bit.
func TestMeasureOnRanks(t *testing.T) {
	dir := trainedDir(t, "../configs/copy-transformer.toml", answering("data.size=1000", "training.steps=20", "training.batch=4", "training.shards=3")...)
	o := Options{Part: "valid", Examples: 90, Settings: generation.Settings{Tokens: 6}}
	want, err := measureOn(context.Background(), ranks.Alone{}, dir, o)
	require.NoError(t, err)
	require.Greater(t, len(want.Samples), 40, "three groups")
	for _, n := range []int{2, 3} {
		var got *Measured
		require.NoError(t, rankstest.Run(n, func(g ranks.Group) error {
			m, err := measureOn(context.Background(), g, dir, o)
			if g.Rank() == 0 {
				got = m
			}
			return err
		}))
		assert.Equal(t, want, got, "%d ranks", n)
	}

	ended := make([]*Measured, 2) // because rank 1 is asked to
	require.NoError(t, rankstest.Run(2, func(g ranks.Group) (err error) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		o := o
		o.Validating = func(done, total int) {
			if g.Rank() == 1 && done == 2 {
				cancel()
			}
		}
		if ended[g.Rank()], err = measureOn(ctx, g, dir, o); !errors.Is(err, context.Canceled) {
			return fmt.Errorf("got %v", err)
		}
		return nil
	}))
	assert.Regexp(t, `^the loss of \d+ tokens, in 2 of `, ended[0].Partial)
	assert.Equal(t, ended[0], ended[1])
}

// measureOn opens a run and measures it on ranks.
func measureOn(ctx context.Context, g ranks.Group, dir string, o Options) (*Measured, error) {
	s, err := training.Open(dir, false)
	if err != nil {
		return nil, err
	}
	s.Ranks = g
	return Measure(ctx, s, o)
}
