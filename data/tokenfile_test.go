package data

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// prepared opens a text through a token file, whatever its size.
func prepared(t *testing.T, path, cache string, known Tokenizer, kind string) (Tokenizer, *idSequence, *tokenHeader, error) {
	t.Helper()
	c, err := Config{Name: path}.resolve()
	require.NoError(t, err)
	j := &textJob{Config: c, tk: TokenizerConfig{Kind: kind, Vocab: 300}, known: known, opts: Options{Cache: cache}, text: textSource{files: []string{path}}, limit: 0}
	return j.open()
}

// tokenFiles lists what is in a cache.
func tokenFiles(t *testing.T, cache, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(cache, "tokens", pattern))
	require.NoError(t, err)
	return files
}

func TestTokenFileHoldsWhatMemoryDoes(t *testing.T) {
	text := strings.Repeat("The quick brown fox 春眠不觉晓。\n", 9000) // three chunks
	path := write(t, "x.txt", text)
	for _, kind := range []string{"char", "byte", "bpe"} {
		cache := t.TempDir()
		tokenizer, tokens, h, err := prepared(t, path, cache, nil, kind)
		require.NoError(t, err)
		ids := make([]int, tokens.Len())
		tokens.Copy(ids, 0)
		back, err := tokenizer.Decode(ids)
		require.NoError(t, err)
		assert.Equal(t, text, back)
		memory, err := Open(Config{Name: path}, TokenizerConfig{Kind: kind, Vocab: 300}, nil, Options{Cache: cache + "/none"})
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
	tokenizer, _, _, err := prepared(t, path, cache, nil, "char")
	require.NoError(t, err)
	_, _, _, err = prepared(t, path, cache, tokenizer, "") // as when a run is resumed
	require.NoError(t, err)
	assert.Len(t, tokenFiles(t, cache, "*"), 2)
	after, err := os.Stat(file)
	require.NoError(t, err)
	assert.True(t, os.SameFile(before, after), "prepared once")
	// Another text of the same length, and another tokenizer, are prepared anew.
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("abd ", 100)), 0o644))
	_, _, _, err = prepared(t, path, cache, nil, "char")
	require.NoError(t, err)
	assert.Len(t, tokenFiles(t, cache, "*"), 4)
	_, _, _, err = prepared(t, path, cache, NewChar("dcba "), "")
	require.NoError(t, err)
	assert.Len(t, tokenFiles(t, cache, "*"), 5, "a known tokenizer is not kept again")
}

func TestWideTokenFile(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "x.tokens"))
	require.NoError(t, err)
	w, err := newTokenWriter(f, 1<<17)
	require.NoError(t, err)
	want := []int{0, 1<<17 - 1, 65536, 7}
	require.NoError(t, w.append(want))
	require.NoError(t, w.finish())
	tokens, h, err := openTokenFile(f.Name())
	require.NoError(t, err)
	defer tokens.Close()
	assert.EqualValues(t, 4, h.Width)
	ids := make([]int, 4)
	tokens.Copy(ids, 0)
	assert.Equal(t, want, ids)
	held, err := readTokens(f, h)
	require.NoError(t, err)
	held.Copy(ids, 0)
	assert.Equal(t, want, ids, "systems that do not map files read them")
}

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
		"a changed id":    {func(b []byte) []byte { b[headerSize] ^= 1; return b }, "checksum is wrong"},
		"an id too large": {func(b []byte) []byte { b[headerSize] = 9; return b }, "id 9 of token 0 is outside the vocabulary of 4"},
		"cut off":         {func(b []byte) []byte { return b[:len(b)-1] }, "the header promises 400 ids of 2 bytes, the file holds 799"},
		"no header":       {func(b []byte) []byte { return b[:20] }, "no whole header"},
		"empty":           {func(b []byte) []byte { return nil }, "no whole header"},
		"another magic":   {func(b []byte) []byte { b[0] = 'X'; return b }, "not a token file"},
		"a hostile count": {func(b []byte) []byte { binary.LittleEndian.PutUint64(b[at(2):], 1<<63); return b }, "the header promises"},
		"a hostile width": {func(b []byte) []byte { binary.LittleEndian.PutUint64(b[at(0):], 0); return b }, "ids of 0 bytes"},
		"a hostile split": {func(b []byte) []byte { binary.LittleEndian.PutUint64(b[at(3):], 401); return b }, "the training part ends at 401 of 400"},
		"another source":  {func(b []byte) []byte { b[8*6+32] ^= 1; return b }, "made from another text"},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(file, tt.change(append([]byte(nil), whole...)), 0o644))
			_, _, _, err := prepared(t, path, cache, nil, "char")
			assert.ErrorContains(t, err, tt.want)
			assert.ErrorContains(t, err, "delete it")
		})
	}
}

// A disk that is full while a corpus is prepared leaves nothing behind.
func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no /dev/full here")
	}
	defer full.Close()
	c, err := Config{Name: write(t, "x.txt", strings.Repeat("abc ", 1<<20))}.resolve()
	require.NoError(t, err)
	j := &textJob{Config: c, text: textSource{files: []string{c.Name}}}
	path := filepath.Join(t.TempDir(), "x.tokens")
	err = createWhole(path, func(*os.File) error {
		return j.fill(full, NewByte(), [32]byte{}, newProgress(nil, "", 0, false))
	})
	assert.ErrorContains(t, err, "no space left on device")
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestUnwritableCache(t *testing.T) {
	blocked := write(t, "file", "")
	_, _, _, err := prepared(t, write(t, "x.txt", "abc abc"), blocked, nil, "char")
	assert.ErrorContains(t, err, "not a directory")
}
