package tokenizer

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Splitting a text into chunks does not change its ids.
func TestChunksEncodeAsTheWhole(t *testing.T) {
	tok := gpt2(t)
	text := "it's  x \n\n y\u3000\n z. " + sharedText(t, "data/tatoeba_en_zh.tsv")[:20000]
	whole, err := tok.Encode(text)
	require.NoError(t, err)
	for _, size := range []int{200, 257, 4096} {
		var ids []int
		require.NoError(t, EachChunk(strings.NewReader(text), size, func(chunk string) error {
			part, err := tok.Encode(chunk)
			ids = append(ids, part...)
			return err
		}))
		assert.Equal(t, whole, ids, "chunks of %d", size)
	}
}

func TestChunksKeepCharactersWhole(t *testing.T) {
	text := strings.Repeat("春眠不觉晓处处闻啼鸟", 40) // 1,200 bytes without the end of a word
	for _, size := range []int{16, 17, 18, 1199, 1200, 1201} {
		var joined strings.Builder
		// The sizes of the reads must not matter: read one byte at a time.
		require.NoError(t, EachChunk(iotest.OneByteReader(strings.NewReader(text)), size, func(chunk string) error {
			assert.True(t, utf8.ValidString(chunk))
			assert.LessOrEqual(t, len(chunk), size)
			joined.WriteString(chunk)
			return nil
		}))
		assert.Equal(t, text, joined.String(), "chunks of %d", size)
	}
}

func TestChunksReportErrors(t *testing.T) {
	broken := errors.New("the disk is gone")
	assert.ErrorIs(t, EachChunk(iotest.ErrReader(broken), 16, func(string) error { return nil }), broken)
	assert.ErrorIs(t, EachChunk(strings.NewReader("text"), 16, func(string) error { return broken }), broken)
}
