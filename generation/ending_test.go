package generation

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
)

// Where no token is left to choose, a continuation ends with the text that there is.
func TestEveryTokenBanned(t *testing.T) {
	g := newGenerator(t, 40)
	v := g.Tokenizer.Vocab()
	for name, s := range map[string]Settings{
		"greedy":   {NoRepeat: 1},
		"sampling": {NoRepeat: 1, Temperature: 1, TopP: 0.9, Seed: 3},
		"top-k":    {NoRepeat: 1, Temperature: 1, TopK: 2, Seed: 3},
		"beams":    {NoRepeat: 1, Beams: 3},
	} {
		t.Run(name, func(t *testing.T) {
			s.Tokens = 30
			rs, err := g.Generate(context.Background(), g.prompt(t, "ab"), s, 2, nil)
			require.NoError(t, err)
			require.Len(t, rs, 2)
			for _, r := range rs {
				assert.Equal(t, ReasonExhausted, r.FinishReason)
				assert.Len(t, r.Tokens, v-2, "every token but the two of the prompt")
				assert.Len(t, r.Logprobs, v-2)
				text, err := g.Tokenizer.Decode(r.Tokens)
				require.NoError(t, err)
				assert.Equal(t, text, r.Text)
			}
		})
	}
	all := make([]int, v)
	for i := range all {
		all[i] = i
	}
	for _, beams := range []int{0, 2} {
		rs, err := g.Generate(context.Background(), g.prompt(t, "ab"), Settings{Tokens: 3, Ban: all, Beams: beams}, 1, nil)
		require.NoError(t, err)
		require.Len(t, rs, 1)
		assert.Empty(t, rs[0].Text)
		assert.Equal(t, ReasonExhausted, rs[0].FinishReason)
	}
	_, err := NewDraw(Settings{Ban: []int{0, 1}})([]float32{1, 2})
	assert.ErrorAs(t, err, new(*NoTokenError), "a loop of one's own has no text to end")
}

// The token of an unknown word is printed as the word of the prompt's source.
func TestUnknownWordsArePrinted(t *testing.T) {
	words, err := tokenizer.NewWordCounter("space")
	require.NoError(t, err)
	words.Add("we met Tom\n")
	tk, err := words.Tokenizer(1, 0)
	require.NoError(t, err)
	g := &Generator{Tokenizer: tokenizer.WithSpecials(tk, tokenizer.UnknownWord(0), tokenizer.UnknownWord(1))}
	ids, err := tk.Encode("we met")
	require.NoError(t, err)
	for _, n := range []int{1, 0} {
		id, _ := g.Tokenizer.Special(tokenizer.UnknownWord(n))
		ids = append(ids, id)
	}
	text, _ := g.newEnding(Prompt{Unknown: []string{" Zorg", " Blip"}}, Settings{Tokens: 9}).read(ids)
	assert.Equal(t, "we met Blip Zorg", text)
	text, _ = g.newEnding(Prompt{Unknown: []string{" Zorg"}}, Settings{Tokens: 9}).read(ids)
	assert.Equal(t, "we met<|unknown:1|>Zorg", text)
}

// An exhausted continuation leaves those beside it alone.
func TestExhaustedBesideOthers(t *testing.T) {
	g := newGenerator(t, 40)
	long, short := g.prompt(t, alphabet[:9]), g.prompt(t, "a")
	s := Settings{Tokens: 30, NoRepeat: 1}
	both, err := g.Each(context.Background(), []Prompt{long, short}, s, nil)
	require.NoError(t, err)
	one, err := g.Each(context.Background(), []Prompt{short}, s, nil)
	require.NoError(t, err)
	assert.Less(t, len(both[0].Tokens), len(both[1].Tokens))
	assert.Equal(t, one[0].Text, both[1].Text)
}

// When the context ends, there is the text up to then, and it says why it ended.
func TestInterrupted(t *testing.T) {
	g := newGenerator(t, 40)
	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	rs, err := g.Generate(ctx, g.prompt(t, "ab"), Settings{Tokens: 30}, 1, func(int, string) {
		if n++; n == 5 {
			cancel()
		}
	})
	assert.ErrorIs(t, err, context.Canceled)
	require.Len(t, rs, 1)
	assert.Len(t, rs[0].Tokens, 5)
	assert.Equal(t, ReasonInterrupted, rs[0].FinishReason)
	rs, err = g.Generate(ctx, g.prompt(t, "ab"), Settings{Tokens: 30, Beams: 2}, 1, nil)
	assert.ErrorIs(t, err, context.Canceled)
	require.Len(t, rs, 1)
	assert.Equal(t, ReasonInterrupted, rs[0].FinishReason)
	assert.True(t, slices.Equal(rs[0].Tokens, []int{}))
}
