package tokenizer

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCharOrdersByFrequencyThenCodePoint(t *testing.T) {
	tok := NewChar("春眠春 b春a\xff\xffb")
	// Counted by hand: 春 3, b 2, \xff 2, then once each: space, a, 眠.
	var pieces []string
	for id := range tok.Vocab() {
		pieces = append(pieces, string(tok.Piece(id)))
	}
	assert.Equal(t, []string{"春", "b", "\xff", " ", "a", "眠"}, pieces)
	assert.Nil(t, tok.Piece(-1))
	assert.Nil(t, tok.Piece(6))
	assert.Equal(t, "char", tok.Kind())
}

func TestCharEncodesInvalidBytesExactly(t *testing.T) {
	// U+FFFD is a character, different from the two invalid bytes.
	text := "a\xe6\x98\ufffdb"
	tok := NewChar(text)
	assert.Equal(t, 5, tok.Vocab())
	ids, err := tok.Encode(text)
	require.NoError(t, err)
	assert.Len(t, ids, 5)
	back, err := tok.Decode(ids)
	require.NoError(t, err)
	assert.Equal(t, text, back)
}

func TestCharUnknown(t *testing.T) {
	tok := NewChar("abc")
	for text, want := range map[string]string{
		"ab漢c":   `character "漢" (U+6F22) at byte offset 2 is not in the vocabulary: train the tokenizer on text that has it, or use one that covers all bytes (byte, bpe)`,
		"c\n":    `character "\n" (U+000A) at byte offset 1 is not in the vocabulary: train the tokenizer on text that has it, or use one that covers all bytes (byte, bpe)`,
		"c\xfe":  `byte 0xfe at byte offset 1 is not valid UTF-8 and not in the vocabulary: train the tokenizer on text that has it, or use one that covers all bytes (byte, bpe)`,
		"\ufffd": `character "�" (U+FFFD) at byte offset 0 is not in the vocabulary: train the tokenizer on text that has it, or use one that covers all bytes (byte, bpe)`,
	} {
		_, err := tok.Encode(text)
		assert.EqualError(t, err, want)
		var unknown *UnknownError
		require.True(t, errors.As(err, &unknown))
		assert.Equal(t, text[unknown.Offset:unknown.Offset+len(unknown.Piece)], unknown.Piece)
	}
	_, err := tok.Encode("")
	assert.NoError(t, err)
}

func TestSpecials(t *testing.T) {
	plain := NewChar("<|end|>")
	tok := WithSpecials(plain, "<|end|>", "<|user|>", "<|end|>")
	assert.Equal(t, plain.Vocab()+2, tok.Vocab())
	end, ok := tok.Special("<|end|>")
	require.True(t, ok)
	assert.Equal(t, plain.Vocab(), end)
	_, ok = plain.Special("<|end|>")
	assert.False(t, ok, "the original tokenizer must not change")

	ids, err := tok.Encode("<|end|>")
	require.NoError(t, err)
	assert.Len(t, ids, 7)
	assert.NotContains(t, ids, end)
	text, err := tok.Decode([]int{end, 0})
	require.NoError(t, err)
	assert.Equal(t, "<|end|>"+string(tok.Piece(0)), text)

	again := WithSpecials(tok, "<|bot|>", "<|end|>")
	assert.Equal(t, tok.Vocab()+1, again.Vocab())
	same, _ := again.Special("<|end|>")
	assert.Equal(t, end, same)

	path := filepath.Join(t.TempDir(), "tokenizer.json")
	require.NoError(t, again.Save(path))
	loaded, err := Load(path)
	require.NoError(t, err)
	assert.Equal(t, again, loaded)
}

func TestByte(t *testing.T) {
	tok := NewByte()
	ids, err := tok.Encode("é\xff")
	require.NoError(t, err)
	assert.Equal(t, []int{0xc3, 0xa9, 0xff}, ids)
	_, err = tok.Decode([]int{0, 256})
	assert.EqualError(t, err, "decode: id 256 at position 1 is outside the vocabulary of 256")
	ratio, err := BytesPerToken(tok, "abc")
	require.NoError(t, err)
	assert.Equal(t, 1.0, ratio)
	_, err = BytesPerToken(tok, "")
	assert.Error(t, err)
}

func TestCharsOf(t *testing.T) {
	tk, err := CharsOf([]string{"b", "月", "a"})
	require.NoError(t, err)
	ids, err := tk.Encode("a月b")
	require.NoError(t, err)
	assert.Equal(t, []int{2, 1, 0}, ids)
	for want, pieces := range map[string][]string{
		`piece 1 ("ab") is not one character`: {"a", "ab"},
		`piece 0 ("") is not one character`:   {""},
		`character "a" has two ids, 0 and 2`:  {"a", "b", "a"},
	} {
		_, err := CharsOf(pieces)
		assert.EqualError(t, err, want)
	}
}
