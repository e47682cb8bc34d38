package metrics

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// unspaced are the scripts that put no spaces between words and that Unicode divides without a
// dictionary (UAX #29, https://unicode.org/reports/tr29): Chinese, Japanese, and those of South East
// Asia whose line breaks need one (class SA of UAX #14).
var unspaced = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana,
	unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar,
	unicode.Tai_Le, unicode.New_Tai_Lue, unicode.Tai_Tham, unicode.Tai_Viet, unicode.Ahom,
}

// Words splits a text into lower-case words: runs of letters and digits. Scripts without spaces between
// words are divided as UAX #29 does, which knows no dictionary: a Han or Hiragana character, a run of
// Katakana, and of Thai, Lao, Khmer or Burmese a letter with its marks is a word. Punctuation is
// dropped. On ASCII it equals the tokenization of Google's rouge_score, on Chinese the division into
// characters that published ROUGE scores use.
func Words(text string) []string {
	var words []string
	text = strings.ToLower(text)
	for text != "" {
		n := wordLength(text)
		if n > 0 {
			words = append(words, text[:n])
		} else {
			n = len(text)
			if at := strings.IndexFunc(text, isWordRune); at >= 0 {
				n = at
			}
		}
		text = text[n:]
	}
	return words
}

// wordLength returns the length of the word that begins a text, or 0 if none does.
func wordLength(text string) int {
	if first, _ := utf8.DecodeRuneInString(text); isUnspaced(first) {
		word, _, _ := uniseg.FirstWordInString(text, -1)
		return runLength(word, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) })
	}
	return runLength(text, func(r rune) bool { return isWordRune(r) && !isUnspaced(r) })
}

// runLength returns the length of the characters at the start of a text that are in a set.
func runLength(text string, in func(rune) bool) int {
	if n := strings.IndexFunc(text, func(r rune) bool { return !in(r) }); n >= 0 {
		return n
	}
	return len(text)
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

// isUnspaced reports whether r is a letter of a script without spaces between words.
func isUnspaced(r rune) bool {
	return r >= 0x0e00 && unicode.In(r, unspaced...) && unicode.IsLetter(r)
}

// TokenizerFor returns the tokenization of sacreBLEU for the language of texts, and its name: "zh" if
// most of their characters are East Asian, "char" if they are of another script without spaces between
// words (at least a fifth of Japanese is Kana), else "13a".
func TokenizerFor(texts []string) (Tokenizer, string) {
	all, wide, other := 0, 0, 0
	for _, text := range texts {
		for _, r := range text {
			all++
			syllable := isUnspaced(r) && !unicode.Is(unicode.Han, r)
			if syllable {
				other++
			}
			if syllable || r >= 0x2e80 || unicode.IsMark(r) && unicode.In(r, unspaced...) {
				wide++
			}
		}
	}
	switch {
	case wide*2 <= all:
		return Tokenize13a, "13a"
	case other*5 >= all:
		return TokenizeChars, "char"
	}
	return TokenizeZh, "zh"
}
