package data

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/textfile"
	"euryale/data/tokenizer"
)

// openAll opens a corpus in a cache of its own.
func openAll(t *testing.T, c Config) *Corpus {
	t.Helper()
	corpus, err := Open(c, tokenizer.Config{}, nil, Options{Cache: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, corpus.Close()) })
	return corpus
}

// data.test takes the end of a text out of the validation part. The training part, and the whole corpus
// without it, stay what they were.
func TestHeldOutEnd(t *testing.T) {
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, "%03d.", i)
	}
	path := write(t, "text.txt", b.String())
	old := openAll(t, Config{Name: path, Split: 0.8})
	c := openAll(t, Config{Name: path, Split: 0.8, Test: 0.1})
	assert.Equal(t, []int{3200, 400, 400}, []int{c.Info.Train, c.Info.Valid, c.Info.Test})
	for part, want := range map[string]string{"train": b.String()[:3200], "valid": b.String()[3200:3600], "test": b.String()[3600:]} {
		text, err := c.Text(part, 0)
		require.NoError(t, err)
		assert.Equal(t, want, text)
		batches, err := c.Part(part, 3, 16)
		require.NoError(t, err)
		var targets strings.Builder
		for i := range batches.Len() {
			var batch Batch
			require.NoError(t, batches.Batch(i, &batch))
			for _, id := range batch.Targets {
				if id >= 0 {
					targets.Write(c.Tokenizer.Piece(id))
				}
			}
		}
		if part == "train" {
			want = want[1:] // nothing predicts the first token
		}
		assert.Equal(t, want, targets.String())
	}
	train, err := old.Text("train", 0)
	require.NoError(t, err)
	assert.Equal(t, b.String()[:3200], train)
	_, err = old.Part("test", 3, 16)
	assert.ErrorContains(t, err, "it has no test part: one is held out by data.test")
	assert.NotEqual(t, old.Fingerprint(), c.Fingerprint())
	assert.Contains(t, c.Describe(), "3200 tokens to train on, 400 to validate on, 400 to test on\n")
}

// A text whose tokens are in a file has the same parts.
func TestHeldOutEndInAFile(t *testing.T) {
	path := write(t, "text.txt", strings.Repeat("the quick brown fox\n", 50))
	c, err := Config{Name: path, Split: 0.7, Test: 0.2}.resolve()
	require.NoError(t, err)
	memory := openAll(t, c)
	job := &textJob{Config: c, opts: Options{Cache: t.TempDir()}, text: textfile.Source{Files: []string{path}}}
	corpus, err := job.corpus(nil)
	require.NoError(t, err)
	defer corpus.Close()
	assert.Equal(t, memory.Info.Test, corpus.Info.Test)
	assert.Equal(t, 200, corpus.Info.Test)
	want, err := memory.Text("test", 0)
	require.NoError(t, err)
	text, err := corpus.Text("test", 0)
	require.NoError(t, err)
	assert.Equal(t, want, text)
}

// Rows without a split column are held out by their key.
func TestHeldOutRows(t *testing.T) {
	var b strings.Builder
	for i := range 300 {
		fmt.Fprintf(&b, "question %d\tanswer\n", i)
	}
	path := write(t, "rows.tsv", b.String())
	old := openAll(t, Config{Name: path, Task: "pairs", Split: 0.7})
	c := openAll(t, Config{Name: path, Task: "pairs", Split: 0.7, Test: 0.15})
	count := map[string]int{}
	for _, part := range []string{"train", "valid", "test"} {
		examples, err := c.Examples(part)
		require.NoError(t, err)
		count[part] = len(examples)
		_, err = c.Part(part, 4, 64)
		require.NoError(t, err)
	}
	before, err := old.Examples("train")
	require.NoError(t, err)
	assert.Equal(t, len(before), count["train"], "the training part stays")
	assert.InDelta(t, 45, count["test"], 15)
	assert.Equal(t, 300, count["train"]+count["valid"]+count["test"])

	pairs, err := FromPairs([][2]string{{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}}, Config{Split: 0.5, Test: 0.25}, tokenizer.Config{}, nil, Options{})
	require.NoError(t, err)
	test, err := pairs.Examples("test")
	require.NoError(t, err)
	require.Len(t, test, 1)
	assert.Equal(t, "d", test[0].Source)
}

func TestHeldOutErrors(t *testing.T) {
	text := write(t, "text.txt", "abc")
	split := write(t, "rows.tsv", "#source\ttarget\tsplit\na\tb\ttrain\nc\td\tvalid\n")
	records := write(t, "docs.jsonl", "{\"text\": \"a\", \"split\": \"train\"}\n{\"text\": \"b\", \"split\": \"valid\"}\n")
	for _, bad := range []struct {
		config Config
		want   string
	}{
		{Config{Name: text, Test: 0.1}, "the fractions of training and test must leave some for validation"},
		{Config{Name: text, Test: -1}, "data.test is -1"},
		{Config{Name: split, Task: "pairs", Split: 0.5, Test: 0.1}, "has a split column, which names the test part"},
		{Config{Name: records, Split: 0.5, Test: 0.1}, "the records name their parts"},
	} {
		_, err := Open(bad.config, tokenizer.Config{}, nil, Options{Cache: t.TempDir()})
		assert.ErrorContains(t, err, bad.want)
	}
}
