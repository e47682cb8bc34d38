package tokenizer

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The name of a special token is plain text, and one token where special tokens are parsed.
func TestParseSpecials(t *testing.T) {
	bpe, err := TrainBPE(strings.NewReader(strings.Repeat("the end of the text ", 50)), 280, nil)
	require.NoError(t, err)
	for name, base := range map[string]Tokenizer{"bpe": bpe, "byte": NewByte(), "char": NewChar("the endoftx <|>")} {
		t.Run(name, func(t *testing.T) {
			plain := WithSpecials(base, "<|end|>", "<|end|>of")
			parsing := ParseSpecials(plain)
			end, _ := plain.Special("<|end|>")
			long, _ := plain.Special("<|end|>of")
			encode := func(tk Tokenizer, text string) []int {
				ids, err := tk.Encode(text)
				require.NoError(t, err)
				decoded, err := tk.Decode(ids)
				require.NoError(t, err)
				assert.Equal(t, text, decoded)
				return ids
			}
			the, text := encode(base, "the"), encode(base, " text")
			assert.Equal(t, append(append(append([]int{}, the...), end), text...), encode(parsing, "the<|end|> text"))
			assert.Equal(t, []int{end, end}, encode(parsing, "<|end|><|end|>"))
			assert.Equal(t, []int{long, end}, encode(parsing, "<|end|>of<|end|>"), "the longest")
			assert.Equal(t, encode(base, "<|end"), encode(parsing, "<|end"), "no whole name")
			assert.Empty(t, encode(parsing, ""))
			assert.NotContains(t, encode(plain, "the<|end|> text"), end, "by default it is text")

			more := WithSpecials(parsing, "<|te|>")
			id, _ := more.Special("<|te|>")
			assert.Equal(t, []int{id, end}, encode(more, "<|te|><|end|>"), "those added later are parsed too")
			assert.Equal(t, encode(plain, "<|end|>"), encode(Config{Specials: "plain"}.Apply(plain), "<|end|>"))
			assert.Equal(t, []int{end}, encode(Config{Specials: "parse"}.Apply(plain), "<|end|>"))
		})
	}
	_, err = ParseSpecials(WithSpecials(NewChar("ab"), "<e>")).Encode("a<e>aXb")
	var unknown *UnknownError
	require.ErrorAs(t, err, &unknown)
	assert.Equal(t, 5, unknown.Offset)
	assert.ErrorContains(t, Config{Specials: "yes"}.Check(), `tokenizer.specials is "yes"`)
	assert.Nil(t, Config{Specials: "parse"}.Apply(nil))
}

// A text is not cut within a name that is parsed.
func TestPartEnd(t *testing.T) {
	tk := ParseSpecials(WithSpecials(NewByte(), "<|end|>", "<s>"))
	const text = "ab<|end|>cd<s>"
	for at := range len(text) + 1 {
		want := at
		if at > 2 && at < 9 {
			want = 9
		} else if at > 11 {
			want = 14
		}
		assert.Equal(t, want, PartEnd(tk, text, at), "at %d", at)
		assert.Equal(t, at, PartEnd(NewByte(), text, at))
	}
}
