package metrics

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// SameShape returns the fraction of hyps whose clauses have the same lengths in characters as those of
// one of their references: of poems in a fixed form, those that keep the form. Clauses end at
// punctuation and line breaks; spaces do not count.
func SameShape(hyps []string, refs [][]string) (float64, error) {
	if err := checkPairs(hyps, refs); err != nil {
		return 0, err
	}
	same := 0
	for i, h := range hyps {
		if HasShape(h, refs[i]) {
			same++
		}
	}
	return float64(same) / float64(len(hyps)), nil
}

// HasShape reports whether the clauses of a text have the lengths of those of one of its references: see SameShape.
func HasShape(hyp string, refs []string) bool {
	shape := clauses(hyp)
	return slices.ContainsFunc(refs, func(r string) bool { return slices.Equal(shape, clauses(r)) })
}

// clauses returns the lengths of the clauses of a text in characters.
func clauses(text string) (lengths []int) {
	n := 0
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		text = text[size:]
		switch {
		case unicode.IsPunct(r) || r == '\n':
			if n > 0 {
				lengths = append(lengths, n)
			}
			n = 0
		case !unicode.IsSpace(r):
			n++
		}
	}
	if n > 0 {
		lengths = append(lengths, n)
	}
	return lengths
}
