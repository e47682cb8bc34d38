package constraint

import "unicode/utf8"

// charAutomaton is an automaton over characters.
type charAutomaton interface {
	begin(before string) State
	read(s State, r rune) State
	accepts(s State) bool
	reset()
}

// utf8Automaton is the automaton over bytes of one over characters. It accepts valid UTF-8 alone.
type utf8Automaton struct {
	chars  charAutomaton
	ids    map[partChar]State
	states []partChar

	prefixes map[string]bool // of the characters that can be read; nil: all
}

// partChar is a state between characters, or within one of which n bytes are read.
type partChar struct {
	state State
	bytes [utf8.UTFMax - 1]byte
	n     uint8
}

func overBytes(chars charAutomaton) *utf8Automaton {
	return &utf8Automaton{chars: chars, ids: map[partChar]State{}}
}

// only makes all characters but those of text unreadable.
func (u *utf8Automaton) only(text string) {
	u.prefixes = map[string]bool{}
	for _, r := range text {
		for n := range utf8.RuneLen(r) {
			u.prefixes[string(r)[:n]] = true
		}
	}
}

func (u *utf8Automaton) Reset() {
	u.chars.reset()
	u.ids, u.states = map[partChar]State{}, nil
}

func (u *utf8Automaton) Start(before string) State {
	return u.intern(partChar{state: u.chars.begin(before)})
}

func (u *utf8Automaton) Accepts(s State) bool {
	return u.states[s].n == 0 && u.chars.accepts(u.states[s].state)
}

func (u *utf8Automaton) Next(s State, b byte) State {
	p, ok := u.states[s].with(b, u.chars.read)
	if !ok || u.prefixes != nil && p.n > 0 && !u.prefixes[string(p.bytes[:p.n])] {
		return Dead
	}
	return u.intern(p)
}

// with returns what is read after one more byte, with read called for a whole character.
func (p partChar) with(b byte, read func(State, rune) State) (partChar, bool) {
	var buf [utf8.UTFMax]byte
	text := append(append(buf[:0], p.bytes[:p.n]...), b)
	if !utf8.FullRune(text) {
		p.bytes[p.n] = b
		p.n++
		return p, true
	}
	r, size := utf8.DecodeRune(text)
	if invalid(r, size) {
		return p, false
	}
	next := read(p.state, r)
	return partChar{state: next}, next != Dead
}

func (u *utf8Automaton) intern(p partChar) State {
	if p.state == Dead {
		return Dead
	}
	id, ok := u.ids[p]
	if !ok {
		id = State(len(u.states))
		u.states = append(u.states, p)
		u.ids[p] = id
	}
	return id
}

// invalid reports whether a decoded r is no character.
func invalid(r rune, size int) bool { return r == utf8.RuneError && size <= 1 }
