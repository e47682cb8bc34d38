package training

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/layers/graph"
)

// A model whose tokenizer lacks the tokens of a task learns it: the vocabulary grows, all that
// was learned keeps its bits, and the run opens and resumes with the larger one.
func TestTaskTokensOfAnImportedModel(t *testing.T) {
	dir := t.TempDir()
	table := filepath.Join(dir, "pairs.tsv")
	rows := "question\tanswer\n"
	for n := range 40 {
		rows += fmt.Sprintf("%d\tthe %d\n", n, n+1)
	}
	require.NoError(t, os.WriteFile(table, []byte(rows), 0o666))
	start, err := OpenStart(gpt2, "")
	require.NoError(t, err)
	c, err := start.Parse("", []string{"data.name=" + table, "data.task=pairs", "training.steps=2", "training.batch=4", "schedule.warmup=0", "training.sample=5"})
	require.NoError(t, err)
	run := filepath.Join(dir, "run")
	r, err := start.New(c, run, nil)
	require.NoError(t, err)
	assert.Contains(t, r.Corpus.Describe(), "grows from 260 to 264 ids, for <|begin|> <|field|> <|answer|> <|end|>")
	old, err := OpenStart(gpt2, "")
	require.NoError(t, err)
	for _, p := range old.saved.Weights.All() {
		v := r.Weights.Get(p.Path).Float32()
		require.Equal(t, p.Float32(), v[:p.Size()], p.Path)
		if p.Path == "tok/W" {
			require.Len(t, v, 264*12)
		} else {
			require.Len(t, v, p.Size(), p.Path)
		}
	}
	require.NoError(t, r.Train(context.Background()))
	require.NoError(t, r.Close())
	saved, err := Open(run, false)
	require.NoError(t, err)
	assert.Equal(t, 264, saved.Config.Model.Common().Vocab)
	_, err = saved.Generator()
	require.NoError(t, err)
	again, err := Resume(run, []string{"training.steps=3"}, nil)
	require.NoError(t, err)
	require.NoError(t, again.Close())
}

// New ids have the mean of the old ones and a small noise that the seed determines, along
// whichever axis the vocabulary is.
func TestGrow(t *testing.T) {
	weights := func(ids int, seed uint64) *graph.Weights {
		w := graph.NewWeights(0)
		rng := rand.New(rand.NewPCG(seed, 1))
		for path, shape := range map[string][]int{"tok/W": {ids, 3}, "head/W": {3, ids}, "head/b": {ids}} {
			size := ids
			if len(shape) == 2 {
				size *= 3
			}
			v := make([]float32, size)
			for i := range v {
				v[i] = float32(rng.NormFloat64())
			}
			require.NoError(t, w.Add(path, shape, v))
		}
		return w
	}
	const had, ids = 50, 53
	old := weights(had, 1)
	to := [2]*graph.Weights{weights(ids, 2), weights(ids, 3)}
	for i := range to {
		require.NoError(t, growAll(to[i], old, uint64(7)))
	}
	for path, at := range map[string]func(id, j, ids int) int{
		"tok/W":  func(id, j, _ int) int { return id*3 + j },
		"head/W": func(id, j, ids int) int { return j*ids + id },
		"head/b": func(id, j, _ int) int { return id },
	} {
		from, v := old.Get(path).Float32(), to[0].Get(path).Float32()
		for j := range 3 {
			mean := 0.0
			for id := range had {
				require.Equal(t, from[at(id, j, had)], v[at(id, j, ids)], "%s: id %d, value %d", path, id, j)
				mean += float64(from[at(id, j, had)]) / had
			}
			for id := had; id < ids; id++ {
				assert.InDelta(t, mean, v[at(id, j, ids)], 0.06, "%s: five deviations of the noise", path)
			}
			assert.NotEqual(t, v[at(had, j, ids)], v[at(had+1, j, ids)], path)
			if path == "head/b" {
				break
			}
		}
	}
	smaller := weights(had-1, 1)
	assert.ErrorContains(t, growAll(smaller, old, 7), "cannot grow to")
}
