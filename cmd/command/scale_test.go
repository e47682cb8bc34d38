package command

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/book"
)

func TestDescribeRanks(t *testing.T) {
	code, stdout, stderr := call(t, "train", small("-data", book.Excerpt(t, 20000), "-describe", "-ranks", "1,2,3", "-link", "1gbit/s", "-set", "training.shards=2")...)
	require.Zero(t, code, stderr)
	assert.Contains(t, stdout, "links of 1gbit/s")
	assert.Regexp(t, `\n +1 +[0-9.]+ m?s +\d+ +0% +100% +[0-9.]+ GB\n +2 `, stdout)
	assert.Contains(t, stdout, "more ranks than shards: set training.shards and training.batch to 3 or more")
}

func TestRate(t *testing.T) {
	for text, want := range map[string]float64{"10Gbit": 1.25e9, "100mbit/s": 1.25e7, "2.5 Gbit": 3.125e8} {
		got, err := (&scaleOptions{link: text}).rate()
		require.NoError(t, err)
		assert.InDelta(t, want, got, 1)
	}
	checkBad(t, "train", []bad{
		{2, "-link fast: want a rate as 10Gbit", small("-data", book.Excerpt(t, 20000), "-describe", "-ranks", "2", "-link", "fast")},
		{2, "-ranks 0: want numbers of ranks", small("-data", book.Excerpt(t, 20000), "-describe", "-ranks", "0")},
	})
}
