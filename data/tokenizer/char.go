package tokenizer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// NewChar returns a tokenizer whose pieces are the characters of text: the most frequent first,
// equally frequent ones by code point, so that the ids depend on the text alone. A byte that is not
// valid UTF-8 is a piece of its own, so that any text round-trips exactly.
func NewChar(text string) Tokenizer {
	count := map[string]int{}
	CountChars(count, text)
	return CharsByCount(count)
}

// CharsByCount returns the tokenizer that NewChar returns for a text with these character counts, for
// texts that do not fit into memory.
func CharsByCount(count map[string]int) Tokenizer {
	pieces := make([]string, 0, len(count))
	for piece := range count {
		pieces = append(pieces, piece)
	}
	slices.SortFunc(pieces, func(a, b string) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b))
	})
	return newVocabulary(newCharEncoder(pieces, nil), pieces)
}

// CharsOf returns a character tokenizer of the given pieces: piece i has id i. A piece that is not
// one character, or that occurs twice, is an error.
func CharsOf(pieces []string) (Tokenizer, error) {
	pieces = slices.Clone(pieces)
	if err := checkChars(pieces, make([]bool, len(pieces))); err != nil {
		return nil, err
	}
	return newVocabulary(newCharEncoder(pieces, nil), pieces), nil
}

// CountChars adds the characters of text to count.
func CountChars(count map[string]int, text string) {
	for len(text) > 0 {
		_, size := utf8.DecodeRuneInString(text)
		if n, ok := count[text[:size]]; ok {
			count[text[:size]] = n + 1
		} else {
			count[strings.Clone(text[:size])] = 1 // a key must not keep text alive
		}
		text = text[size:]
	}
}

// charEncoder maps characters to ids. It stores each id plus one, so that 0 means "none".
type charEncoder struct {
	ascii   [utf8.RuneSelf]int32
	invalid [256]int32 // bytes that are not valid UTF-8
	runes   map[rune]int32
}

// newCharEncoder returns the encoder of the pieces, except the special ones.
func newCharEncoder(pieces []string, special []bool) *charEncoder {
	e := &charEncoder{runes: make(map[rune]int32, len(pieces))}
	for id, piece := range pieces {
		if special != nil && special[id] {
			continue
		}
		r, size := utf8.DecodeRuneInString(piece)
		switch {
		case r < utf8.RuneSelf:
			e.ascii[r] = int32(id) + 1
		case r == utf8.RuneError && size == 1:
			e.invalid[piece[0]] = int32(id) + 1
		default:
			e.runes[r] = int32(id) + 1
		}
	}
	return e
}

func (e *charEncoder) kind() string { return "char" }

func (e *charEncoder) encode(ids []int, text string) ([]int, error) {
	ids = slices.Grow(ids, utf8.RuneCountInString(text))
	for i := 0; i < len(text); {
		var id int32
		size := 1
		if c := text[i]; c < utf8.RuneSelf {
			id = e.ascii[c]
		} else {
			var r rune
			r, size = utf8.DecodeRuneInString(text[i:])
			if r == utf8.RuneError && size == 1 {
				id = e.invalid[c]
			} else {
				id = e.runes[r]
			}
		}
		if id == 0 {
			return nil, &UnknownError{Piece: text[i : i+size], Offset: i}
		}
		ids = append(ids, int(id)-1)
		i += size
	}
	return ids, nil
}

func (e *charEncoder) opening() int { return -1 }

func (e *charEncoder) describe(*jsonFile) {}

// checkChars returns an error if a piece is not one character, or if a character occurs twice.
func checkChars(pieces []string, special []bool) error {
	seen := make(map[string]int, len(pieces))
	for id, piece := range pieces {
		if special[id] {
			continue
		}
		if _, size := utf8.DecodeRuneInString(piece); size == 0 || size != len(piece) {
			return fmt.Errorf("piece %d (%q) is not one character", id, piece)
		}
		if first, ok := seen[piece]; ok {
			return fmt.Errorf("character %q has two ids, %d and %d", piece, first, id)
		}
		seen[piece] = id
	}
	return nil
}
