package tokenizer

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// written returns the file of Hugging Face's for tok, and the tokenizer that Load makes of it.
func written(t *testing.T, tok Tokenizer) (string, Tokenizer) {
	t.Helper()
	var file strings.Builder
	require.NoError(t, WriteHuggingFace(&file, tok))
	again, err := parseAny(file.String())
	require.NoError(t, err)
	return file.String(), again
}

// Every kind of tokenizer survives a round trip, with its special tokens and ids.
func TestWriteHuggingFace(t *testing.T) {
	bpe, err := TrainBPE(strings.NewReader(strings.Repeat("The quick brown fox, 敏捷的狐狸\n", 50)), 300, nil)
	require.NoError(t, err)
	all := map[string]Tokenizer{"bpe": bpe, "byte": NewByte(), "char": NewChar("The quick <b> 狐狸\n\\\"&"), "llama": llamaOf(t, llamaPieces())}
	for name, tok := range allKinds(t) {
		all[name] = tok
	}
	for name, tok := range all {
		tok = WithSpecials(tok, "<|end|>", "two words")
		_, again := written(t, tok)
		require.Equal(t, tok.Vocab(), again.Vocab(), name)
		for id := range tok.Vocab() {
			require.Equal(t, tok.Piece(id), again.Piece(id), name)
		}
		for _, text := range []string{"", "The quick 狐狸", " quick<b>", "e  aab\n"} {
			want, err := tok.Encode(text)
			if name == "char" && err != nil {
				continue
			}
			require.NoError(t, err, name)
			got, err := again.Encode(text)
			require.NoError(t, err)
			assert.Equal(t, want, got, "%s: %q", name, text)
		}
		end, ok := again.Special("<|end|>")
		require.True(t, ok)
		require.Equal(t, tok.Vocab()-2, end)
	}
}

// A file that was read is written as it was.
func TestWriteHuggingFaceAsRead(t *testing.T) {
	files := readKinds(t)
	for name, tok := range allKinds(t) {
		if tok.Kind() != kindImported {
			continue
		}
		text, _ := written(t, tok)
		assert.JSONEq(t, string(files[name]), text, name)
	}
	_, again := written(t, ParseSpecials(allKinds(t)["llama3"]))
	assert.Equal(t, kindImported, again.Kind())
}

func TestWriteHuggingFaceTok512(t *testing.T) {
	tok, err := Load(sharedFile(t, "models/tok512.bin"))
	require.NoError(t, err)
	_, again := written(t, tok)
	text := sharedText(t, "data/tinyshakespeare.txt")[:200000]
	want, err := tok.Encode(text)
	require.NoError(t, err)
	got, err := again.Encode(text)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestWriteHuggingFaceRefuses(t *testing.T) {
	llama := llamaPieces()
	llama[260].text = "▁"
	for want, tok := range map[string]Tokenizer{
		`tokens 0 and 256 are both written "Ā" there`: WithSpecials(NewByte(), "Ā"),
		`tokens 259 and 260 are both written "▁"`:     llamaOf(t, llama),
		"some pieces have another meaning there":      NewChar("a\xff"),
		"is not a tokenizer of this project":          nil,
	} {
		err := WriteHuggingFace(&bytes.Buffer{}, tok)
		assert.ErrorContains(t, err, want)
	}
}

func TestBeginEnd(t *testing.T) {
	for _, c := range []struct {
		tok        Tokenizer
		begin, end int
	}{
		{NewByte(), -1, -1},
		{WithSpecials(NewByte(), "<s>", "</s>", "<|end|>"), 256, 258},
		{llamaOf(t, llamaPieces()), 1, 2},
		{allKinds(t)["llama3"], 756, -1},
	} {
		begin, end := BeginEnd(c.tok)
		assert.Equal(t, []int{c.begin, c.end}, []int{begin, end})
	}
}

// The file has the keys of Hugging Face's files.
func TestWriteHuggingFaceKeys(t *testing.T) {
	text, _ := written(t, WithSpecials(NewByte(), "<|end|>"))
	var file map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(text), &file))
	for _, key := range []string{"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model"} {
		assert.Contains(t, file, key)
	}
	var added []hfAdded
	require.NoError(t, json.Unmarshal(file["added_tokens"], &added))
	assert.Equal(t, []hfAdded{{ID: 256, Content: "<|end|>", Special: true}}, added)
}
