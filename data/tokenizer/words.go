package tokenizer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// The rules by which a word tokenizer splits a text.
const (
	SpaceWords   = "space"   // words are what white space separates
	UnicodeWords = "unicode" // words, numbers and punctuation marks by UAX #29
)

// Unknown is the text of the token of words that are not in the vocabulary of a word tokenizer, in
// what it reads as in what it writes.
const Unknown = "<unk>"

// The ids that word tokenizers fix. The piece of a word begins with the space before it; UnicodeWords
// also has words without one, such as the comma in "one, two".
const (
	lineEnd     = 0 // "\n", the <eos> of published vocabularies
	unknownWord = 1 // " <unk>"
	unknownPart = 2 // "<unk>", of UnicodeWords alone
)

// wordsEncoder encodes whole words. White space between words is not kept, but its ends of lines are.
type wordsEncoder struct {
	rule string
	ids  map[string]int // by piece
}

// wordPieces returns the pieces that every vocabulary of a rule begins with.
func wordPieces(rule string) []string {
	if rule == UnicodeWords {
		return []string{"\n", " " + Unknown, Unknown}
	}
	return []string{"\n", " " + Unknown}
}

// newWords returns the encoder of these pieces, except the special ones.
func newWords(rule string, pieces []string, special []bool) (*wordsEncoder, error) {
	if err := checkWordRule(rule); err != nil {
		return nil, err
	}
	for id, piece := range wordPieces(rule) {
		if id >= len(pieces) || pieces[id] != piece || special != nil && special[id] {
			return nil, fmt.Errorf("piece %d of a word tokenizer must be %q", id, piece)
		}
	}
	e := &wordsEncoder{rule: rule, ids: make(map[string]int, len(pieces))}
	for id, piece := range pieces {
		if special != nil && special[id] {
			continue
		}
		word := strings.TrimPrefix(piece, " ")
		switch first, again := e.ids[piece]; {
		case id != lineEnd && (word == "" || strings.ContainsFunc(word, unicode.IsSpace)):
			return nil, fmt.Errorf("piece %d (%q) is not one word", id, piece)
		case id != lineEnd && rule == SpaceWords && word == piece:
			return nil, fmt.Errorf("piece %d (%q) has no space before the word", id, piece)
		case again:
			return nil, fmt.Errorf("word %q has two ids, %d and %d", piece, first, id)
		}
		e.ids[piece] = id
	}
	return e, nil
}

// checkWordRule returns an error if there is no such rule.
func checkWordRule(rule string) error {
	if rule == SpaceWords || rule == UnicodeWords {
		return nil
	}
	return fmt.Errorf("%q is no rule to split words by: it must be %s or %s", rule, SpaceWords, UnicodeWords)
}

func (e *wordsEncoder) kind() string { return "word" }

func (e *wordsEncoder) encode(ids []int, text string) ([]int, error) {
	ids = slices.Grow(ids, len(text)/bytesPerID)
	eachWord(e.rule, text, func(piece string) {
		id, ok := e.ids[piece]
		switch {
		case ok:
		case piece[0] == ' ':
			id = unknownWord
		default:
			id = unknownPart
		}
		ids = append(ids, id)
	})
	return ids, nil
}

func (e *wordsEncoder) opening() int { return -1 }

func (e *wordsEncoder) describe(f *jsonFile) { f.Split = e.rule }

// eachWord calls f with the pieces of a text: each word with a space before it if it begins the text
// or a line, or follows white space, and "\n" for each end of a line.
func eachWord(rule, text string, f func(piece string)) {
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			f("\n")
		}
		for _, run := range strings.Fields(line) {
			if rule == SpaceWords {
				f(" " + run)
				continue
			}
			eachPart(run, f)
		}
	}
}

// eachPart calls f with the words of a text without white space, the first with a space before it.
// Unknown is one word, though UAX #29 divides it.
func eachPart(run string, f func(piece string)) {
	before, state := " ", -1
	for run != "" {
		var word string
		if strings.HasPrefix(run, Unknown) {
			word, run, state = Unknown, run[len(Unknown):], -1
		} else {
			word, run, state = uniseg.FirstWordInString(run, state)
		}
		f(before + word)
		before = ""
	}
}

// CountWords returns the number of tokens of a text that published perplexities of words are per, as
// those of PTB (Mikolov et al. 2010, https://doi.org/10.21437/Interspeech.2010-343) and WikiText
// (Merity et al. 2016, https://arxiv.org/abs/1609.07843): what white space separates, and one for each
// end of a line. A last line without an end has none. It is the number of ids that a tokenizer of
// SpaceWords has for the text.
func CountWords(text string) int {
	return len(strings.Fields(text)) + strings.Count(text, "\n")
}

// UnknownWords returns how many ids are tokens for unknown words of t, and whether t has such tokens.
func UnknownWords(t Tokenizer, ids []int) (n int, ok bool) {
	e := wordsOf(t)
	if e == nil {
		return 0, false
	}
	for _, id := range ids {
		if id == unknownWord || id == unknownPart && e.rule == UnicodeWords {
			n++
		}
	}
	return n, true
}

// wordsOf returns the encoder of a word tokenizer, or nil for the other kinds.
func wordsOf(t Tokenizer) *wordsEncoder {
	v, _ := t.(*vocabulary)
	if v == nil {
		return nil
	}
	e := v.encoder
	if p, ok := e.(*parsingEncoder); ok {
		e = p.encoder
	}
	words, _ := e.(*wordsEncoder)
	return words
}

// WordEnd returns the first offset from at on that is not between two characters of a word: at the end
// of the text, or where one of the two is white space.
func WordEnd(text string, at int) int {
	if last, size := utf8.DecodeLastRuneInString(text[:at]); size == 0 || unicode.IsSpace(last) {
		return at
	}
	if n := strings.IndexFunc(text[at:], unicode.IsSpace); n >= 0 {
		return at + n
	}
	return len(text)
}

// errNoWords is the error of a text that has no words to make a vocabulary of.
var errNoWords = errors.New("the text has no words")
