package generation

import "slices"

// lookupTokens is the number of latest tokens that prompt lookup searches for; it tries fewer, down to 1,
// until they occur.
const lookupTokens = 3

// lookup appends to guesses the tokens, at most so many, that followed the last earlier occurrence of the
// latest tokens of a text.
func lookup(guesses, text []int, most int) []int {
	for n := min(lookupTokens, len(text)-1); n > 0 && most > 0; n-- {
		latest := text[len(text)-n:]
		for at := len(text) - n - 1; at >= 0; at-- {
			if slices.Equal(text[at:at+n], latest) {
				after := text[at+n:]
				return append(guesses, after[:min(most, len(after))]...)
			}
		}
	}
	return guesses
}
