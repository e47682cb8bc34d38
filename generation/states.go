package generation

import "slices"

// states keeps the states of sequences after texts that were read or generated lately, for prompts that
// begin with the same tokens: as many as have so many tokens in all.
type states struct {
	kept   []*prefix // the least recently used first
	most   int       // tokens of all kept
	tokens int
}

// mostStates is the most states that are kept: those of recurrent models do not grow with their texts.
const mostStates = 64

// find returns the state that has the most tokens of a prompt, and how many: at most all but its last.
func (s *states) find(tokens []int) (best *prefix, n int) {
	at := -1
	for i, p := range s.kept {
		if known := p.known(tokens); known > n {
			best, n, at = p, known, i
		}
	}
	if best != nil { // it is now the most recently used
		s.kept = append(slices.Delete(s.kept, at, at+1), best)
	}
	return best, n
}

// add keeps the state of sequence i of a reader. States of what its text begins with are dropped: theirs
// is a part of it, unless the model is recurrent.
func (s *states) add(r *reader, i int) {
	text := r.text[i]
	if len(text) < leastShared || len(text) > s.most {
		return
	}
	for _, p := range s.kept {
		if n := shared(p.tokens, text); n == len(text) && (!p.exact || n == len(p.tokens)) {
			return // it is known
		}
	}
	p := r.stateOf(i)
	s.kept = slices.DeleteFunc(s.kept, func(old *prefix) bool {
		part := !p.exact && shared(old.tokens, text) == len(old.tokens)
		if part {
			s.tokens -= len(old.tokens)
		}
		return part
	})
	s.kept, s.tokens = append(s.kept, p), s.tokens+len(text)
	for s.tokens > s.most || len(s.kept) > mostStates {
		s.tokens -= len(s.kept[0].tokens)
		s.kept = slices.Delete(s.kept, 0, 1)
	}
}

// stateOf returns a copy of what sequence i holds.
func (r *reader) stateOf(i int) *prefix {
	mem := r.mem.Part(i)
	return &prefix{tokens: slices.Clone(r.text[i]), mem: mem, exact: mem.Recurrent()}
}
