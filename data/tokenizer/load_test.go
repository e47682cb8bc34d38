package tokenizer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hfJSON returns a Hugging Face tokenizer.json with the bytes, "ab" and "Ġab" as pieces and
// <|endoftext|> as added token; change, unless nil, edits it first.
func hfJSON(t testing.TB, change func(file map[string]any)) string {
	t.Helper()
	vocab := map[string]any{}
	for b, letter := range byteLetters {
		vocab[string(letter)] = b
	}
	vocab["ab"], vocab["Ġab"] = 256, 257
	file := map[string]any{
		"version":       "1.0",
		"truncation":    nil,
		"added_tokens":  []any{map[string]any{"id": 258, "content": "<|endoftext|>", "special": true}},
		"normalizer":    nil,
		"pre_tokenizer": map[string]any{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true},
		"decoder":       map[string]any{"type": "ByteLevel"},
		"model": map[string]any{
			"type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": "",
			"vocab": vocab, "merges": []any{"a b", []any{"Ġ", "ab"}},
		},
	}
	if change != nil {
		change(file)
	}
	text, err := json.Marshal(file)
	require.NoError(t, err)
	return string(text)
}

func TestHuggingFace(t *testing.T) {
	tok, err := parseAny(hfJSON(t, nil))
	require.NoError(t, err)
	assert.Equal(t, 259, tok.Vocab())
	end, ok := tok.Special("<|endoftext|>")
	assert.True(t, ok)
	assert.Equal(t, 258, end)
	ids, err := tok.Encode("ab ab\xff")
	require.NoError(t, err)
	assert.Equal(t, []int{256, 257, 0xff}, ids)

	_, err = parseAny(hfJSON(t, func(file map[string]any) {
		file["pre_tokenizer"] = map[string]any{"type": "Sequence", "pretokenizers": []any{
			map[string]any{"type": "Split", "pattern": map[string]any{"Regex": gpt2Pattern}, "behavior": "Isolated", "invert": false},
			map[string]any{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false},
		}}
	}))
	assert.NoError(t, err)
}

// TestHuggingFaceGaps loads a vocabulary that lacks some bytes.
func TestHuggingFaceGaps(t *testing.T) {
	tok, err := parseAny(hfJSON(t, func(file map[string]any) {
		file["added_tokens"] = nil
		file["model"] = map[string]any{"type": "BPE", "vocab": map[string]any{"a": 0, "Ċ": 1, "æ": 2, "aa": 3}, "merges": []string{"a a"}}
	}))
	require.NoError(t, err)
	ids, err := tok.Encode("aaa\n")
	require.NoError(t, err)
	assert.Equal(t, []int{3, 0, 1}, ids)
	_, err = tok.Encode("aa春") // e6 98 a5, of which e6, written æ, is a piece
	var unknown *UnknownError
	require.ErrorAs(t, err, &unknown)
	assert.Equal(t, UnknownError{Piece: "春", Offset: 2}, *unknown)
	_, err = tok.Encode("\xff")
	assert.EqualError(t, err, "byte 0xff at byte offset 0 is not valid UTF-8 and not in the vocabulary: train the tokenizer on text that has it, or use one that covers all bytes (byte, bpe)")
}

// TestHuggingFaceGPT2 loads GPT-2's vocabulary in Hugging Face's format: the ids are the same.
func TestHuggingFaceGPT2(t *testing.T) {
	var vocab map[string]any
	require.NoError(t, json.Unmarshal([]byte(sharedText(t, "tokenizers/gpt2_encoder.json")), &vocab))
	merges, err := mergeLines([]byte(sharedText(t, "tokenizers/gpt2_vocab.bpe")))
	require.NoError(t, err)
	tok, err := parseAny(hfJSON(t, func(file map[string]any) {
		file["added_tokens"] = []any{map[string]any{"id": 50256, "content": "<|endoftext|>", "special": true}}
		file["model"] = map[string]any{"type": "BPE", "vocab": vocab, "merges": merges}
	}))
	require.NoError(t, err)
	text := sharedText(t, "data/tatoeba_en_zh.tsv")[:100000]
	want, err := gpt2(t).Encode(text)
	require.NoError(t, err)
	got, err := tok.Encode(text)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestLoadFindsFiles(t *testing.T) {
	vocab, err := os.ReadFile(sharedFile(t, "tokenizers/gpt2_encoder.json"))
	require.NoError(t, err)
	merges, err := os.ReadFile(sharedFile(t, "tokenizers/gpt2_vocab.bpe"))
	require.NoError(t, err)
	for _, names := range gpt2Files {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, names[0]), vocab, 0o644))
		_, err := Load(dir)
		assert.ErrorContains(t, err, names[1], "the file that is missing is named")
		require.NoError(t, os.WriteFile(filepath.Join(dir, names[1]), merges, 0o644))
		for _, path := range []string{dir, filepath.Join(dir, names[0]), filepath.Join(dir, names[1])} {
			tok, err := Load(path)
			require.NoError(t, err)
			assert.Equal(t, 50257, tok.Vocab())
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	dir := t.TempDir()
	_, err := Load(dir)
	assert.ErrorContains(t, err, "the directory has none of the files")
	_, err = Load(filepath.Join(dir, "none.json"))
	assert.ErrorIs(t, err, os.ErrNotExist)
	for want, text := range map[string]string{
		"unexpected end of JSON":           "",
		"would have 0 bytes":               string(make([]byte, 12)),
		"the JSON is not a tokenizer":      `{"a": 1}`,
		"the name of the other is unknown": "#version: 0.2\na b\n",
		"line 2: invalid character":        "{\n x",
	} {
		path := filepath.Join(dir, "some.file")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		_, err := Load(path)
		assert.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, path)
	}
	large, err := os.Create(filepath.Join(dir, "large.json"))
	require.NoError(t, err)
	require.NoError(t, large.Truncate(maxFile+1<<20))
	require.NoError(t, large.Close())
	_, err = Load(large.Name())
	assert.ErrorContains(t, err, "more than the limit of 256 MB")
}

func TestGPT2FilesAreChecked(t *testing.T) {
	vocab := map[string]int{}
	for b, letter := range byteLetters {
		vocab[string(letter)] = b
	}
	text, err := json.Marshal(vocab)
	require.NoError(t, err)
	for want, merges := range map[string]string{
		"does not begin with #version":      "a b\n",
		`produces "ab"`:                     "#version: 0.2\na b\n",
		`merge 0 ("a") is not two pieces`:   "#version: 0.2\n\n" + "a\n",
		`merge 0 names "zz"`:                "#version: 0.2\nzz b\n",
		`merge 0 ("a b c") is not two`:      "#version: 0.2\na b c\n",
		"merges, line 2: bufio.Scanner":     "#version: 0.2\n" + strings.Repeat("a", 70000),
		`merge 0: "春" has '春' (U+6625), wh`: "#version: 0.2\n春 b\n",
	} {
		_, err := parseGPT2(text, []byte(merges))
		assert.ErrorContains(t, err, want)
	}
}

// A learned tokenizer survives a round trip through GPT-2's two files, special tokens included.
func TestGPT2FilesRoundTrip(t *testing.T) {
	learned, err := TrainBPE(strings.NewReader(strings.Repeat("The quick brown fox, 敏捷的狐狸: the quicker \"fox\" \\ the brown one.\n", 50)), 300, nil)
	require.NoError(t, err)
	for _, tok := range []Tokenizer{learned, WithSpecials(learned, "<|end|>", "<|role:狐狸|>", "two words")} {
		vocab, merges, err := GPT2Files(tok)
		require.NoError(t, err)
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "vocab.json"), vocab, 0o644))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "merges.txt"), merges, 0o644))
		again, err := Load(dir)
		require.NoError(t, err)
		assert.Equal(t, tok.Vocab(), again.Vocab())
		for _, name := range []string{"<|end|>", "<|role:狐狸|>", "two words"} {
			want, has := tok.Special(name)
			got, hasToo := again.Special(name)
			assert.Equal(t, []any{want, has}, []any{got, hasToo})
		}
		const text = "the brown 狐狸 \"jumps\" \\\n\n\xff <|end|>"
		want, err := tok.Encode(text)
		require.NoError(t, err)
		got, err := again.Encode(text)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

// A tokenizer that the two files cannot express is an error.
func TestGPT2FilesRefuse(t *testing.T) {
	learned, err := TrainBPE(strings.NewReader(strings.Repeat("the then they ", 50)), 260, nil)
	require.NoError(t, err)
	chars, err := CharsOf([]string{"a", "b"})
	require.NoError(t, err)
	unmade, err := parseAny(hfJSON(t, func(file map[string]any) {
		file["model"].(map[string]any)["merges"] = []any{"a b"} // and "Ġab" stays a piece
	}))
	require.NoError(t, err)
	gaps, err := parseAny(hfJSON(t, func(file map[string]any) {
		vocab := file["model"].(map[string]any)["vocab"].(map[string]any)
		delete(vocab, "ab")
		delete(vocab, "Ġab")
		delete(vocab, string(byteLetters[255]))
		file["model"].(map[string]any)["merges"] = []any{}
		file["added_tokens"] = []any{}
	}))
	require.NoError(t, err)
	for want, tok := range map[string]Tokenizer{
		"a char tokenizer is not a byte-level BPE": chars,
		"a byte tokenizer is not a byte-level BPE": NewByte(),
		"neither special nor produced by a merge":  unmade,
		"some bytes have no id":                    gaps,
		"cannot express the tokenizer":             WithSpecials(learned, "!"),
	} {
		_, _, err := GPT2Files(tok)
		assert.ErrorContains(t, err, want)
	}
}
