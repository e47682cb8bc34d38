package tokenizer

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
)

// splitter splits a text into words, which merges do not cross, and appends them to words. Together the
// words are the text, except that a splitter may replace spaces.
type splitter func(words []string, text string) ([]string, error)

// finder returns the spans of a pattern in text, in order, as offsets of their starts and ends.
type finder func(text string) ([][]int, error)

// splitByNext returns the splitter of a function that returns the length of the first word.
func splitByNext(next func(text string) int) splitter {
	return func(words []string, text string) ([]string, error) {
		for len(text) > 0 {
			n := next(text)
			words, text = append(words, text[:n]), text[n:]
		}
		return words, nil
	}
}

func findRegex(re *regexp2.Regexp) finder {
	return func(text string) ([][]int, error) { return re.FindAllStringIndex(text, -1) }
}

// findLiteral returns the finder of a string, which must not be empty.
func findLiteral(literal string) finder {
	return func(text string) (spans [][]int, err error) {
		for at := 0; ; at += len(literal) {
			i := strings.Index(text[at:], literal)
			if i < 0 {
				return spans, nil
			}
			at += i
			spans = append(spans, []int{at, at + len(literal)})
		}
	}
}

// findRunes returns the finder of single characters.
func findRunes(is func(r rune) bool) finder {
	return func(text string) (spans [][]int, err error) {
		for i := 0; i < len(text); {
			r, size := utf8.DecodeRuneInString(text[i:])
			if is(r) {
				spans = append(spans, []int{i, i + size})
			}
			i += size
		}
		return spans, nil
	}
}

// isPunctuation reports whether Hugging Face's Punctuation splits at r: all ASCII characters that are not
// letters, digits, spaces or control characters, and Unicode's punctuation.
func isPunctuation(r rune) bool {
	if r < utf8.RuneSelf {
		return r > ' ' && r < 0x7f && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}
	return unicode.IsPunct(r)
}

// behaviors are the values of a splitter's behavior that keep all of the text: each joins the matches of
// a pattern and what is between them to words.
var behaviors = map[string]func(parts []part) []part{
	"Isolated":           func(parts []part) []part { return parts },
	"Contiguous":         contiguous,
	"MergedWithPrevious": mergedWithPrevious,
	"MergedWithNext":     mergedWithNext,
}

// part is a part of a text that matches a pattern, or that is between two matches.
type part struct {
	start, end int
	match      bool
}

// splitAt returns the splitter that cuts a text around what find finds. If invert, the matches are what
// is between the matches.
func splitAt(find finder, behavior string, invert bool) splitter {
	join := behaviors[behavior]
	return func(words []string, text string) ([]string, error) {
		found, err := find(text)
		if err != nil {
			return nil, err
		}
		parts := make([]part, 0, 2*len(found)+1)
		at := 0
		for _, span := range append(found, []int{len(text), len(text)}) {
			if at < span[0] {
				parts = append(parts, part{at, span[0], invert})
			}
			if span[0] < span[1] {
				parts = append(parts, part{span[0], span[1], !invert})
			}
			at = span[1]
		}
		for _, p := range join(parts) {
			words = append(words, text[p.start:p.end])
		}
		return words, nil
	}
}

// contiguous joins neighbouring matches.
func contiguous(parts []part) []part {
	var joined []part
	for _, p := range parts {
		if n := len(joined); n > 0 && joined[n-1].match == p.match {
			joined[n-1].end = p.end
		} else {
			joined = append(joined, p)
		}
	}
	return joined
}

// mergedWithPrevious joins each match with what is before it, unless that is a match.
func mergedWithPrevious(parts []part) []part {
	var joined []part
	before := false
	for _, p := range parts {
		if n := len(joined); n > 0 && p.match && !before {
			joined[n-1].end = p.end
		} else {
			joined = append(joined, p)
		}
		before = p.match
	}
	return joined
}

// mergedWithNext joins each match with what is after it, unless that is a match.
func mergedWithNext(parts []part) []part {
	var joined []part
	for i, p := range parts {
		if n := len(joined); n > 0 && !p.match && parts[i-1].match {
			joined[n-1].end = p.end
		} else {
			joined = append(joined, p)
		}
	}
	return joined
}

// splitMetaspace returns the splitter that replaces spaces by space, SentencePiece's ▁, and begins a word
// at each, if words is set.
func splitMetaspace(space string, words bool) splitter {
	split := splitAt(findLiteral(space), "MergedWithNext", false)
	return func(all []string, text string) ([]string, error) {
		text = strings.ReplaceAll(text, " ", space)
		if !words {
			return append(all, text), nil
		}
		return split(all, text)
	}
}

// splitLetters returns the splitter that splits the characters in which GPT-2 writes bytes, as a step
// after ByteLevel does.
func splitLetters(split splitter) splitter {
	return func(words []string, text string) ([]string, error) {
		first := len(words)
		words, err := split(words, toLetters(text))
		if err != nil {
			return nil, err
		}
		for i, written := range words[first:] {
			if words[first+i], err = fromLetters(written); err != nil {
				return nil, err
			}
		}
		return words, nil
	}
}
