package data

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
)

// openMasked opens a text that repeats the first letters of the alphabet.
func openMasked(t *testing.T, c Config, letters int) *Corpus {
	t.Helper()
	c.Task, c.Name = "mask", write(t, "text.txt", strings.Repeat("abcdefghijklmnopqrstuvwxyz"[:letters], 2000))
	corpus, err := Open(c, tokenizer.Config{}, nil, Options{})
	require.NoError(t, err)
	return corpus
}

// Of the tokens 15 % are targets; of these 80 % are masked, 10 % replaced by another token and 10 %
// unchanged (Devlin et al. 2018, §3.1). All other tokens are those of the text.
func TestMasking(t *testing.T) {
	c := openMasked(t, Config{}, 26)
	mask, ok := c.Tokenizer.Special("<|mask|>")
	require.True(t, ok)
	require.Equal(t, 27, c.Tokenizer.Vocab())
	b, err := c.Train(16, 100, 1)
	require.NoError(t, err)
	var batch Batch
	var chosen, hidden, replaced, kept int
	for n := range 50 {
		require.NoError(t, b.Batch(n, &batch))
		for seq := range 16 {
			tokens, targets := batch.sequence(seq)
			at := slices.Index(targets, -1) // an unchanged token, which gives the position in the text
			first := (tokens[at] + 26*100 - at) % 26
			in := 0
			for i, id := range tokens {
				real := (first + i) % 26
				switch {
				case targets[i] < 0:
					require.Equal(t, real, id, "a token that is not a target")
					continue
				case id == mask:
					hidden++
				case id == real:
					kept++
				default:
					replaced++
				}
				require.Equal(t, real, targets[i])
				in++
			}
			require.Equal(t, 15, in, "of the 100 tokens of each sequence")
			chosen += in
		}
	}
	// 12000 draws: four standard deviations of a fraction of 0.8 or 0.1 are 0.015 and 0.011.
	assert.InDelta(t, 0.8, float64(hidden)/float64(chosen), 0.015)
	assert.InDelta(t, 0.1, float64(replaced)/float64(chosen), 0.011)
	assert.InDelta(t, 0.1, float64(kept)/float64(chosen), 0.011)
}

// A batch depends only on its seed and number, and those of the validation part are always the same.
func TestMaskingRepeats(t *testing.T) {
	for _, order := range []string{"random", "sequential"} {
		c := openMasked(t, Config{Order: order}, 26)
		batchOf := func(seed uint64, n int) Batch {
			b, err := c.Train(3, 40, seed)
			require.NoError(t, err)
			var batch Batch
			require.NoError(t, b.Batch(n, &batch))
			return batch
		}
		assert.Equal(t, batchOf(1, 7), batchOf(1, 7))
		assert.NotEqual(t, batchOf(1, 7).Targets, batchOf(2, 7).Targets)
		assert.NotEqual(t, batchOf(1, 7).Targets, batchOf(1, 8).Targets)
		var first, again Batch
		for _, batch := range []*Batch{&first, &again} {
			b, err := c.Valid(3, 40)
			require.NoError(t, err)
			require.NoError(t, b.Batch(b.Len()-1, batch))
		}
		assert.Equal(t, first, again)
	}
}

// A sequence of a few tokens has one target, and padding is never a target.
func TestMaskingOfAFewTokens(t *testing.T) {
	c := openMasked(t, Config{Split: 0.9999}, 26)
	b, err := c.Valid(2, 40)
	require.NoError(t, err)
	var batch Batch
	require.NoError(t, b.Batch(0, &batch))
	chosen := 0
	for i, id := range batch.Targets {
		if id >= 0 {
			chosen++
			assert.Less(t, i, 6, "52000 tokens, of which 6 are for validation")
		}
	}
	assert.Equal(t, 1, chosen)
	assert.Equal(t, -1, batch.Tokens[6])
}

func TestMaskedPrompt(t *testing.T) {
	c := openMasked(t, Config{}, 4)
	f, err := NewFormat(c.Config, c.Tokenizer)
	require.NoError(t, err)
	assert.Equal(t, -1, f.End())
	assert.Equal(t, 4, f.Mask())
	ids, err := f.Prompt("ab<|mask|><|mask|>d")
	require.NoError(t, err)
	assert.Equal(t, []int{0, 1, 4, 4, 3}, ids)
	_, err = f.Prompt("abcd")
	assert.EqualError(t, err, "the text has no mask: write <|mask|> in place of each token that the model is to predict")
	_, err = f.Prompt("ab<|mask|>dé")
	assert.ErrorContains(t, err, "(U+00E9) at byte offset 11 ")
	plain, err := NewFormat(Config{}, c.Tokenizer)
	require.NoError(t, err)
	assert.Equal(t, -1, plain.Mask())
}

func TestMaskRefuses(t *testing.T) {
	for want, c := range map[string]Config{
		"masks tokens of running text, but data.source and data.target name the columns": {Source: "1", Target: "2"},
		"plain text has no source for an encoder":                                        {Encoder: true},
	} {
		c.Task = "mask"
		_, err := c.resolve()
		assert.ErrorContains(t, err, want)
	}
	_, err := NewFormat(Config{Task: "mask"}, tokenizer.NewChar("abc"))
	assert.EqualError(t, err, `the tokenizer has no token <|mask|>: it was not made for data.task = "mask"`)
}
