package training

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
)

// A language model of a text begins each task on the same text: tokens of the task are added to its vocabulary, head and
// embedding grow, tied or not, and after a few updates it is better than a model that begins with its initial values.
func TestFineTuneALanguageModelOnTasks(t *testing.T) {
	for tied, tasks := range map[string][]string{"true": {"pairs", "dialogue"}, "false": {"summary"}} {
		dir := filepath.Join(t.TempDir(), "lm")
		sets := []string{"data.name=tales", "data.size=200", "data.level=1", "model.layers=1", "model.heads=2", "model.dim=32",
			"model.context=64", "model.tied=" + tied, "tokenizer.kind=bpe", "tokenizer.vocab=320", "training.batch=8", "training.eval_every=0",
			"training.eval_tokens=500", "training.sample=20", "schedule.warmup=5", "optimizer.lr=5e-3"}
		lm, err := Parse("", append(sets, "data.task=lm", "training.steps=70"))
		require.NoError(t, err)
		first := begin(t, lm, dir)
		require.NoError(t, first.Train(context.Background()))
		require.NoError(t, first.Close())
		for _, task := range tasks {
			of := append(sets, "data.task="+task, "training.steps=20")
			start, err := OpenStart(dir, "")
			require.NoError(t, err)
			c, err := start.Parse("", of)
			require.NoError(t, err)
			run := filepath.Join(t.TempDir(), "run")
			tuned, err := start.New(c, run, nil)
			require.NoError(t, err)
			had := first.Corpus.Tokenizer.Vocab()
			assert.Greater(t, tuned.Corpus.Tokenizer.Vocab(), had)
			assert.Contains(t, tuned.Corpus.Describe(), "grows from 320 to ")
			for id := range had {
				require.Equal(t, first.Corpus.Tokenizer.Piece(id), tuned.Corpus.Tokenizer.Piece(id))
			}
			require.NoError(t, tuned.Train(context.Background()))
			got, err := tuned.Validate(true)
			require.NoError(t, err)
			require.NoError(t, tuned.Close())

			scratch, err := Parse("", of)
			require.NoError(t, err)
			scratch.Tokenizer = tokenizer.Config{Kind: filepath.Join(run, "tokenizer.json")}
			other := begin(t, scratch, "")
			require.NoError(t, other.Train(context.Background()))
			without, err := other.Validate(true)
			require.NoError(t, err)
			assert.Less(t, got, without-0.2, "%s, tied %s: in nats per token", task, tied)

			saved, err := Open(run, false)
			require.NoError(t, err)
			g, err := saved.Generator()
			require.NoError(t, err)
			examples, err := tuned.Corpus.Examples("valid")
			require.NoError(t, err)
			_, err = g.PromptCut(examples[0].Source)
			require.NoError(t, err)
			again, err := Resume(run, []string{"training.steps=21"}, nil)
			require.NoError(t, err)
			require.NoError(t, again.Train(context.Background()))
			require.NoError(t, again.Close())
		}
	}
}
