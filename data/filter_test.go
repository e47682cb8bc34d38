package data

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/task"
	"euryale/data/tokenizer"
)

// noisyPairs are 20 good pairs to train on, one of each kind of bad ones, and held-out rows.
func noisyPairs() []string {
	rows := []string{"# split\ta\tb"}
	for i := range 20 {
		rows = append(rows, fmt.Sprintf("train\tlight number %c\t光線%c號", 'a'+i, 'a'+i))
	}
	return append(rows,
		"train\tlight number a\t光線a號",                         // a duplicate
		"train\theld out\t留出",                                 // of the validation part
		"train\t光線在顏色上不同\t光線在顏色上不同",                           // the wrong language in the source
		"train\tthe rays differ\tthe rays differ",             // and in the answer
		"train\tone\t"+strings.Repeat("很長", 30),               // another length
		"train\t1 2 3 4 5 6\t1 2 3",                           // without letters: of any script
		"valid\theld out\t留出", "valid\tlight number b\t另一個答案", // the source is in the training part
		"test\tnever seen\tnor here, and no filter is for it")
}

func openPairs(t *testing.T, c Config, rows []string) (*Corpus, error) {
	t.Helper()
	c.Name, c.Task = write(t, "rows.tsv", strings.Join(rows, "\n")+"\n"), "pairs"
	setDefault(&c.Source, "a")
	setDefault(&c.Target, "b")
	return Open(c, tokenizer.Config{Kind: "byte"}, nil, Options{})
}

// Filters drop pairs of the training part, each counted for the first filter that drops it, and leave the
// other parts alone.
func TestFilters(t *testing.T) {
	c, err := openPairs(t, Config{SourceScript: "latin", TargetScript: "Han", FilterRatio: 3, FilterDuplicates: true}, noisyPairs())
	require.NoError(t, err)
	assert.Equal(t, []task.Count{{Name: "source_script", N: 1}, {Name: "target_script", N: 1}, {Name: "filter_ratio", N: 1}, {Name: "filter_duplicates", N: 2}}, c.Info.Dropped)
	assert.Equal(t, []string{"filters have dropped 5 of 26 pairs of the training part: source_script 1, target_script 1, filter_ratio 1, filter_duplicates 2"}, c.Info.Notes)
	assert.Contains(t, c.Describe(), "filters have dropped 5 of 26")
	left, err := c.Text("train", 0)
	require.NoError(t, err)
	assert.Equal(t, 21, strings.Count(left, "\n"))
	assert.Contains(t, left, "1 2 3")
	for part, want := range map[string]int{"valid": 2, "test": 1} {
		examples, err := c.Examples(part)
		require.NoError(t, err)
		assert.Len(t, examples, want)
	}
}

// Without filters nothing is dropped, and a note counts the held-out rows that the training part knows.
func TestRepeatedRowsAreCounted(t *testing.T) {
	c, err := openPairs(t, Config{}, noisyPairs())
	require.NoError(t, err)
	assert.Empty(t, c.Info.Dropped)
	require.Len(t, c.Info.Notes, 1)
	assert.Contains(t, c.Info.Notes[0], "2 of the 2 rows of the validation part have a source of the training part, 1 of them with the same answer")
	text, err := c.Text("train", 0)
	require.NoError(t, err)
	assert.Equal(t, 26, strings.Count(text, "\n"))
}

// Swapped columns are noticed, whether or not that leaves any pairs.
func TestSwappedColumns(t *testing.T) {
	_, err := openPairs(t, Config{SourceScript: "latin", TargetScript: "han", Source: "b", Target: "a"}, noisyPairs()[:20])
	assert.ErrorContains(t, err, "the filters drop all 19 pairs of the training part: source_script 19, target_script 0")
	const swapped = `are the columns swapped? Set data.source = "a" and data.target = "b"`
	assert.ErrorContains(t, err, swapped)
	c, err := openPairs(t, Config{SourceScript: "latin", TargetScript: "han", Source: "b", Target: "a"}, noisyPairs())
	require.NoError(t, err)
	assert.Contains(t, c.Info.Notes[0], "23 of 26 sources are han and their answers latin")
	assert.Contains(t, c.Info.Notes[0], swapped)
}

func TestFilterErrors(t *testing.T) {
	for _, bad := range []struct {
		c    Config
		want string
	}{
		{Config{Task: "pairs", FilterRatio: 0.5}, "data.filter_ratio is 0.5: it must be 0 (none) or a factor of at least 1"},
		{Config{Task: "pairs", SourceScript: "english"}, `data.source_script is "english", which is no script of Unicode`},
		{Config{FilterDuplicates: true}, "data.task is lm, and data.filter_ratio, filter_duplicates, source_script and target_script are for pairs and summaries"},
		{Config{Task: "dialogue", TargetScript: "han"}, "data.task is dialogue"},
	} {
		_, err := bad.c.resolve()
		assert.ErrorContains(t, err, bad.want)
	}
}
