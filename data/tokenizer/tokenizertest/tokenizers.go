// Package tokenizertest makes a small tokenizer of every kind and format, so that tests hold all of them
// to the same contract.
package tokenizertest

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

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
		"bpe":          bpe,
		"gpt2":         gpt2(t, bpe),
		"hugging face": huggingFace(t, bpe),
		"llama2.c":     load(t, "tok.bin", Llama2c(text)),
	}
	all["llama 2"] = exported(t, all["llama2.c"], nil)
	all["llama 3"] = exported(t, bpe, llama3)
	for _, name := range slices.Collect(maps.Keys(all)) {
		tok := all[name]
		path := filepath.Join(t.TempDir(), "tokenizer.json")
		require.NoError(t, tok.Save(path))
		saved, err := tokenizer.Load(path)
		require.NoError(t, err)
		all[name+", saved"] = saved
	}
	return all
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

// exported writes the tokenizer.json of Hugging Face for tok, changes it unless change is nil, and loads it.
func exported(t testing.TB, tok tokenizer.Tokenizer, change func(file map[string]any)) tokenizer.Tokenizer {
	t.Helper()
	var text bytes.Buffer
	require.NoError(t, tokenizer.WriteHuggingFace(&text, tok))
	if change == nil {
		return load(t, "tokenizer.json", text.Bytes())
	}
	var file map[string]any
	require.NoError(t, json.Unmarshal(text.Bytes(), &file))
	change(file)
	changed, err := json.Marshal(file)
	require.NoError(t, err)
	return load(t, "tokenizer.json", changed)
}

// llama3 makes a byte-level tokenizer one with the words and the begin token of Llama 3, and an added token
// that is not special.
func llama3(file map[string]any) {
	const words = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	model := file["model"].(map[string]any)
	n := len(model["vocab"].(map[string]any))
	model["ignore_merges"] = true
	file["added_tokens"] = []any{map[string]any{"id": n, "content": "<|begin_of_text|>", "special": true}, map[string]any{"id": n + 1, "content": "<think>"}}
	file["pre_tokenizer"] = map[string]any{"type": "Sequence", "pretokenizers": []any{
		map[string]any{"type": "Split", "pattern": map[string]any{"Regex": words}, "behavior": "Isolated"},
		map[string]any{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}}}
	file["post_processor"] = map[string]any{"type": "TemplateProcessing",
		"single":         []any{map[string]any{"SpecialToken": map[string]any{"id": "<|begin_of_text|>"}}, map[string]any{"Sequence": map[string]any{"id": "A"}}},
		"special_tokens": map[string]any{"<|begin_of_text|>": map[string]any{"ids": []int{n}}}}
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
			if utf8.ValidString(word[:n]) {
				add(" " + word[:n])
			}
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
