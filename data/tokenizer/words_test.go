package tokenizer

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// wordsOfText returns the word tokenizer of all words of a text.
func wordsOfText(t testing.TB, rule, text string) Tokenizer {
	t.Helper()
	counter, err := NewWordCounter(rule)
	require.NoError(t, err)
	counter.Add(text)
	tok, err := counter.Tokenizer(1, 0)
	require.NoError(t, err)
	return tok
}

// wikiText has the layout of wiki.train.tokens: a space at both ends of a line, blank lines of one
// space, <unk> and @-@ in the text.
const wikiText = " \n = Robert <unk> = \n \n Robert <unk> is an English film @-@ maker . \n He had a guest @-@ starring role . \n"

// The ids are those of the preprocessing that published perplexities of WikiText and PTB use, which
// Python writes as line.split() + ["<eos>"] for each line.
func TestWordsReadWikiTextAsPublished(t *testing.T) {
	tok := wordsOfText(t, SpaceWords, wikiText)
	ids, err := tok.Encode(wikiText)
	require.NoError(t, err)
	// 0 + 4 + 0 + 9 + 8 words of five lines, counted by hand, and five ends.
	assert.Len(t, ids, 0+4+0+9+8+5)
	// Distinct: <eos>, <unk>; = Robert is an English film @-@ maker . He had a guest starring role.
	assert.Equal(t, 2+15, tok.Vocab())
	var pieces []string
	for _, id := range ids[:7] {
		pieces = append(pieces, string(tok.Piece(id)))
	}
	assert.Equal(t, []string{"\n", " =", " Robert", " <unk>", " =", "\n", "\n"}, pieces)
	text, err := tok.Decode(ids)
	require.NoError(t, err)
	assert.Equal(t, "\n= Robert <unk> =\n\nRobert <unk> is an English film @-@ maker .\nHe had a guest @-@ starring role .\n", text)
	unknown, ok := UnknownWords(tok, ids)
	assert.True(t, ok)
	assert.Equal(t, 2, unknown)
}

func TestWordsByUnicode(t *testing.T) {
	const text = "\"Don't,\" he said.\r\n3.14 km/h – 春眠 <unk>s"
	tok := wordsOfText(t, UnicodeWords, text)
	ids, err := tok.Encode(text)
	require.NoError(t, err)
	var pieces []string
	for _, id := range ids {
		pieces = append(pieces, string(tok.Piece(id)))
	}
	assert.Equal(t, []string{" \"", "Don't", ",", "\"", " he", " said", ".", "\n", " 3.14", " km", "/", "h", " –", " 春", "眠", " <unk>", "s"}, pieces)
	back, err := tok.Decode(ids)
	require.NoError(t, err)
	assert.Equal(t, strings.ReplaceAll(text, "\r", ""), back)
	back, err = tok.Decode(must(tok.Encode("he, (he) ran.")))
	require.NoError(t, err)
	assert.Equal(t, "he, <unk><unk><unk> <unk>.", back, "an unknown word keeps the space before it")
}

func must(ids []int, err error) []int {
	if err != nil {
		panic(err)
	}
	return ids
}

func TestWordsUnknown(t *testing.T) {
	tok := wordsOfText(t, SpaceWords, "a b\n")
	ids, err := tok.Encode("a  \tzebra\xff b <unk>")
	require.NoError(t, err)
	assert.Equal(t, []int{2, 1, 3, 1}, ids)
	unknown, _ := UnknownWords(WithSpecials(ParseSpecials(tok), "<|end|>"), ids)
	assert.Equal(t, 2, unknown)
	_, ok := UnknownWords(NewByte(), ids)
	assert.False(t, ok)
	text, err := tok.Decode(ids)
	require.NoError(t, err)
	assert.Equal(t, "a <unk> b <unk>", text)
}

// No space stands beside a special token or at the start of a line.
func TestWordsBesideSpecials(t *testing.T) {
	tok := ParseSpecials(WithSpecials(wordsOfText(t, SpaceWords, "a b\n"), "<|end|>"))
	ids, err := tok.Encode("a b<|end|> b a\n a")
	require.NoError(t, err)
	assert.Equal(t, []int{2, 3, 4, 3, 2, 0, 2}, ids)
	text, err := tok.Decode(ids)
	require.NoError(t, err)
	assert.Equal(t, "a b<|end|>b a\na", text)
	assert.Equal(t, "a", NewStreamAfter(tok, ids[:3]).Push(2))
	assert.Equal(t, " a", NewStreamAfter(tok, ids[:2]).Push(2))
	assert.Equal(t, "a", NewStreamAfter(tok, nil).Push(2))
}

func TestWordVocabularyLimits(t *testing.T) {
	count := func(text string, minCount, vocab int) []string {
		counter, err := NewWordCounter("")
		require.NoError(t, err)
		counter.Add(text)
		tok, err := counter.Tokenizer(minCount, vocab)
		require.NoError(t, err)
		var pieces []string
		for id := range tok.Vocab() {
			pieces = append(pieces, string(tok.Piece(id)))
		}
		return pieces[2:]
	}
	const text = "d c c a b b a b\nd e"
	assert.Equal(t, []string{" b", " a", " c", " d", " e"}, count(text, 1, 0))
	assert.Equal(t, []string{" b", " a", " c", " d"}, count(text, 0, 0), "default: words that occur once are unknown")
	assert.Equal(t, []string{" b", " a", " c", " d", " e"}, count(text+" <unk>", 0, 0), "unless they have been replaced")
	assert.Equal(t, []string{" b"}, count(text, 3, 0))
	assert.Equal(t, []string{" b", " a"}, count(text, 1, 4))
	assert.Equal(t, []string{" b"}, count("b "+strings.Repeat("x", 300), 1, 0), "so long a word is unknown")

	_, err := NewWordCounter("letters")
	assert.EqualError(t, err, `"letters" is no rule to split words by: it must be space or unicode`)
	counter, err := NewWordCounter("")
	require.NoError(t, err)
	_, err = counter.Tokenizer(0, 0)
	assert.ErrorContains(t, err, "the text has no words")
	counter.Add("a")
	_, err = counter.Tokenizer(0, 2)
	assert.ErrorContains(t, err, "a vocabulary of 2 has no place for words")
}

func TestWordEnd(t *testing.T) {
	const text = "ab  春c\n"
	for at, want := range []int{0, 2, 2, 3, 4, 8, 8, 8, 8, 9} {
		assert.Equal(t, want, WordEnd(text, at), "%q", text[:at])
	}
}

func TestWordsSaved(t *testing.T) {
	for _, rule := range []string{SpaceWords, UnicodeWords} {
		tok := WithSpecials(wordsOfText(t, rule, wikiText), "<|end|>")
		path := filepath.Join(t.TempDir(), "tokenizer.json")
		require.NoError(t, tok.Save(path))
		loaded, err := Load(path)
		require.NoError(t, err)
		assert.Equal(t, tok, loaded)
	}
}

// Whatever a text is, its ids decode to a text of the same ids, and words are counted as they are
// encoded.
func FuzzWords(f *testing.F) {
	f.Add(wikiText)
	f.Add("x<unk>y <unk\u0301> <<unk>>\r\n\u00a0\u2028a\xff\x85")
	f.Add("🇦🇧🇨 👩‍👩‍👧 สวัสดี ka\u00adtze 3,5 a.b a_b カタカナ ひらがな")
	f.Fuzz(func(t *testing.T, text string) {
		for _, rule := range []string{SpaceWords, UnicodeWords} {
			all := wordsOfText(t, rule, text+"\na")
			few := wordsOfText(t, rule, text[:len(text)/2]+"\na")
			for _, tok := range []Tokenizer{all, few} {
				ids, err := tok.Encode(text)
				require.NoError(t, err)
				requireDecoded(t, tok, ids, text)
			}
			if !strings.Contains(text, Unknown) && len(text) < longestKnown {
				unknown, _ := UnknownWords(all, must(all.Encode(text)))
				require.Zero(t, unknown)
			}
		}
	})
}
