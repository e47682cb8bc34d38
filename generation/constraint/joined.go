package constraint

import (
	"unicode/utf8"

	"euryale/data/tokenizer"
)

// joined is an automaton over the bytes of pieces whose text lacks some spaces: a piece that begins
// a text, or follows the end of a line, can lose the space that it begins with (tokenizer.Stream).
// Its states are those of the inner automaton, twice: the odd ones lose a space that follows.
type joined struct {
	Automaton
	lines bool // ends of lines do so, as in word tokenizers
}

// joinedBy returns the automaton over the pieces of tk.
func joinedBy(a Automaton, tk tokenizer.Tokenizer) Automaton {
	_, begins := tk.Begin()
	if words := tk.Kind() == "word"; words || begins {
		return &joined{a, words}
	}
	return a
}

// startsBare reports whether the piece that follows these tokens loses the space it begins with.
func startsBare(tk tokenizer.Tokenizer, prompt []int) bool {
	for id := range tk.Vocab() {
		if piece := tk.Piece(id); len(piece) > 1 && piece[0] == ' ' && utf8.Valid(piece) {
			return tokenizer.NewStreamAfter(tk, prompt).Push(id) != string(piece)
		}
	}
	return false
}

// startOf returns the start of a text.
func startOf(a Automaton, before string, bare bool) State {
	s := a.Start(before)
	if bare && s != Dead {
		s |= 1
	}
	return s
}

func (j *joined) Start(before string) State { return j.double(j.Automaton.Start(before), 0) }

func (j *joined) Accepts(s State) bool { return j.Automaton.Accepts(s >> 1) }

func (j *joined) Next(s State, b byte) State {
	if s&1 == 1 && b == ' ' {
		return s &^ 1
	}
	next := j.Automaton.Next(s>>1, b)
	if j.lines && b == '\n' {
		return j.double(next, 1)
	}
	return j.double(next, 0)
}

// double returns the state of an inner state.
func (j *joined) double(s, bare State) State {
	if s == Dead {
		return Dead
	}
	return s<<1 | bare
}
