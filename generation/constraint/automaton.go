package constraint

import "errors"

// State is a state of an automaton: a number from 0 on, or Dead.
type State int32

// Dead is the state of a text that nothing can make acceptable.
const Dead State = -1

// Automaton is a deterministic automaton over the bytes of a text. It numbers its states as it
// reaches them. It is for one goroutine at a time.
type Automaton interface {
	// Start returns the state at the beginning of a text that follows the text before.
	Start(before string) State
	// Next returns the state after one more byte. s is not Dead.
	Next(s State, b byte) State
	// Accepts reports whether the text may end in s, which is not Dead.
	Accepts(s State) bool
	// Reset forgets all states.
	Reset()
}

// follow returns the state that text leads to from s.
func follow(a Automaton, s State, text []byte) State {
	for _, b := range text {
		if s == Dead {
			return Dead
		}
		s = a.Next(s, b)
	}
	return s
}

// Matches reports whether a accepts a whole text.
func Matches(a Automaton, text string) bool {
	s := follow(a, a.Start(""), []byte(text))
	return s != Dead && a.Accepts(s)
}

// product accepts the texts that all its parts accept.
type product struct {
	parts  []Automaton
	ids    map[string]State // by the states of the parts
	states [][]State
	key    []byte
	tuple  []State
}

// All returns the intersection of automata, of which there must be at least one.
func All(parts ...Automaton) (Automaton, error) {
	p := &product{}
	for _, part := range parts {
		if inner, ok := part.(*product); ok {
			p.parts = append(p.parts, inner.parts...)
		} else {
			p.parts = append(p.parts, part)
		}
	}
	switch len(parts) {
	case 0:
		return nil, errors.New("there is no constraint to intersect")
	case 1:
		return parts[0], nil
	}
	p.tuple = make([]State, len(p.parts))
	p.clear()
	return p, nil
}

func (p *product) clear() { p.ids, p.states = map[string]State{}, nil }

func (p *product) Reset() {
	for _, part := range p.parts {
		part.Reset()
	}
	p.clear()
}

func (p *product) Start(before string) State {
	for i, part := range p.parts {
		p.tuple[i] = part.Start(before)
	}
	return p.intern()
}

func (p *product) Next(s State, b byte) State {
	for i, part := range p.parts {
		if p.tuple[i] = part.Next(p.states[s][i], b); p.tuple[i] == Dead {
			return Dead
		}
	}
	return p.intern()
}

func (p *product) Accepts(s State) bool {
	for i, part := range p.parts {
		if !part.Accepts(p.states[s][i]) {
			return false
		}
	}
	return true
}

// intern returns the state of p.tuple.
func (p *product) intern() State {
	p.key = p.key[:0]
	for _, s := range p.tuple {
		if s == Dead {
			return Dead
		}
		p.key = append(p.key, byte(s), byte(s>>8), byte(s>>16), byte(s>>24))
	}
	if id, ok := p.ids[string(p.key)]; ok {
		return id
	}
	id := State(len(p.states))
	p.states = append(p.states, append([]State(nil), p.tuple...))
	p.ids[string(p.key)] = id
	return id
}
