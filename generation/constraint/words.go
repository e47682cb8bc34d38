package constraint

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// Require returns the automaton of the texts in which a word occurs, as it is written. They are valid
// UTF-8.
func Require(word string) (Automaton, error) {
	if word == "" || !utf8.ValidString(word) {
		return nil, fmt.Errorf("the required word %q: want a text in UTF-8 that is not empty", word)
	}
	r := &required{word: []rune(word)}
	r.back = make([]int, len(r.word))
	for i, k := 1, 0; i < len(r.word); i++ { // Knuth, Morris and Pratt 1977
		for k > 0 && r.word[i] != r.word[k] {
			k = r.back[k-1]
		}
		if r.word[i] == r.word[k] {
			k++
		}
		r.back[i] = k
	}
	return overBytes(r), nil
}

// required is the automaton of Require. A state is how many characters of the word have just been
// read; it stays at all of them.
type required struct {
	word []rune
	back []int // of each prefix, the length of its longest proper suffix that is one too
}

func (w *required) begin(string) State   { return 0 }
func (w *required) accepts(s State) bool { return int(s) == len(w.word) }
func (w *required) reset()               {}

func (w *required) read(s State, r rune) State {
	k := int(s)
	if k == len(w.word) {
		return s
	}
	for k > 0 && r != w.word[k] {
		k = w.back[k-1]
	}
	if r == w.word[k] {
		k++
	}
	return State(k)
}

// Length returns the automaton of the texts of least to most characters (code points); most 0 is
// without limit. They are valid UTF-8.
func Length(least, most int) (Automaton, error) {
	if least < 0 || most < 0 || most > 0 && most < least {
		return nil, fmt.Errorf("from %d to %d characters: want none below 0, and not more at least than at most", least, most)
	}
	if least == 0 && most == 0 {
		return nil, errors.New("a length without a least or a greatest number of characters")
	}
	return overBytes(counted{State(least), State(most)}), nil
}

// counted is the automaton of Length. A state is the number of characters, which stays at the least
// if there is no greatest.
type counted struct{ least, most State }

func (c counted) begin(string) State   { return 0 }
func (c counted) accepts(s State) bool { return s >= c.least }
func (c counted) reset()               {}

func (c counted) read(s State, _ rune) State {
	switch {
	case c.most > 0 && s == c.most:
		return Dead
	case c.most == 0 && s == c.least:
		return s
	}
	return s + 1
}
