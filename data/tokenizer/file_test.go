package tokenizer

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// oneOfEach returns a small tokenizer of every kind, with special tokens.
func oneOfEach(t testing.TB) []Tokenizer {
	t.Helper()
	bpe, err := TrainBPE(strings.NewReader(`a\b a\b <b> "q" "q" 春眠 春眠`+"\xff\xff \xff\xff"), 270, nil)
	require.NoError(t, err)
	all := []Tokenizer{NewChar("\\ \"<>&\u2028\x00\xff\ufffd春"), NewByte(), bpe, llamaOf(t, llamaPieces()), wordsOfText(t, UnicodeWords, "a\\b 春眠 \"q\"\n")}
	for i, tok := range all {
		all[i] = WithSpecials(tok, "<|end|>", `\x41`)
	}
	return all
}

func TestSaveAndLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokenizer.json")
	for _, tok := range oneOfEach(t) {
		require.NoError(t, tok.Save(path))
		loaded, err := Load(path)
		require.NoError(t, err)
		assert.Equal(t, tok.Kind(), loaded.Kind())
		require.Equal(t, tok.Vocab(), loaded.Vocab())
		for id := range tok.Vocab() {
			assert.Equal(t, tok.Piece(id), loaded.Piece(id))
		}
		assert.Equal(t, tok.(*vocabulary).specials, loaded.(*vocabulary).specials)
		var text strings.Builder
		for id := range tok.Vocab() {
			if !tok.(*vocabulary).isSpecial()[id] {
				text.Write(tok.Piece(id))
			}
		}
		want, err := tok.Encode(text.String())
		require.NoError(t, err)
		got, err := loaded.Encode(text.String())
		require.NoError(t, err)
		assert.Equal(t, want, got, tok.Kind())
	}
}

func TestSaveIsReadable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokenizer.json")
	require.NoError(t, WithSpecials(NewChar("春春<\\\xff"), "<|end|>").Save(path))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	head, _, found := strings.Cut(string(text), ` "checksum": "sha256:`)
	require.True(t, found)
	assert.Equal(t, `{
 "format": "euryale-tokenizer",
 "version": 1,
 "kind": "char",
 "specials": {
  "<|end|>": 4
 },
 "pieces": [
  "春",
  "<",
  "\\\\",
  "\\xff",
  "<|end|>"
 ],
`, head)
}

func TestSaveFails(t *testing.T) {
	dir := t.TempDir()
	assert.ErrorContains(t, NewByte().Save(filepath.Join(dir, "none", "tokenizer.json")), "save tokenizer: ")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "tokenizer.json"), 0o755))
	require.Error(t, NewByte().Save(filepath.Join(dir, "tokenizer.json")))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, left, 1, "no temporary file may be left behind")
}

func TestTamperedFilesAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokenizer.json")
	require.NoError(t, NewChar("abc").Save(path))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	whole := string(text)
	for want, changed := range map[string]string{
		"checksum does not match":          strings.Replace(whole, `"b"`, `"x"`, 1),
		"version 2 is not supported":       strings.Replace(whole, `"version": 1`, `"version": 2`, 1),
		`unknown field "extra"`:            strings.Replace(whole, `"version"`, `"extra": 1, "version"`, 1),
		"line 13: invalid char":            whole + "{}",
		"line 9: unexpected end":           strings.Join(strings.Split(whole, "\n")[:9], "\n"),
		"line 4: invalid char":             strings.Replace(whole, `"char"`, `"char"}`, 1),
		"line 3: version is a JSON string": strings.Replace(whole, `: 1`, `: "1"`, 1),
	} {
		_, err := parseAny(changed)
		assert.ErrorContains(t, err, want)
	}
	spaced := strings.ReplaceAll(whole, "\n", "\r\n\t")
	_, err = parseAny(spaced)
	assert.NoError(t, err, "white space does not matter")
}

// parseAny does what Load does with the content of a single JSON file.
func parseAny(text string) (Tokenizer, error) { return loadJSON("tokenizer.json", []byte(text)) }

// TestInconsistentFilesAreRefused changes files and updates their checksums.
func TestInconsistentFilesAreRefused(t *testing.T) {
	const char, byt, bpe, llama, word = 0, 1, 2, 3, 4
	for _, c := range []struct {
		kind   int
		change func(f *jsonFile)
		want   string
	}{
		{char, func(f *jsonFile) { f.Kind = "letter" }, `kind "letter"`},
		{char, func(f *jsonFile) { f.Pieces[0] = "ab" }, `piece 0 ("ab") is not one character`},
		{char, func(f *jsonFile) { f.Pieces[1] = f.Pieces[0] }, "has two ids, 0 and 1"},
		{char, func(f *jsonFile) { f.Pieces[0] = `\q` }, "pieces[0]: "},
		{char, func(f *jsonFile) { f.Pieces[0] = `\xg0` }, "bad escape"},
		{char, func(f *jsonFile) { f.Specials["<|end|>"] = 99 }, "which is not the id of that piece"},
		{char, func(f *jsonFile) { f.Specials["<|end|>"] = -1 }, "which is not the id of that piece"},
		{byt, func(f *jsonFile) { f.Pieces[65] = "B" }, `piece 65 is "B", not byte 0x41`},
		{byt, func(f *jsonFile) { f.Pieces = append(f.Pieces, "x") }, "neither a byte nor a special token"},
		{byt, func(f *jsonFile) { f.Pieces, f.Specials = f.Pieces[:9], nil }, "fewer than the 256 bytes"},
		{bpe, func(f *jsonFile) { f.Split = "other" }, `split "other"`},
		{bpe, func(f *jsonFile) { f.Merges[0] = "zz q" }, `merge 0 names "zz"`},
		{bpe, func(f *jsonFile) { f.Merges[0] = "a" }, "not two pieces"},
		{bpe, func(f *jsonFile) { f.Merges[1] = f.Merges[0] }, "is a duplicate"},
		{bpe, func(f *jsonFile) { f.Merges[0] = "z z" }, `produces "zz", which is not in the vocabulary`},
		{bpe, func(f *jsonFile) { f.Merges[0] = "<|end|> a" }, `merge 0 names "<|end|>"`},
		{bpe, func(f *jsonFile) { f.Pieces[65] = "" }, "piece 65 is empty"},
		{word, func(f *jsonFile) { f.Split = "" }, `"" is no rule to split words by`},
		{word, func(f *jsonFile) { f.Pieces[0] = "x" }, `piece 0 of a word tokenizer must be "\n"`},
		{word, func(f *jsonFile) { f.Pieces, f.Specials = f.Pieces[:2], nil }, `piece 2 of a word tokenizer must be "<unk>"`},
		{word, func(f *jsonFile) { f.Split = SpaceWords }, `piece 2 ("<unk>") has no space before the word`},
		{word, func(f *jsonFile) { f.Pieces[3] = " a b" }, `piece 3 (" a b") is not one word`},
		{word, func(f *jsonFile) { f.Pieces[3] = " " }, `piece 3 (" ") is not one word`},
		{word, func(f *jsonFile) { f.Pieces[4] = f.Pieces[3] }, "has two ids, 3 and 4"},
		{word, func(f *jsonFile) { f.Specials = map[string]int{"\n": 0} }, `piece 0 of a word tokenizer must be "\n"`},
		{llama, func(f *jsonFile) { f.Scores = f.Scores[:100] }, "pieces with 100 scores"},
		{llama, func(f *jsonFile) { f.Pieces[70] = "x" }, `piece 70 is "x", not "C"`},
		{llama, func(f *jsonFile) { delete(f.Specials, "<s>") }, "special tokens must be the first 3"},
	} {
		path := filepath.Join(t.TempDir(), "tokenizer.json")
		require.NoError(t, oneOfEach(t)[c.kind].Save(path))
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		var f jsonFile
		require.NoError(t, json.Unmarshal(text, &f))
		c.change(&f)
		f.Checksum = f.sum()
		text, err = json.Marshal(f)
		require.NoError(t, err)
		_, err = parseSaved(text)
		assert.ErrorContains(t, err, c.want)
	}
}

func FuzzEscape(f *testing.F) {
	f.Add("a\\b\xff\\x41 \ufffd")
	f.Fuzz(func(t *testing.T, piece string) {
		back, err := unescapePiece(escapePiece(piece))
		require.NoError(t, err)
		require.Equal(t, piece, back)
		back, err = unescapePiece(escapeMergeSide(piece))
		require.NoError(t, err)
		require.Equal(t, piece, back)
	})
}

// FuzzLoad checks that any file is an error, or a tokenizer that round-trips.
func FuzzLoad(f *testing.F) {
	for _, tok := range oneOfEach(f) {
		path := filepath.Join(f.TempDir(), "tokenizer.json")
		require.NoError(f, tok.Save(path))
		text, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(text)
	}
	f.Add(llamaFile(llamaPieces()))
	f.Add([]byte(hfJSON(f, nil)))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		path := filepath.Join(dir, "encoder.json")
		require.NoError(t, os.WriteFile(path, text, 0o644))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "vocab.bpe"), text, 0o644))
		tok, err := Load(path)
		if err != nil {
			return
		}
		ids, err := tok.Encode("a\xff春 b")
		if errors.As(err, new(*UnknownError)) {
			return
		}
		require.NoError(t, err)
		if tok.Kind() != kindImported {
			requireDecoded(t, tok, ids, "a\xff春 b")
		}
	})
}

// requireDecoded checks that ids decode to their text, or those of words to a text of the same ids.
func requireDecoded(t *testing.T, tok Tokenizer, ids []int, text string) {
	t.Helper()
	back, err := tok.Decode(ids)
	require.NoError(t, err)
	if tok.Kind() != "word" {
		require.Equal(t, text, back)
		return
	}
	again, err := tok.Encode(back)
	require.NoError(t, err)
	require.Equal(t, ids, again)
}

// FuzzSigned changes a file and updates its checksum, to reach the checks after that of the checksum.
func FuzzSigned(f *testing.F) {
	f.Add("bpe", "a b\n<|end|>", "a b", 3)
	f.Add("llama", "<s>", "", 1)
	f.Add("char", "a\nb", "", -1)
	f.Add("word", " a\n b", "", 5)
	f.Fuzz(func(t *testing.T, kind, pieces, merges string, special int) {
		file := jsonFile{Format: formatName, Version: formatVersion, Kind: kind, Split: splitGPT2}
		if kind == "word" {
			file.Split = SpaceWords
			file.Pieces = wordPieces(SpaceWords)
		} else {
			for _, piece := range bytePieces() {
				file.Pieces = append(file.Pieces, escapePiece(piece))
			}
		}
		file.Pieces = append(file.Pieces, strings.Split(pieces, "\n")...)
		file.Merges = strings.Split(merges, "\n")
		file.Scores = make([]float32, len(file.Pieces))
		if special >= 0 && special < len(file.Pieces) {
			file.Specials = map[string]int{file.Pieces[special]: special}
		}
		file.Checksum = file.sum()
		text, err := json.Marshal(file)
		require.NoError(t, err)
		tok, err := parseSaved(text)
		if err != nil {
			return
		}
		ids, err := tok.Encode("ab \xff")
		if errors.As(err, new(*UnknownError)) {
			return
		}
		require.NoError(t, err)
		requireDecoded(t, tok, ids, "ab \xff")
	})
}
