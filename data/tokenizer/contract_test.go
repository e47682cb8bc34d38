package tokenizer_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
	"euryale/data/tokenizer/tokenizertest"
)

const contractText = "the little dog  ran to the big tree.\n\n it saw <s> a bird, 春眠不觉晓 \t and <|end|> slept\r\n"

// checkContract checks what the interface promises for a text that is cut into two parts.
func checkContract(t *testing.T, name string, tok tokenizer.Tokenizer, a, b string) {
	t.Helper()
	whole, err := tok.Encode(a + b)
	if unknown := (*tokenizer.UnknownError)(nil); errors.As(err, &unknown) {
		return
	}
	require.NoError(t, err, name)
	next, err := tok.EncodeNext(a + b)
	require.NoError(t, err, name)
	begin, begins := tok.Begin()
	if begins {
		require.Equal(t, begin, whole[0], name)
	} else {
		require.Equal(t, whole, next, name)
	}
	for _, ids := range [][]int{whole, next} {
		text := decoded(t, tok, ids)
		if unknown, _ := tokenizer.UnknownWords(tok, ids); unknown == 0 {
			require.Equal(t, tokenizertest.Decoded(tok, a+b), text, name)
		}
		again, err := tok.Encode(text)
		require.NoError(t, err, name)
		require.Equal(t, whole, again, "%s: %q", name, text)
	}
	if a == "" || tok.Kind() == "char" && !(utf8.ValidString(a) && utf8.ValidString(b)) {
		return // half a character is not in a vocabulary of characters
	}
	first, err := tok.Encode(a)
	require.NoError(t, err, name)
	second, err := tok.EncodeNext(b)
	require.NoError(t, err, name)
	if b == "" {
		require.Empty(t, second, name)
	}
	for _, id := range second {
		require.False(t, begins && id == begin, "%s: %q begins a text", name, b)
	}
	joined, both := a+b, decoded(t, tok, append(slices.Clone(first), second...))
	if tok.Kind() == "word" && tokenizer.PartEnd(tok, joined, len(a)) > len(a) {
		joined = a + " " + b
	}
	if whole, err = tok.Encode(joined); tok.Kind() == "word" {
		require.NoError(t, err, name)
		require.Equal(t, whole, append(slices.Clone(first), second...), "%s: %q and %q", name, a, b)
		return // unknown words are those of the parts
	}
	require.Equal(t, joined, both, "%s: %q and %q", name, a, b)
	after := tokenizer.NewStreamAfter(tok, first)
	var continued strings.Builder
	for _, id := range second {
		continued.WriteString(after.Push(id))
	}
	continued.WriteString(after.Flush())
	require.Equal(t, b, continued.String(), "%s: %q after %q", name, b, a)
}

// decoded returns the text of ids, which a Stream must return too.
func decoded(t *testing.T, tok tokenizer.Tokenizer, ids []int) string {
	t.Helper()
	text, err := tok.Decode(ids)
	require.NoError(t, err)
	var streamed strings.Builder
	s := tokenizer.NewStream(tok)
	for _, id := range ids {
		streamed.WriteString(s.Push(id))
	}
	streamed.WriteString(s.Flush())
	require.Equal(t, text, streamed.String())
	return text
}

func TestTokenizersKeepTheContract(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for name, tok := range tokenizertest.All(t, contractText) {
		for a := range len(contractText) + 1 {
			checkContract(t, name, tok, contractText[:a], contractText[a:])
		}
		for range 200 {
			text := make([]byte, rng.IntN(40))
			for i := range text {
				text[i] = contractText[rng.IntN(len(contractText))]
			}
			a := rng.IntN(len(text) + 1)
			checkContract(t, name, tok, string(text[:a]), string(text[a:]))
		}
	}
}

// Chunks have the ids of the whole text, however large they are.
func TestChunksContinueEachOther(t *testing.T) {
	text := strings.Repeat(contractText, 20)
	for name, tok := range tokenizertest.All(t, contractText) {
		whole, err := tok.Encode(text)
		require.NoError(t, err)
		for size := 32; size < 400; size += 7 {
			var ids []int
			require.NoError(t, tokenizer.EachChunk(strings.NewReader(text), size, func(chunk string) error {
				encode := tok.EncodeNext
				if ids == nil {
					encode = tok.Encode
				}
				part, err := encode(chunk)
				ids = append(ids, part...)
				return err
			}))
			require.Equal(t, whole, ids, "%s, chunks of %d", name, size)
		}
	}
}

func TestJoinsSpaces(t *testing.T) {
	for name, tok := range tokenizertest.All(t, contractText) {
		joins := tok.Kind() != "char" && tok.Kind() != "byte"
		assert.Equal(t, joins, tokenizer.JoinsSpaces(tok), name)
		assert.Equal(t, joins, tokenizer.JoinsSpaces(tokenizer.WithSpecials(tok, " a special")), name)
	}
}

func FuzzContract(f *testing.F) {
	all := tokenizertest.All(f, contractText)
	f.Add("the little", " dog")
	f.Add("", " dog")
	f.Add(" ", " ")
	f.Add("春"[:2], "春"[2:])
	f.Add("<s>", "\xff\x00")
	f.Fuzz(func(t *testing.T, a, b string) {
		for name, tok := range all {
			checkContract(t, name, tok, a, b)
		}
	})
}
