package data

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/store"
	"euryale/data/textfile"
	"euryale/data/tokenizer"
)

// prepared opens a text of any size through a token file.
func prepared(t *testing.T, path, cache string, known tokenizer.Tokenizer, kind string) (tokenizer.Tokenizer, *store.IDs, *store.Header, error) {
	t.Helper()
	c, err := Config{Name: path}.resolve()
	require.NoError(t, err)
	j := &textJob{Config: c, tk: tokenizer.Config{Kind: kind, Vocab: 300}, known: known, opts: Options{Cache: cache}, text: textfile.Source{Files: []string{path}}, limit: 0}
	return j.open()
}

// tokenFiles lists the files of a cache.
func tokenFiles(t *testing.T, cache, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(cache, "tokens", pattern))
	require.NoError(t, err)
	return files
}

func TestTokenFileEqualsTokensInMemory(t *testing.T) {
	text := strings.Repeat("The quick brown fox 春眠不觉晓。\n", 9000) // three chunks
	path := write(t, "x.txt", text)
	for _, kind := range []string{"char", "byte", "bpe", "word"} {
		cache := t.TempDir()
		tok, tokens, h, err := prepared(t, path, cache, nil, kind)
		require.NoError(t, err)
		ids := make([]int, tokens.Len())
		tokens.Copy(ids, 0)
		back, err := tok.Decode(ids)
		require.NoError(t, err)
		assert.Equal(t, text, back)
		memory, err := Open(Config{Name: path}, tokenizer.Config{Kind: kind, Vocab: 300}, nil, Options{Cache: cache + "/none"})
		require.NoError(t, err)
		assert.EqualValues(t, memory.Info.Train, h.Split)
		assert.Equal(t, memory.Info.Valid, tokens.Len()-int(h.Split))
		require.NoError(t, tokens.Close())
	}
}

func TestTokenFileIsReused(t *testing.T) {
	path, cache := write(t, "x.txt", strings.Repeat("abc ", 100)), t.TempDir()
	_, _, _, err := prepared(t, path, cache, nil, "char")
	require.NoError(t, err)
	require.Len(t, tokenFiles(t, cache, "*"), 2, "tokens and tokenizer")
	file := tokenFiles(t, cache, "*.tokens")[0]
	before, err := os.Stat(file)
	require.NoError(t, err)
	tok, _, _, err := prepared(t, path, cache, nil, "char")
	require.NoError(t, err)
	_, _, _, err = prepared(t, path, cache, tok, "") // as when a run is resumed
	require.NoError(t, err)
	assert.Len(t, tokenFiles(t, cache, "*"), 2)
	after, err := os.Stat(file)
	require.NoError(t, err)
	assert.True(t, os.SameFile(before, after), "prepared once")
	// Another text of the same length, and another tokenizer, get token files of their own.
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("abd ", 100)), 0o644))
	_, _, _, err = prepared(t, path, cache, nil, "char")
	require.NoError(t, err)
	assert.Len(t, tokenFiles(t, cache, "*"), 4)
	_, _, _, err = prepared(t, path, cache, tokenizer.NewChar("dcba "), "")
	require.NoError(t, err)
	assert.Len(t, tokenFiles(t, cache, "*"), 5, "a given tokenizer is not saved")
}

const headerBytes = 256 // bytes of a token file before its ids

func TestTamperedTokenFile(t *testing.T) {
	path, cache := write(t, "x.txt", strings.Repeat("abc ", 100)), t.TempDir()
	_, _, _, err := prepared(t, path, cache, nil, "char")
	require.NoError(t, err)
	file := tokenFiles(t, cache, "*.tokens")[0]
	whole, err := os.ReadFile(file)
	require.NoError(t, err)
	at := func(field int) int { return 8 * (1 + field) } // width, vocab, count, split
	for name, tt := range map[string]struct {
		change func(b []byte) []byte
		want   string
	}{
		"a changed id":    {func(b []byte) []byte { b[headerBytes] ^= 1; return b }, "checksum is wrong"},
		"an id too large": {func(b []byte) []byte { b[headerBytes] = 9; return b }, "id 9 of token 0 is outside the vocabulary of 4"},
		"cut off":         {func(b []byte) []byte { return b[:len(b)-1] }, "the header says 400 ids of 2 bytes, the file has 799"},
		"no header":       {func(b []byte) []byte { return b[:20] }, "the header is incomplete"},
		"empty":           {func(b []byte) []byte { return nil }, "the header is incomplete"},
		"another magic":   {func(b []byte) []byte { b[0] = 'X'; return b }, "not a token file"},
		"a hostile count": {func(b []byte) []byte { binary.LittleEndian.PutUint64(b[at(2):], 1<<63); return b }, "the header says"},
		"a hostile width": {func(b []byte) []byte { binary.LittleEndian.PutUint64(b[at(0):], 0); return b }, "its ids have 0 bytes"},
		"a hostile split": {func(b []byte) []byte { binary.LittleEndian.PutUint64(b[at(3):], 401); return b }, "the training part ends at 401 of 400"},
		"another source":  {func(b []byte) []byte { b[8*6+32] ^= 1; return b }, "made from another text"},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(file, tt.change(append([]byte(nil), whole...)), 0o644))
			_, _, _, err := prepared(t, path, cache, nil, "char")
			assert.ErrorContains(t, err, tt.want)
			assert.ErrorContains(t, err, "delete the file")
		})
	}
}

func TestUnwritableCache(t *testing.T) {
	blocked := write(t, "file", "")
	_, _, _, err := prepared(t, write(t, "x.txt", "abc abc"), blocked, nil, "char")
	assert.ErrorContains(t, err, "not a directory")
}
