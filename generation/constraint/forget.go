package constraint

import "slices"

// forgetter is an automaton of many states of which most differ in what they remember alone, as the
// rhymes of a verse. The solver looks at the states without memory, which are few, and then whether
// what it found holds with the memory.
type forgetter interface {
	// forget returns the state without memory: it accepts what s accepts, and perhaps more. It is s
	// itself if s remembers nothing.
	forget(s State) State
	// tells reports whether the memory counted, or changed, at the last byte before s.
	tells(s State) bool
	// admits reports whether text, which leads from forget(s) to acceptance, does so from s. It numbers no states.
	admits(s State, text string) bool
}

// charForgetter is the same over characters.
type charForgetter interface {
	forget(s State) State
	tells(s State) bool
	admits(s State, text string) bool
}

// admitted returns a text of the fewest tokens from r, the state without the memory of q, that leads from q too;
// ok is false if it finds none. A verse of thousands of characters has as many states after a rhyme, and
// nearly all of them admit the same text.
func (s *solver) admitted(q, r State) (text string, ok bool) {
	if text = s.shortest(r); s.memory.admits(q, text) {
		return text, true
	}
	if _, known := s.others[r]; !known {
		s.others[r] = nil // vary comes here again
		s.others[r] = s.vary(r)
	}
	for _, text = range s.others[r] {
		if s.memory.admits(q, text) {
			return text, true
		}
	}
	return "", false
}

// vary returns texts of the fewest tokens from r, a state without memory, to acceptance, if the memory of the tokens on
// the way is left out too. They differ in all tokens for which the memory counts.
func (s *solver) vary(r State) []string {
	const texts = 12
	type step struct {
		pieces [][]byte // that lead to the same state without memory
		tells  bool
	}
	var way []step
	telling := 0
	for d, ok := s.distance(r); d > 0; d-- {
		if !ok || d == never {
			return nil
		}
		s.walk(r, false)
		all := slices.Clone(s.reached)
		at := slices.IndexFunc(all, func(x reach) bool {
			left, known := s.distance(s.memory.forget(x.state))
			return known && left == d-1
		})
		if at < 0 {
			return nil
		}
		next := step{tells: all[at].tells}
		r = s.memory.forget(all[at].state)
		for _, x := range all[at:] {
			if len(next.pieces) < 2*texts && s.memory.forget(x.state) == r {
				next.pieces = append(next.pieces, s.piece(x))
			}
		}
		if next.tells {
			telling++
		}
		way = append(way, next)
	}
	varied := make([]string, texts)
	for i := range varied {
		var text []byte
		told := 0
		for _, x := range way {
			k := 0
			if x.tells {
				k = (i*telling + told) % len(x.pieces)
				told++
			}
			text = append(text, x.pieces[k]...)
		}
		varied[i] = string(text)
	}
	return varied
}

// remembers reports whether its states have a memory.
func (u *utf8Automaton) remembers() bool {
	_, ok := u.chars.(charForgetter)
	return ok
}

func (u *utf8Automaton) forget(s State) State {
	f, ok := u.chars.(charForgetter)
	if !ok {
		return s
	}
	p := u.states[s]
	p.state = f.forget(p.state)
	return u.intern(p)
}

func (u *utf8Automaton) tells(s State) bool {
	f, ok := u.chars.(charForgetter)
	return ok && u.states[s].n == 0 && f.tells(u.states[s].state)
}

func (u *utf8Automaton) admits(s State, text string) bool {
	f, ok := u.chars.(charForgetter)
	p := u.states[s]
	return !ok || f.admits(p.state, string(p.bytes[:p.n])+text)
}

func (p *product) forget(s State) State {
	tuple := make([]State, len(p.parts))
	for i, part := range p.parts {
		tuple[i] = p.states[s][i]
		if f, ok := part.(forgetter); ok {
			tuple[i] = f.forget(tuple[i])
		}
	}
	copy(p.tuple, tuple)
	return p.intern()
}

func (p *product) tells(s State) bool {
	for i, part := range p.parts {
		if f, ok := part.(forgetter); ok && f.tells(p.states[s][i]) {
			return true
		}
	}
	return false
}

func (p *product) admits(s State, text string) bool {
	for i, part := range p.parts { // the states of other parts are those of forget(s)
		if f, ok := part.(forgetter); ok && !f.admits(p.states[s][i], text) {
			return false
		}
	}
	return true
}

func (j *joined) forget(s State) State {
	if f, ok := j.Automaton.(forgetter); ok {
		return j.double(f.forget(s>>1), s&1)
	}
	return s
}

func (j *joined) tells(s State) bool {
	f, ok := j.Automaton.(forgetter)
	return ok && f.tells(s>>1)
}

func (j *joined) admits(s State, text string) bool {
	f, ok := j.Automaton.(forgetter)
	if !ok {
		return true
	}
	bare := s&1 == 1
	var kept []byte
	for i := range len(text) {
		if !bare || text[i] != ' ' {
			kept = append(kept, text[i])
		}
		bare = j.lines && text[i] == '\n'
	}
	return f.admits(s>>1, string(kept))
}
