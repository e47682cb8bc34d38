// Package tokenizertest makes a small tokenizer of every kind and format, so that tests hold all of them
// to the same contract.
package tokenizertest

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
)

// All returns tokenizers by name: of every kind, and of every file format that tokenizer.Load reads.
// Merges and characters are those of text; the character tokenizer cannot express others.
func All(t testing.TB, text string) map[string]tokenizer.Tokenizer {
	t.Helper()
	bpe, err := tokenizer.TrainBPE(strings.NewReader(text), 300, nil)
	require.NoError(t, err)
	all := map[string]tokenizer.Tokenizer{
		"char":         tokenizer.NewChar(text),
		"byte":         tokenizer.NewByte(),
		"words":        words(t, tokenizer.SpaceWords, text),
		"unicode":      words(t, tokenizer.UnicodeWords, text),
		"bpe":          bpe,
		"gpt2":         gpt2(t, bpe),
		"hugging face": huggingFace(t, bpe),
		"llama2.c":     load(t, "tok.bin", Llama2c(text)),
	}
	for name, tok := range all {
		path := filepath.Join(t.TempDir(), "tokenizer.json")
		require.NoError(t, tok.Save(path))
		saved, err := tokenizer.Load(path)
		require.NoError(t, err)
		all[name+", saved"] = saved
	}
	return all
}

// words returns the word tokenizer of text, and of text with spaces around its punctuation.
func words(t testing.TB, rule, text string) tokenizer.Tokenizer {
	t.Helper()
	counter, err := tokenizer.NewWordCounter(rule)
	require.NoError(t, err)
	counter.Add(text)
	counter.Add(strings.NewReplacer(",", " , ", ".", " . ", ":", " : ").Replace(text))
	tok, err := counter.Tokenizer(1, 0)
	require.NoError(t, err)
	return tok
}

// Decoded returns the text that the ids of a text decode to, if tok knows all its words: text, except
// that a word tokenizer keeps only words and ends of lines.
func Decoded(tok tokenizer.Tokenizer, text string) string {
	if tok.Kind() != "word" {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.Join(strings.Fields(line), " ")
	}
	return strings.Join(lines, "\n")
}

// load writes a file and loads the tokenizer in it.
func load(t testing.TB, name string, file []byte) tokenizer.Tokenizer {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, file, 0o644))
	tok, err := tokenizer.Load(path)
	require.NoError(t, err)
	return tok
}

// gpt2 writes GPT-2's two files and loads them.
func gpt2(t testing.TB, bpe tokenizer.Tokenizer) tokenizer.Tokenizer {
	t.Helper()
	vocab, merges, err := tokenizer.GPT2Files(bpe)
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "vocab.json"), vocab, 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "merges.txt"), merges, 0o644))
	tok, err := tokenizer.Load(dir)
	require.NoError(t, err)
	return tok
}

// huggingFace writes the tokenizer.json of Hugging Face and loads it.
func huggingFace(t testing.TB, bpe tokenizer.Tokenizer) tokenizer.Tokenizer {
	t.Helper()
	vocab, merges, err := tokenizer.GPT2Files(bpe)
	require.NoError(t, err)
	_, lines, _ := strings.Cut(strings.TrimSpace(string(merges)), "\n") // the first is the version
	file, err := json.Marshal(map[string]any{
		"added_tokens":  []any{map[string]any{"id": bpe.Vocab(), "content": "<|endoftext|>", "special": true}},
		"pre_tokenizer": map[string]any{"type": "ByteLevel", "add_prefix_space": false},
		"model":         map[string]any{"type": "BPE", "vocab": json.RawMessage(vocab), "merges": strings.Split(lines, "\n")},
	})
	require.NoError(t, err)
	return load(t, "tokenizer.json", file)
}

// Llama2c returns a tokenizer file of llama2.c, whose pieces are the characters of text and the
// beginnings of its words up to six bytes, with the space before them.
func Llama2c(text string) []byte {
	pieces := []string{"<unk>", "\n<s>\n", "\n</s>\n"}
	for b := range 256 {
		pieces = append(pieces, fmt.Sprintf("<0x%02X>", b))
	}
	seen := map[string]bool{}
	add := func(piece string) {
		if !seen[piece] {
			seen[piece] = true
			pieces = append(pieces, piece)
		}
	}
	add(" ")
	for _, c := range text {
		add(string(c))
	}
	for _, word := range strings.Fields(text) {
		for n := 1; n <= min(6, len(word)); n++ {
			add(" " + word[:n])
		}
	}
	const longest = 16
	file := binary.LittleEndian.AppendUint32(nil, longest)
	for i, piece := range pieces {
		file = binary.LittleEndian.AppendUint32(file, math.Float32bits(-float32(i)))
		file = binary.LittleEndian.AppendUint32(file, uint32(len(piece)))
		file = append(file, piece...)
	}
	return file
}
