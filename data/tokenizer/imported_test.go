package tokenizer

import (
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lossy are the kinds in testdata whose ids lose more of a text than importedText says: unknown
// characters, and white space that added tokens strip.
var lossy = map[string]bool{"unknown": true, "fusedUnknown": true, "neox": true}

// importedText returns what a decoded text has of text, which begins a whole text or follows others.
func importedText(t *testing.T, v *vocabulary, text string, whole bool) string {
	t.Helper()
	e, ok := v.encoder.(*importedEncoder)
	if !ok {
		return text
	}
	if whole && e.strip {
		text = strings.TrimLeftFunc(text, unicode.IsSpace)
	}
	text, err := e.normal(text)
	require.NoError(t, err)
	if e.model.space != "" {
		text = strings.ReplaceAll(text, e.model.space, " ")
	}
	if whole && e.space == spaceUnless {
		text = strings.TrimPrefix(text, " ")
	}
	return text
}

// decodeBoth returns the text of ids, which a Stream must return too.
func decodeBoth(t *testing.T, tok Tokenizer, ids []int) string {
	t.Helper()
	text, err := tok.Decode(ids)
	require.NoError(t, err)
	var streamed strings.Builder
	s := NewStream(tok)
	for _, id := range ids {
		streamed.WriteString(s.Push(id))
	}
	streamed.WriteString(s.Flush())
	require.Equal(t, text, streamed.String())
	return text
}

// Decoded texts of all kinds are those that were encoded, whole or in two parts, except for what their
// normalizers change.
func TestImportedDecodes(t *testing.T) {
	texts := randomTexts(200, 3, nil)
	texts = append(texts, "", " ", "  a", "\xff", "a\xe6\x98", "春"[:1], "<s> </s>", "\n")
	for name, tok := range allKinds(t) {
		if lossy[name] {
			continue
		}
		begin, begins := tok.Begin()
		for i, text := range texts {
			ids, err := tok.Encode(text)
			require.NoError(t, err)
			if begins {
				require.Equal(t, begin, ids[0], name)
				require.NotContains(t, ids[1:], begin, name)
			}
			require.Equal(t, importedText(t, tok, text, true), decodeBoth(t, tok, ids), "%s: %q", name, text)
			next := texts[(i+1)%len(texts)]
			more, err := tok.EncodeNext(next)
			require.NoError(t, err)
			require.NotContains(t, more, begin)
			if len(ids) > 1 { // text is not empty
				require.Equal(t, importedText(t, tok, text, true)+importedText(t, tok, next, false), decodeBoth(t, tok, append(ids, more...)),
					"%s: %q and %q", name, text, next)
			}
		}
	}
}

// Chunks have the ids of the whole text, in all kinds, and saved tokenizers those of the file.
func TestImportedChunks(t *testing.T) {
	text := strings.Join(randomTexts(200, 4, nil), "\n")
	for name, tok := range allKinds(t) {
		whole, err := tok.Encode(text)
		require.NoError(t, err)
		path := filepath.Join(t.TempDir(), "tokenizer.json")
		require.NoError(t, WithSpecials(tok, "<|more|>").Save(path))
		saved, err := Load(path)
		require.NoError(t, err)
		more, ok := saved.Special("<|more|>")
		require.True(t, ok)
		require.Equal(t, tok.Vocab(), more)
		for _, size := range []int{300, 1000, 4096} {
			var ids []int
			require.NoError(t, EachChunk(strings.NewReader(text), size, func(chunk string) error {
				encode := saved.EncodeNext
				if ids == nil {
					encode = saved.Encode
				}
				part, err := encode(chunk)
				ids = append(ids, part...)
				return err
			}))
			require.Equal(t, whole, ids, "%s, chunks of %d", name, size)
		}
	}
}

// A character without an id is an error if the file has no unknown token.
func TestImportedUnknown(t *testing.T) {
	chars, err := CharsOf([]string{"a", "b", " "})
	require.NoError(t, err)
	var text strings.Builder
	require.NoError(t, WriteHuggingFace(&text, chars))
	tok, err := parseHuggingFace([]byte(text.String()))
	require.NoError(t, err)
	ids, err := tok.Encode("ab a")
	require.NoError(t, err)
	want, err := chars.Encode("ab a")
	require.NoError(t, err)
	assert.Equal(t, want, ids)
	_, err = tok.Encode("ab 春a")
	var unknown *UnknownError
	require.ErrorAs(t, err, &unknown)
	assert.Equal(t, UnknownError{Piece: "春", Offset: 3}, *unknown)
	_, err = ParseSpecials(WithSpecials(tok, "<|end|>")).Encode("a<|end|>ab\xff")
	require.ErrorAs(t, err, &unknown)
	assert.Equal(t, UnknownError{Piece: "\xff", Offset: 10}, *unknown)
}

// Normalizers that make a text many times longer are an error.
func TestImportedTextsHaveALimit(t *testing.T) {
	tok, err := parseAny(hfJSON(t, func(file map[string]any) {
		file["normalizer"] = map[string]any{"type": "Replace", "pattern": map[string]any{"String": "a"}, "content": strings.Repeat("ab", 9)}
	}))
	require.NoError(t, err)
	_, err = tok.Encode("a short text")
	require.NoError(t, err)
	_, err = tok.Encode(strings.Repeat("a", 1000))
	assert.EqualError(t, err, "normalizer of the tokenizer: replacing makes 1000 bytes longer than 16256 bytes")
}

// A saved file is refused if its pieces are not those of the file of Hugging Face's in it.
func TestImportedFilesAreChecked(t *testing.T) {
	llama := allKinds(t)["llama2"]
	for want, change := range map[string]func(f *jsonFile){
		"pieces and specials are not those":       func(f *jsonFile) { f.Pieces[5] = "x" },
		"is neither in huggingface nor a special": func(f *jsonFile) { f.Pieces = append(f.Pieces, "more") },
		"only BPE": func(f *jsonFile) { f.HuggingFace = []byte(`{"model":{"type":"Unigram"}}`) },
	} {
		f := llama.file()
		change(f)
		f.Checksum = f.sum()
		text, err := marshalPlain(f, "")
		require.NoError(t, err)
		_, err = parseSaved(text)
		assert.ErrorContains(t, err, want)
	}
}
