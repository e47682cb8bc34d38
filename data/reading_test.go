package data

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
)

// littleEndian returns text in UTF-16LE.
func littleEndian(text string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return string(b)
}

// A text is the same corpus with a byte order mark, in UTF-16, and behind a symbolic link.
func TestTextIsReadAsPeopleKeepIt(t *testing.T) {
	const plain = "春眠不觉晓 the rays of light\n"
	text := strings.Repeat(plain, 50)
	want, err := Open(Config{Name: write(t, "plain.txt", text)}, tokenizer.Config{}, nil, Options{})
	require.NoError(t, err)
	assert.Empty(t, want.Info.Notes)
	utf16File := write(t, "utf16.txt", littleEndian(text))
	for path, note := range map[string]string{
		write(t, "mark.txt", "\ufeff"+text):  "",
		utf16File:                            utf16File + " is UTF-16LE: converted to UTF-8",
		linked(t, write(t, "own.txt", text)): "",
	} {
		c, err := Open(Config{Name: path}, tokenizer.Config{}, nil, Options{Cache: t.TempDir()})
		require.NoError(t, err)
		assert.Equal(t, text, allTokens(t, c), path)
		assert.Equal(t, want.Tokenizer.Vocab(), c.Tokenizer.Vocab(), path)
		assert.Equal(t, want.Info.Bytes, c.Info.Bytes)
		assert.Equal(t, note, strings.Join(c.Info.Notes, "\n"))
	}
	_, err = Open(Config{Name: utf16File, Invalid: "refuse"}, tokenizer.Config{}, nil, Options{})
	assert.ErrorContains(t, err, utf16File+" is UTF-16LE, not UTF-8: convert it with iconv -f UTF-16LE -t UTF-8 "+utf16File+" > utf8-utf16.txt")
}

// linked returns a symbolic link to the directory of a file.
func linked(t *testing.T, file string) string {
	t.Helper()
	at := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Dir(file), at); err != nil {
		t.Skip(err)
	}
	return at
}

func TestNotesOfText(t *testing.T) {
	wrong := write(t, "x.txt", "春\xff眠\x00\n"+strings.Repeat("text\n", 20))
	dir := t.TempDir()
	for name, content := range map[string]string{"a.txt": "abc\n", "b.jsonl": "{}", "c.txt": "\ufeffdef\n"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
	}
	for path, note := range map[string]string{
		wrong: `2 bytes are NUL or not valid UTF-8 and are kept as they are, the first at byte offset 3 of the text: data.invalid = "refuse" makes them an error`,
		dir:   dir + ": skipped 1 files that are not .txt, .md, .text (1 .jsonl)",
	} {
		c, err := Open(Config{Name: path}, tokenizer.Config{}, nil, Options{})
		require.NoError(t, err)
		assert.Equal(t, []string{note}, c.Info.Notes)
		assert.Contains(t, c.Describe(), "note      "+note+"\n")
		if path == dir {
			assert.Equal(t, "abc\ndef\n", allTokens(t, c), "the mark of each file is dropped")
		}
	}
}

func TestNotesOfTables(t *testing.T) {
	rows := strings.Repeat("a\tb\n", 5)
	hash := write(t, "x.tsv", "#tag river\t#TAG\n"+rows)
	c, err := Open(Config{Name: hash, Task: "pairs"}, tokenizer.Config{}, nil, Options{})
	require.NoError(t, err)
	assert.Equal(t, []string{"line 1 of " + hash + " begins with # and was read as the names of the columns (tag river, #TAG): to use it as a row, put a line of names before it, such as #source<tab>target"}, c.Info.Notes)
	c, err = Open(Config{Name: write(t, "x.tsv", "#source\ttarget\n#tag river\t#TAG\n"+rows), Task: "pairs", Source: "source", Target: "target"}, tokenizer.Config{}, nil, Options{})
	require.NoError(t, err)
	assert.Empty(t, c.Info.Notes, "the names are used")
	_, known := c.Tokenizer.Encode("#tag river")
	assert.NoError(t, known, "the row is used")

	utf16File := write(t, "x.tsv", littleEndian("\ufeff春\t夏\n"+strings.Repeat("a\tb\n", 5)))
	c, err = Open(Config{Name: utf16File, Task: "pairs"}, tokenizer.Config{}, nil, Options{})
	require.NoError(t, err)
	assert.Equal(t, []string{utf16File + " is UTF-16LE: converted to UTF-8"}, c.Info.Notes)
	_, err = c.Tokenizer.Encode("春夏ab")
	assert.NoError(t, err)
	_, err = c.Tokenizer.Encode("\ufeff")
	assert.Error(t, err)
	_, err = Open(Config{Name: utf16File, Task: "pairs", Invalid: "refuse"}, tokenizer.Config{}, nil, Options{})
	assert.ErrorContains(t, err, "is UTF-16LE, not UTF-8: convert it with iconv")

	_, err = Open(Config{Name: write(t, "x.txt", "a,b\n"), Task: "pairs"}, tokenizer.Config{}, nil, Options{})
	assert.ErrorContains(t, err, "has one column: columns are separated by tabs, not by commas or spaces")
}
