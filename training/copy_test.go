package training

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/generation"
)

// An encoder–decoder learns to copy strings that it has never seen, through the whole way
// of a run: batches, training, saving, opening, decoding with its memory of the source.
func TestTransformerLearnsToCopy(t *testing.T) {
	c, err := Parse("../configs/copy-transformer.toml", []string{"data.size=3000", "data.level=1", "model.dim=32", "model.layers=1",
		"model.context=16", "model.source_context=16", "training.steps=500", "training.batch=32", "training.eval_every=0",
		"optimizer.lr=1e-2", "schedule.warmup=50"})
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "copy")
	r, err := New(c, dir, nil)
	require.NoError(t, err)
	require.NoError(t, r.Train(context.Background()))
	require.NoError(t, r.Close())
	m, err := Evaluate(context.Background(), dir, Evaluation{Part: "valid", Examples: 200, Settings: generation.Settings{Tokens: 12}})
	require.NoError(t, err)
	exact := 0
	for _, s := range m.Samples {
		if s.Text == s.Reference {
			exact++
		}
	}
	assert.Len(t, m.Samples, 200)
	assert.GreaterOrEqual(t, exact, 190, "of 200 strings copied to the letter")
}
