package data

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/task"
	"euryale/data/tokenizer"
)

// rareUnknown is the tokenizer of words that occur in more than one of the rows of openNames.
var rareUnknown = tokenizer.Config{Kind: "word", MinCount: 4}

// openNames opens rows whose names, a different one in each, are rare words.
func openNames(t *testing.T, c Config, tk tokenizer.Config) (*Corpus, error) {
	t.Helper()
	rows := numbered(60, "we met N today and N was fine\tN was fine")
	c.Name, c.Task = write(t, "names.tsv", strings.Join(rows, "\n")+"\n"), "pairs"
	return Open(c, tk, nil, Options{})
}

// The unknown words of a source have tokens in the order in which they stand, the same word the same token, also
// in the answer. More words than there are tokens, and those of the answer alone, are <unk>.
func TestUnknownWords(t *testing.T) {
	for _, encoder := range []bool{false, true} {
		c, err := openNames(t, Config{UnknownWords: 2, Encoder: encoder}, rareUnknown)
		require.NoError(t, err)
		f, err := c.Format()
		require.NoError(t, err)
		source := "zorg met blip and zorg and quux"
		read := f.Prompt
		if encoder {
			read = f.Source
		}
		ids, err := read(source)
		require.NoError(t, err)
		assert.Contains(t, text(t, c, ids), "<|unknown:0|>met<|unknown:1|>and<|unknown:0|>and <unk>")
		words, err := f.UnknownWords(source)
		require.NoError(t, err)
		assert.Equal(t, []string{" zorg", " blip"}, words)
		decoded, err := tokenizer.WithUnknowns(c.Tokenizer, words).Decode(ids)
		require.NoError(t, err)
		assert.Contains(t, decoded, "zorg met blip and zorg and <unk>")
		_, err = read("zorg blip")
		require.NoError(t, err, "they can be copied")
	}
}

// Training reads the same tokens as a prompt; an answer whose word was cut off its source has <unk>.
func TestUnknownWordsOfRows(t *testing.T) {
	c, err := openNames(t, Config{UnknownWords: 3}, rareUnknown)
	require.NoError(t, err)
	p := c.parts.(*taskParts)
	n := 0
	for part, items := range p.items {
		for _, it := range items {
			all := text(t, c, slices.Concat(it.Source, it.Answer))
			if strings.HasPrefix(all, "we") {
				assert.Equal(t, "we met<|unknown:0|>today and<|unknown:0|>was fine<|unknown:0|>was fine", all, "part %d", part)
				n++
			}
		}
	}
	assert.Equal(t, 60, n)
	long, answer := slices.Repeat(p.items[0][0].Source, 5), p.items[0][0].Answer
	first := slices.Clone(long[2:3])
	long = append(slices.Repeat(long[:2], 30), first...)
	s := p.format.Samples([]task.Item{{Source: long, Answer: answer}}, 48, true)[0]
	assert.True(t, s.Cut)
	assert.Contains(t, text(t, c, s.Tokens), "<|answer|><unk> was fine")
}

func TestUnknownWordsErrors(t *testing.T) {
	_, err := openNames(t, Config{UnknownWords: 2}, tokenizer.Config{})
	assert.ErrorContains(t, err, `data.unknown_words = 2: the tokenizer is of kind char, which has no unknown words: use tokenizer.kind = "word"`)
	_, err = Open(Config{UnknownWords: 2, Task: "dialogue", Name: "tales"}, tokenizer.Config{Kind: "word"}, nil, Options{})
	assert.EqualError(t, err, "data.unknown_words is 2: it is for the sources of data.task pairs and summary, and the task is dialogue")
	_, err = openNames(t, Config{UnknownWords: 1001}, rareUnknown)
	assert.EqualError(t, err, "data.unknown_words is 1001: it must be from 0 to 1000")
	c, err := openNames(t, Config{}, rareUnknown)
	require.NoError(t, err)
	f, err := c.Format()
	require.NoError(t, err)
	_, err = f.Prompt("zorg blip")
	assert.EqualError(t, err, `none of the 2 words of the text is in the vocabulary: train on text with such words, with data.unknown_words so that they can be copied, or with tokenizer.kind = "bpe"`)
	f.Cut = true // as rows are read
	_, err = f.Prompt("zorg blip")
	assert.NoError(t, err)
	_, err = f.Prompt("zorg was")
	assert.NoError(t, err)
}
