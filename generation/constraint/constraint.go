package constraint

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"euryale/data/tokenizer"
)

// Constraint is an automaton with the tokens that can spell the texts it accepts. Several goroutines
// can use it at once.
type Constraint struct {
	tokens tokenizer.Tokenizer
	vocab  *Vocabulary

	mu     sync.Mutex
	a      Automaton
	solver *solver
	epoch  int // how often states were forgotten
}

const (
	maxStates = 1 << 18
	maxKept   = 1 << 24 // 64 MB of token ids
)

// New returns the constraint that texts of tk's tokens, but those in without, are accepted by a. If
// there are no such texts, the error says whether the vocabulary is the reason.
func New(a Automaton, tk tokenizer.Tokenizer, without []int) (*Constraint, error) {
	c := newConstraint(a, tk, NewVocabulary(tk, without))
	start := c.a.Start("")
	if start == Dead {
		return nil, errors.New("no text satisfies the constraints")
	}
	d, ok := c.solver.distance(start)
	switch {
	case !ok:
		return nil, fmt.Errorf("the constraints are too complex: the search for a text that satisfies them visited %d states", maxExpanded)
	case d == never:
		return nil, c.impossible()
	case len(c.solver.mask(start).ids) == 0:
		return nil, errors.New("only the empty text satisfies the constraints")
	}
	c.solver.hurry()
	return c, nil
}

func newConstraint(a Automaton, tk tokenizer.Tokenizer, v *Vocabulary) *Constraint {
	a = joinedBy(a, tk)
	return &Constraint{tokens: tk, vocab: v, a: a, solver: newSolver(a, v)}
}

// impossible returns why no text of the vocabulary is accepted.
func (c *Constraint) impossible() error {
	bytes := make([][]byte, 256)
	for b := range bytes {
		bytes[b] = []byte{byte(b)}
	}
	a := c.a
	for _, part := range c.solver.parts { // one alone is easier to explain
		if d, ok := part.distance(part.a.Start("")); ok && d == never {
			a = part.a
		}
	}
	s := newSolver(a, vocabularyOf(bytes))
	start := a.Start("")
	d, ok := s.distance(start)
	switch {
	case ok && d == never:
		return errors.New("no text satisfies the constraints")
	case !ok:
		return errors.New("the vocabulary cannot spell any text that satisfies the constraints")
	}
	text := s.shortest(start)
	for _, r := range text {
		if !c.vocab.spells(string(r)) {
			return fmt.Errorf("the vocabulary cannot spell any text that satisfies the constraints: it has no %q, as in %q", r, brief(text))
		}
	}
	return fmt.Errorf("the vocabulary cannot spell any text that satisfies the constraints, such as %q", brief(text))
}

// spells reports whether tokens have this text, alone or as a part of one.
func (v *Vocabulary) spells(text string) bool {
	if slices.ContainsFunc(v.pieces, func(piece []byte) bool { return strings.Contains(string(piece), text) }) {
		return true
	}
	n := &nfa{}
	a := n.determinize(n.literal(text, n.add(node{kind: giveBack})))
	d, _ := newSolver(a, v).distance(a.Start(""))
	return d != never
}

// brief returns the beginning of a text, for an error.
func brief(text string) string {
	const most = 40
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

// Least returns the least number of tokens of an accepted text, and such a text.
func (c *Constraint) Least() (tokens int, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	start := c.a.Start("")
	d, _ := c.solver.distance(start)
	return int(d), strings.TrimPrefix(c.solver.shortest(start), " ")
}

// Matcher follows one text of a constraint.
type Matcher struct {
	*Constraint
	before string
	bare   bool
	text   []byte
	state  State
	epoch  int
}

// Begin returns the matcher of a text that continues these tokens.
func (c *Constraint) Begin(prompt []int) *Matcher {
	const most = 256 // tokens that a forbidden word can begin in
	m := &Matcher{Constraint: c}
	if _, ok := c.a.(*joined); ok {
		m.bare = startsBare(c.tokens, prompt)
	}
	m.before, _ = c.tokens.Decode(prompt[max(0, len(prompt)-most):])
	c.mu.Lock()
	defer c.mu.Unlock()
	m.restart()
	return m
}

// restart sets the state by the text so far.
func (m *Matcher) restart() {
	m.state, m.epoch = startOf(m.a, m.before, m.bare), m.Constraint.epoch
	m.state = follow(m.a, m.state, m.text)
}

// sync makes the state valid again after states were forgotten.
func (m *Matcher) sync() {
	if m.solver.kept > maxKept || len(m.solver.nodes) > maxStates {
		m.a.Reset()
		m.solver.forget()
		m.Constraint.epoch++
	}
	if m.epoch != m.Constraint.epoch {
		m.restart()
	}
}

// Clone returns a matcher of the same text.
func (m *Matcher) Clone() *Matcher {
	c := *m
	c.text = slices.Clone(m.text)
	return &c
}

// Accept adds a token. It reports whether the constraint allows it.
func (m *Matcher) Accept(id int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sync()
	if id < 0 || id >= len(m.vocab.pieces) || m.vocab.pieces[id] == nil || m.state == Dead {
		m.state = Dead
		return false
	}
	m.text = append(m.text, m.vocab.pieces[id]...)
	m.state = follow(m.a, m.state, m.vocab.pieces[id])
	return m.state != Dead
}

// Accepts reports whether the text may end here.
func (m *Matcher) Accepts() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sync()
	return m.state != Dead && m.a.Accepts(m.state)
}

// Allowed returns the tokens that may follow when left more tokens fit, those with the shortest way
// to acceptance first. The caller must not change them. None at all may follow a text that must end.
func (m *Matcher) Allowed(left int) []int32 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if k := m.current(); k != nil && left > 0 {
		return k.within(left - 1)
	}
	return nil
}

// Mask returns Allowed as bits, in the memory of bits: that of token i is bit i%64 of word i/64.
func (m *Matcher) Mask(bits []uint64, left int) []uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	bits = slices.Grow(bits[:0], (m.vocab.size+63)/64)[:(m.vocab.size+63)/64]
	k := m.current()
	if k == nil || left <= 0 {
		clear(bits)
		return bits
	}
	ids := k.within(left - 1)
	if len(ids) == len(k.ids) {
		copy(bits, k.bits)
		return bits
	}
	clear(bits)
	for _, id := range ids {
		bits[id/64] |= 1 << (id % 64)
	}
	return bits
}

// current returns the mask of the state, or nil if nothing may follow.
func (m *Matcher) current() *mask {
	if m.sync(); m.state == Dead {
		return nil
	}
	return m.solver.mask(m.state)
}
