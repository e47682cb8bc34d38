package data

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func FuzzParseTable(f *testing.F) {
	f.Add([]byte("# a\tb\nx\ty\r\n\nz\t\n"), true)
	f.Add([]byte("a\tb\nc\n\xff\x00\td"), false)
	f.Fuzz(func(t *testing.T, text []byte, refuse bool) {
		c := Config{Ragged: "skip", Invalid: "keep"}
		if refuse {
			c = Config{Ragged: "refuse", Invalid: "refuse"}
		}
		table, err := parseTable(bytes.NewReader(text), "x.tsv", c)
		if err != nil {
			assert.Contains(t, err.Error(), "x.tsv:")
			return
		}
		for _, r := range table.rows {
			assert.Len(t, r.cells, len(table.rows[0].cells))
			if refuse {
				assert.True(t, utf8.ValidString(strings.Join(r.cells, "")))
			}
		}
	})
}

func FuzzFirstInvalid(f *testing.F) {
	f.Add("good 春")
	f.Add("\xed\xa0\x80")
	f.Add("a\x00b\xff")
	f.Fuzz(func(t *testing.T, text string) {
		i, err := firstInvalid(text)
		good := utf8.ValidString(text) && !strings.Contains(text, "\x00")
		assert.Equal(t, good, i < 0)
		assert.Equal(t, good, err == nil)
		if i >= 0 {
			assert.True(t, utf8.ValidString(text[:i]))
		}
	})
}

// A hostile token file is an error, and one that is accepted can be read whole.
func FuzzTokenFile(f *testing.F) {
	path := filepath.Join(f.TempDir(), "x.tokens")
	file, err := os.Create(path)
	require.NoError(f, err)
	w, err := newTokenWriter(file, 300)
	require.NoError(f, err)
	require.NoError(f, w.append([]int{1, 2, 299}))
	require.NoError(f, w.finish())
	whole, err := os.ReadFile(path)
	require.NoError(f, err)
	f.Add(whole, uint64(3), uint64(300))
	f.Add(whole, uint64(1)<<63, uint64(2))
	f.Add(whole[:100], uint64(0), uint64(0))
	f.Fuzz(func(t *testing.T, content []byte, count, vocab uint64) {
		if len(content) >= headerSize {
			binary.LittleEndian.PutUint64(content[16:], vocab)
			binary.LittleEndian.PutUint64(content[24:], count)
		}
		path := filepath.Join(t.TempDir(), "x.tokens")
		require.NoError(t, os.WriteFile(path, content, 0o644))
		tokens, h, err := openTokenFile(path)
		if err != nil {
			return
		}
		defer tokens.Close()
		ids := make([]int, tokens.Len())
		tokens.Copy(ids, 0)
		for _, id := range ids {
			assert.Less(t, uint64(id), h.Vocab)
		}
	})
}

// Whatever a user writes, a prompt is made or an error given, and a prompt keeps to its limit.
func FuzzPrompt(f *testing.F) {
	f.Add("a: hello\nb: hi\na:", 40, false)
	f.Add("\t\t\x00\xff<|end|>", 16, true)
	f.Add(strings.Repeat("a long text\n", 40), 90, false)
	f.Fuzz(func(t *testing.T, text string, limit int, encoder bool) {
		limit = smallestContext + int(uint(limit)%500)
		tk := WithSpecials(NewByte(), append(specials(Config{Task: "pairs", LengthControl: true}, nil), "<|role:a|>", "<|role:b|>")...)
		for _, c := range []Config{
			{Task: "pairs", LengthControl: true, Encoder: encoder},
			{Source: "1,2", Target: "3", Encoder: encoder},
			{Task: "dialogue", Encoder: encoder},
		} {
			format, err := NewFormat(c, tk)
			require.NoError(t, err)
			format.Limit = limit
			prompt, err := format.Prompt(text)
			if err == nil {
				assert.NotEmpty(t, prompt)
				assert.LessOrEqual(t, len(prompt), limit*3/4+1, "a quarter is left to answer in")
			}
			source, err := format.Source(text)
			if err == nil && encoder {
				assert.NotEmpty(t, source)
				assert.LessOrEqual(t, len(source), limit)
			}
		}
	})
}
