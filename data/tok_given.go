package data

import "slices"

// CharsOf makes a character tokenizer with given pieces: piece i has id i. A piece that
// is not one character, and one that is given twice, are errors.
func CharsOf(pieces []string) (Tokenizer, error) {
	pieces = slices.Clone(pieces)
	if err := checkChars(pieces, make([]bool, len(pieces))); err != nil {
		return nil, err
	}
	return newVocabulary(newCharEncoder(pieces, nil), pieces), nil
}
