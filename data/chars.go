package data

import (
	"cmp"
	"slices"
)

// charsByCount makes the tokenizer that NewChar would make of a text with these counts of
// characters, for texts too large to be held.
func charsByCount(count map[string]int) Tokenizer {
	pieces := make([]string, 0, len(count))
	for piece := range count {
		pieces = append(pieces, piece)
	}
	slices.SortFunc(pieces, func(a, b string) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b))
	})
	return newVocabulary(newCharEncoder(pieces, nil), pieces)
}
