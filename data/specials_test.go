package data

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
)

// With tokenizer.specials = "parse" the ends of documents that a text names are single
// tokens, in running text and in tables; the training part does not end within one.
func TestSpecialsInText(t *testing.T) {
	tk := tokenizer.WithSpecials(tokenizer.NewByte(), "<|endoftext|>")
	end, _ := tk.Special("<|endoftext|>")
	path := filepath.Join(t.TempDir(), "text.txt")
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("A tale.<|endoftext|>", 100)), 0o666))
	for split := 0.85; split < 0.9; split += 0.0007 { // cuts everywhere in a document
		corpus, err := Open(Config{Name: path, Split: split}, tokenizer.Config{Specials: "parse"}, tk, Options{Cache: t.TempDir()})
		require.NoError(t, err)
		assert.Equal(t, 800, corpus.Info.Train+corpus.Info.Valid, "seven letters and an end each")
		require.NoError(t, corpus.Close())
	}
	plain, err := Open(Config{Name: path}, tokenizer.Config{}, tk, Options{Cache: t.TempDir()})
	require.NoError(t, err)
	assert.Equal(t, 2000, plain.Info.Train+plain.Info.Valid)
	require.NoError(t, plain.Close())

	table := filepath.Join(t.TempDir(), "pairs.tsv")
	require.NoError(t, os.WriteFile(table, []byte(strings.Repeat("a\tb<|endoftext|>c\nd\te\n", 30)), 0o666))
	corpus, err := Open(Config{Name: table, Task: "pairs"}, tokenizer.Config{Specials: "parse"}, tk, Options{})
	require.NoError(t, err)
	ids, err := corpus.Tokenizer.Encode("b<|endoftext|>c")
	require.NoError(t, err)
	assert.Equal(t, []int{'b', end, 'c'}, ids)
	_, err = Open(Config{Name: path}, tokenizer.Config{Specials: "yes"}, tk, Options{})
	assert.ErrorContains(t, err, `tokenizer.specials is "yes"`)
}

// The token file of a text whose special tokens are parsed is another than that of plain text.
func TestSpecialsInTokenFiles(t *testing.T) {
	tk := tokenizer.WithSpecials(tokenizer.NewByte(), "<|endoftext|>")
	path := filepath.Join(t.TempDir(), "text.txt")
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("A tale.<|endoftext|>", maxInMemory/20+1)), 0o666))
	cache := t.TempDir()
	var tokens []int
	for _, how := range []string{"", "parse", "", "parse"} {
		corpus, err := Open(Config{Name: path}, tokenizer.Config{Specials: how}, tk, Options{Cache: cache})
		require.NoError(t, err)
		tokens = append(tokens, corpus.Info.Train+corpus.Info.Valid)
		require.NoError(t, corpus.Close())
	}
	assert.Equal(t, tokens[0], tokens[1]*20/8)
	assert.Equal(t, tokens[:2], tokens[2:])
}
