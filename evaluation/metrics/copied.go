package metrics

import (
	"bufio"
	"io"
)

// LongestCopied returns the longest substring of any of texts that occurs in the training text; of
// several equally long ones, the first in the training text. The training text is streamed, so that
// it may be larger than memory; texts take about 500 bytes of memory for each character. The time is
// proportional to the sum of the lengths. Bytes of invalid UTF-8 are read as U+FFFD.
func LongestCopied(texts []string, training io.Reader) (string, error) {
	a := newAutomaton()
	for i, t := range texts {
		for _, r := range t {
			a.extend(r)
		}
		a.extend(rune(-1 - i)) // a unique separator: no substring extends over two texts
	}
	r := bufio.NewReaderSize(training, 1<<16)
	var at state
	length, longest, end := 0, 0, 0
	for {
		c, _, err := r.ReadRune()
		if err == io.EOF {
			return string(a.text[end-longest : end]), nil
		}
		if err != nil {
			return "", err
		}
		at, length = a.follow(at, length, c)
		if length > longest {
			longest, end = length, int(a.states[at].end)
		}
	}
}

// automaton is the suffix automaton of a text: the smallest deterministic automaton that accepts its
// suffixes, built in linear time (Blumer et al. 1985, https://doi.org/10.1016/0304-3975(85)90157-4).
// Each substring is a path from state 0.
type automaton struct {
	text   []rune
	states []substrings
	next   map[edge]state
	last   state // of the whole text
}

type state int32

type edge struct {
	from state
	by   rune
}

// substrings describes a state: the set of substrings with the same end positions.
type substrings struct {
	length int32  // length of the longest substring
	link   state  // suffix link: the state of the longest suffix with more end positions
	end    int32  // end of the first occurrence
	out    []rune // labels of the outgoing edges
}

func newAutomaton() *automaton {
	return &automaton{states: []substrings{{link: -1}}, next: map[edge]state{}}
}

func (a *automaton) add(s substrings) state {
	a.states = append(a.states, s)
	return state(len(a.states) - 1)
}

func (a *automaton) connect(from state, by rune, to state) {
	e := edge{from, by}
	if _, ok := a.next[e]; !ok {
		a.states[from].out = append(a.states[from].out, by)
	}
	a.next[e] = to
}

// extend appends r to the text.
func (a *automaton) extend(r rune) {
	a.text = append(a.text, r)
	n := int32(len(a.text))
	whole := a.add(substrings{length: n, end: n})
	p := a.last
	a.last = whole
	for ; p >= 0; p = a.states[p].link {
		if _, ok := a.next[edge{p, r}]; ok {
			break
		}
		a.connect(p, r, whole)
	}
	if p < 0 {
		return // r is new: the suffix link is that of the empty substring, state 0
	}
	a.states[whole].link = a.split(p, r)
}

// split returns the state that r leads to from p, after splitting off its substrings that are longer
// than those of p with r appended, because these do not end at the end of the text.
func (a *automaton) split(p state, r rune) state {
	q := a.next[edge{p, r}]
	if a.states[q].length == a.states[p].length+1 {
		return q
	}
	s := a.states[q]
	clone := a.add(substrings{length: a.states[p].length + 1, link: s.link, end: s.end})
	for _, by := range s.out {
		a.connect(clone, by, a.next[edge{q, by}])
	}
	a.states[q].link = clone
	for ; p >= 0 && a.next[edge{p, r}] == q; p = a.states[p].link {
		a.connect(p, r, clone)
	}
	return clone
}

// follow appends r to a substring of the given state and length, and returns the state and length of
// the longest suffix of the result that occurs in the text.
func (a *automaton) follow(at state, length int, r rune) (state, int) {
	for ; at >= 0; at = a.states[at].link {
		length = min(length, int(a.states[at].length))
		if to, ok := a.next[edge{at, r}]; ok {
			return to, length + 1
		}
	}
	return 0, 0
}
