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

// The vocabulary is that of the training part, which ends with a word, and unknown words of the
// validation part are <unk>.
func TestWordsOfTheTrainingPart(t *testing.T) {
	path := write(t, "x.txt", strings.Repeat("one two\n", 8)+"three three four\n") // 64 + 17 bytes
	open := func(split float64, tk tokenizer.Config) (vocabulary, valid string) {
		tk.Kind = "word"
		c, err := Open(Config{Name: path, Split: split}, tk, nil, Options{Cache: t.TempDir()})
		require.NoError(t, err)
		for id := range c.Tokenizer.Vocab() {
			vocabulary += fmt.Sprintf("%s|", c.Tokenizer.Piece(id))
		}
		valid, err = c.Text("valid", 0)
		require.NoError(t, err)
		assert.Equal(t, tokenizer.CountWords(valid), c.Info.Valid)
		return vocabulary, valid
	}
	for _, c := range []struct {
		cut         float64
		tk          tokenizer.Config
		want, valid string
	}{
		{64, tokenizer.Config{}, "\n| <unk>| one| two|", "<unk> <unk> <unk>\n"},
		{65, tokenizer.Config{MinCount: 1}, "\n| <unk>| one| two| three|", "three <unk>\n"},
		{72, tokenizer.Config{}, "\n| <unk>| one| two| three|", "<unk>\n"},
		{72, tokenizer.Config{Vocab: 3}, "\n| <unk>| one|", "<unk>\n"},
		{72, tokenizer.Config{Words: "unicode"}, "\n| <unk>|<unk>| one| two| three|", "<unk>\n"},
	} {
		vocabulary, valid := open(c.cut/81, c.tk)
		assert.Equal(t, c.want, vocabulary, "%+v", c)
		assert.Equal(t, c.valid, valid, "%+v", c)
	}
	for key, tk := range map[string]tokenizer.Config{"words": {Words: "tabs"}, "min_count": {MinCount: -1}, "vocab": {Vocab: 2}} {
		tk.Kind = "word"
		_, err := Open(Config{Name: path}, tk, nil, Options{Cache: t.TempDir()})
		assert.ErrorContains(t, err, "tokenizer."+key)
	}
}

// Words that the training part of a table lacks are <unk> in the other part and in prompts.
func TestWordsOfTables(t *testing.T) {
	c := Config{Task: "pairs", Source: "1", Target: "2", Name: write(t, "rows.tsv", "#split\ta\tb\ntrain\ta dog\ta cat\ntrain\ta dog\ta cat\nvalid\ta cow\ta dog\n")}
	c.Source, c.Target = "a", "b"
	corpus, err := Open(c, tokenizer.Config{Kind: "word"}, nil, Options{})
	require.NoError(t, err)
	f, err := corpus.Format()
	require.NoError(t, err)
	prompt, err := f.Prompt("a  cow")
	require.NoError(t, err)
	assert.Equal(t, "<|begin|>a <unk><|answer|>", text(t, corpus, prompt))
	answers, err := corpus.Text(task.PartName(task.ValidPart), 0)
	require.NoError(t, err)
	assert.Equal(t, "a dog\n", answers)
}
