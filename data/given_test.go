package data

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
)

func TestFromText(t *testing.T) {
	text := strings.Repeat("the quick brown fox. ", 10)
	for _, taskName := range []string{"", "lm", "mask"} {
		corpus, err := FromText(text, Config{Name: "opticks", Task: taskName}, tokenizer.Config{}, nil, Options{})
		require.NoError(t, err, taskName)
		assert.Equal(t, len(text), corpus.Info.Train+corpus.Info.Valid)
		assert.Equal(t, 189, corpus.Info.Train, "0.9 of the bytes, by position")
		got, err := corpus.Text("train", 0)
		require.NoError(t, err)
		assert.Equal(t, text[:189], got)
		assert.Contains(t, corpus.Describe(), "corpus    text (in memory)")
		batches, err := corpus.Train(2, 8, 1)
		require.NoError(t, err)
		require.NoError(t, batches.Batch(0, new(Batch)))
	}
}

// Equal sources stay in one part, and validation has at least one source.
func TestFromPairs(t *testing.T) {
	pairs := [][2]string{{"a", "1"}, {"b", "2\t3"}, {"a", "4"}, {"c\n", "5"}}
	corpus, err := FromPairs(pairs, Config{Task: "lm"}, tokenizer.Config{}, nil, Options{})
	require.NoError(t, err)
	train, err := corpus.Examples("train")
	require.NoError(t, err)
	valid, err := corpus.Examples("valid")
	require.NoError(t, err)
	var sources []string
	for _, e := range append(train, valid...) {
		sources = append(sources, e.Source+"="+e.Reference)
	}
	assert.Equal(t, []string{"a=1", "b=2\t3", "c\n=5"}, sources)
	assert.Len(t, valid, 1)
	assert.Empty(t, corpus.Info.Notes)
	for fraction, want := range map[float64]int{0.01: 1, 0.5: 2, 0.9: 2} {
		corpus, err := FromPairs(pairs, Config{Split: fraction}, tokenizer.Config{}, nil, Options{})
		require.NoError(t, err)
		train, err := corpus.Examples("train")
		require.NoError(t, err)
		assert.Len(t, train, want, "%v", fraction)
	}
}

func TestGivenDataErrors(t *testing.T) {
	text := func(text string, c Config) error {
		_, err := FromText(text, c, tokenizer.Config{}, nil, Options{})
		return err
	}
	pairs := func(pairs [][2]string, c Config) error {
		_, err := FromPairs(pairs, c, tokenizer.Config{}, nil, Options{})
		return err
	}
	assert.EqualError(t, text("", Config{}), "the text is empty")
	assert.EqualError(t, text("abc", Config{Task: "pairs"}), `data.task is "pairs", but the data are text in memory: use lm`)
	assert.ErrorContains(t, text("abc", Config{Split: 2}), "data.split is 2")
	assert.EqualError(t, pairs(nil, Config{}), "the 0 pairs have 0 different sources, want at least 2: one to train on and one for validation")
	assert.ErrorContains(t, pairs([][2]string{{"a", "b"}, {"a", "c"}}, Config{}), "the 2 pairs have 1 different sources")
	assert.ErrorContains(t, pairs([][2]string{{"a", "b"}, {"c", ""}}, Config{}), "pairs:2: the answer is empty")
	assert.ErrorContains(t, pairs([][2]string{{"a", "b"}}, Config{Task: "mask"}), "data.task is mask")
}
