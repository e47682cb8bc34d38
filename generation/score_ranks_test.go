package generation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/ranks"
	"euryale/internal/ranks/rankstest"
	"euryale/models"
)

// A score has the same bits on any number of ranks, of a model with windows and of one that carries its
// state through the text.
func TestScoreOnRanks(t *testing.T) {
	text := strings.Repeat("abc春夏hg\nfed冬", 60)
	for name, m := range map[string]func() models.Model{
		"gpt": func() models.Model {
			return &models.GPT{Sizes: models.Sizes{Context: 12}, Layers: 1, Heads: 2, Dim: 8, Activation: "gelu"}
		},
		"lstm": func() models.Model {
			return &models.LSTM{Recurrent: models.Recurrent{Sizes: models.Sizes{Context: 12}, Layers: 1, Dim: 8}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			want, err := generatorOf(t, m()).Score(context.Background(), text, 5, nil)
			require.NoError(t, err)
			for _, n := range []int{2, 3} {
				generators := make([]*Generator, n)
				for r := range generators {
					generators[r] = generatorOf(t, m())
				}
				require.NoError(t, rankstest.Run(n, func(g ranks.Group) error {
					mine := generators[g.Rank()]
					mine.Ranks = g
					got, err := mine.Score(context.Background(), text, 5, nil)
					if err == nil && got != want {
						err = fmt.Errorf("got %v, want %v", got, want)
					}
					return err
				}))
			}
		})
	}
}

// A rank that is asked to end ends the score of all, which is that of the beginning of the text.
func TestInterruptedScoreOnRanks(t *testing.T) {
	text := strings.Repeat("abc春夏hg\nfed冬", 100)
	generators := []*Generator{newGenerator(t, 12), newGenerator(t, 12)}
	scores := make([]Score, 2)
	require.NoError(t, rankstest.Run(2, func(g ranks.Group) (err error) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		mine := generators[g.Rank()]
		mine.Ranks = g
		scores[g.Rank()], err = mine.Score(ctx, text, 12, func(done, total int) {
			if g.Rank() == 1 {
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) {
			return fmt.Errorf("got %v", err)
		}
		return nil
	}))
	assert.Equal(t, scores[0], scores[1])
	assert.True(t, scores[0].Partial || scores[0].Tokens == 0, "rank 0 may have begun nothing")
}
