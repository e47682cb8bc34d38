package data

import (
	"compress/gzip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
)

// shared returns the path of a reference file that is not part of the repository, or skips the test.
func shared(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "shared", "data", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s is not available", path)
	}
	return path
}

// write writes a file into a new temporary directory and returns its path.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	return path
}

// allTokens decodes all tokens of a text corpus.
func allTokens(t *testing.T, c *Corpus) string {
	t.Helper()
	tokens := c.parts.(*textParts).tokens
	ids := make([]int, tokens.Len())
	tokens.Copy(ids, 0)
	text, err := c.Tokenizer.Decode(ids)
	require.NoError(t, err)
	return text
}

// asks reports whether there is any target.
func asks(targets []int) bool {
	return slices.ContainsFunc(targets, func(target int) bool { return target >= 0 })
}

func TestOpenTinyShakespeare(t *testing.T) {
	c, err := Open(Config{Name: shared(t, "tinyshakespeare.txt")}, tokenizer.Config{}, nil, Options{})
	require.NoError(t, err)
	defer c.Close()
	// nanoGPT's data/shakespeare_char/prepare.py prints these three numbers.
	assert.Equal(t, 65, c.Tokenizer.Vocab())
	assert.Equal(t, 1003854, c.Info.Train)
	assert.Equal(t, 111540, c.Info.Valid)
	b, err := c.Valid(12, 64)
	require.NoError(t, err)
	targets := 0
	var batch Batch
	for n := range b.Len() {
		require.NoError(t, b.Batch(n, &batch))
		for _, target := range batch.Targets {
			if target >= 0 {
				targets++
			}
		}
	}
	assert.Equal(t, 111540, targets)
}

func TestOpenOpticks(t *testing.T) {
	c, err := Open(Config{}, tokenizer.Config{Kind: "byte"}, nil, Options{})
	require.NoError(t, err)
	defer c.Close()
	assert.Equal(t, "opticks", c.Info.Name)
	assert.Contains(t, allTokens(t, c), "The Rays of Light")
	assert.Contains(t, c.Describe(), "public domain")
}

func TestOpenWithoutGo(t *testing.T) {
	t.Setenv("PATH", "")
	c, err := Open(Config{}, tokenizer.Config{}, nil, Options{Cache: t.TempDir()})
	require.NoError(t, err)
	assert.Contains(t, c.Describe(), "using generated tales instead")
	assert.Equal(t, "tales", c.Config.Name, "a resumed run must use the same text")
}

func TestOpenWithoutCache(t *testing.T) {
	t.Setenv("HOME", "")
	t.Setenv("XDG_CACHE_HOME", "")
	_, err := Open(Config{Name: write(t, "x.txt", "a small text needs no cache")}, tokenizer.Config{}, nil, Options{})
	assert.NoError(t, err)
}

func TestOpenReadsDirectoriesAndGzip(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "b.md"), []byte("second\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.txt"), []byte("first"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "c.bin"), []byte("never"), 0o644))
	f, err := os.Create(filepath.Join(dir, "c.txt.gz"))
	require.NoError(t, err)
	z := gzip.NewWriter(f)
	z.Write([]byte("third"))
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())
	c, err := Open(Config{Name: dir}, tokenizer.Config{}, nil, Options{})
	require.NoError(t, err)
	assert.Equal(t, "first\nsecond\nthird", allTokens(t, c))
}

func TestInvalidText(t *testing.T) {
	text := "good \xff\xed\xa0\x80 bad\x00" + strings.Repeat(" more", 9)
	c, err := Open(Config{Name: write(t, "x.txt", text)}, tokenizer.Config{}, nil, Options{})
	require.NoError(t, err)
	assert.Equal(t, text, allTokens(t, c), "kept unchanged")
	for _, bad := range []struct{ text, want string }{
		{"good \xff", "x.txt: byte offset 5: byte 0xff is not valid UTF-8"},
		{"ab\xed\xa0\x80", "x.txt: byte offset 2: a lone surrogate"},
		{"abc\x00", "x.txt: byte offset 3: a NUL byte"},
		{"abc\xe6", "x.txt: byte offset 3: byte 0xe6"},
		{strings.Repeat("word ", 300000) + "\xfe", "x.txt: byte offset 1500000: byte 0xfe"},
	} {
		_, err := Open(Config{Name: write(t, "x.txt", bad.text), Invalid: "refuse"}, tokenizer.Config{}, nil, Options{})
		assert.ErrorContains(t, err, bad.want)
	}
}

func TestOpenErrors(t *testing.T) {
	text := write(t, "x.txt", "abcabcabc 春")
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.txt"), []byte("abc"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "b.txt"), []byte("abcd"), 0o644))
	notGzip := write(t, "x.txt.gz", "abc")
	for _, bad := range []struct {
		c     Config
		known tokenizer.Tokenizer
		want  string
	}{
		{Config{Name: "nowhere"}, nil, "neither a file, nor a directory, nor a named corpus"},
		{Config{Name: write(t, "x.txt", "")}, nil, "the text is empty"},
		{Config{Name: t.TempDir()}, nil, "has no text files"},
		{Config{Name: notGzip}, nil, "not a gzip file"},
		{Config{Name: text, Task: "lmm"}, nil, `data.task is "lmm"`},
		{Config{Name: text, Split: 1}, nil, "data.split is 1"},
		{Config{Name: text, Level: 4}, nil, "data.level is 4"},
		{Config{Name: text}, tokenizer.NewChar("abc "), "x.txt: character \"春\" (U+6625) at byte offset 10"},
		{Config{Name: dir}, tokenizer.NewChar("abc\n"), "b.txt: character \"d\" (U+0064) at byte offset 3"},
	} {
		_, err := Open(bad.c, tokenizer.Config{}, bad.known, Options{})
		assert.ErrorContains(t, err, bad.want)
	}
}

func TestShortTextIsAnError(t *testing.T) {
	c, err := Open(Config{Name: write(t, "x.txt", "a short text")}, tokenizer.Config{}, nil, Options{})
	require.NoError(t, err)
	_, err = c.Train(4, 64, 1)
	assert.ErrorContains(t, err, "has 10 tokens, but 1 × a context of 64 needs 65")
	_, err = c.Train(0, 64, 1)
	assert.ErrorContains(t, err, "a batch of 0 sequences")
}
