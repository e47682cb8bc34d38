package training

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/ranks"
	"euryale/training/rundir"
)

// A run on a mixture with noise of all kinds has the same bits on any number of ranks, and when it is stopped and resumed;
// each evaluation reports the loss of each corpus, and data.json what filters have dropped.
func TestMixtureWithNoiseOnResumeAndRanks(t *testing.T) {
	table := filepath.Join(t.TempDir(), "words.tsv")
	var rows strings.Builder
	for n := range 200 {
		fmt.Fprintf(&rows, "light number %d\trays number %d\n", n, n*7)
	}
	rows.WriteString("light number 1\trays number 7\n")
	require.NoError(t, os.WriteFile(table, []byte(rows.String()), 0o666))
	c, err := Parse("", []string{"model.name=transformer", "model.dim=16", "model.heads=2", "model.layers=1", "model.context=32", "model.source_context=32",
		"data.mix=" + table + " tag=there key=1; " + table + " tag=back source=2 target=1 key=1 weight=2", "data.filter_duplicates=true",
		"data.bpe_dropout=0.2", "data.word_dropout=0.1", "data.source_dropout=0.1", "tokenizer.kind=bpe", "tokenizer.vocab=300",
		"training.batch=8", "training.shards=2", "training.steps=60", "training.eval_every=20", "training.eval_tokens=500", "training.save_every=10", "training.sample=10"})
	require.NoError(t, err)
	whole := filepath.Join(t.TempDir(), "run")
	hash, all := onRanks(t, 1, 0, newOn(c, whole))
	dir := filepath.Join(t.TempDir(), "run")
	_, first := onRanks(t, 2, 35, newOn(c, dir))
	resumed, rest := onRanks(t, 1, 0, func(g ranks.Group) (*Run, error) { return (&Start{Ranks: g}).Resume(dir, nil, nil) })
	assert.Equal(t, hash, resumed)
	assert.Equal(t, all, append(first, rest...))

	records, err := rundir.ReadMetrics(dir)
	require.NoError(t, err)
	evaluated := 0
	for _, rec := range records {
		if loss, ok := rec.Values["val_loss"]; ok {
			there, back := rec.Values["val_loss/there"], rec.Values["val_loss/back"]
			assert.NotZero(t, there)
			assert.GreaterOrEqual(t, loss, min(there, back))
			assert.LessOrEqual(t, loss, max(there, back))
			evaluated++
		}
	}
	assert.Equal(t, 3, evaluated)
	origin, err := ReadOrigin(dir)
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"there/filter_duplicates": 1, "back/filter_duplicates": 1}, origin.Dropped)

	saved, err := Open(dir, false)
	require.NoError(t, err)
	g, err := saved.Generator()
	require.NoError(t, err)
	_, err = g.Prompt("<|back|>rays number 7")
	require.NoError(t, err)
	_, err = g.Prompt("rays number 7")
	assert.ErrorContains(t, err, "one of <|there|>, <|back|>")
}
