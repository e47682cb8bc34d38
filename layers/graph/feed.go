package graph

import "fmt"

// Feed is what one run reads.
type Feed struct {
	Tokens  []int // (B·T), −1 after the end of a sequence
	Targets []int // (B·T), −1 where nothing is asked; nil: nowhere
	Source  []int // (B·S), −1 after the end of a sequence's source
	Total   int   // targets in the whole batch that the mean is over; 0: those in Targets
}

// Feed sets the inputs of the next run.
func (g *Graph) Feed(f Feed) error {
	fr := g.frame
	if fr.S > 0 && (f.Source != nil || fr.Memory == nil || fr.Encode) {
		if err := g.feedSource(f.Source); err != nil {
			return err
		}
	}
	if fr.Encode {
		return nil
	}
	if len(f.Tokens) != fr.B*fr.T {
		return fmt.Errorf("%d tokens, want B=%d sequences of T=%d", len(f.Tokens), fr.B, fr.T)
	}
	for b := range fr.B {
		if err := g.feedSequence(b, f.Tokens[b*fr.T:(b+1)*fr.T]); err != nil {
			return err
		}
	}
	return g.feedTargets(f)
}

func (g *Graph) feedSequence(b int, tokens []int) error {
	n, err := length(b, tokens)
	if err != nil {
		return err
	}
	m, t0 := g.frame.Memory, b*g.frame.T
	start, source := 0, g.fresh[b]
	if m != nil {
		start, source = m.seen[b], m.source[b]
		if err := m.expect(b, n); err != nil {
			return err
		}
	}
	for t, id := range tokens {
		at := -1
		if t < n {
			at = start + t
		}
		g.set("tokens", t0+t, id)
		g.set("positions", t0+t, at)
		g.set("causal_lengths", t0+t, at+1)
		g.set("sequence_lengths", t0+t, n)
		g.set("source_lengths", t0+t, source)
	}
	g.set("source_lengths_of_sequences", b, source)
	last := t0 + n - 1
	if n == 0 {
		last = -1
	}
	g.set("last", b, last)
	return nil
}

func (g *Graph) feedSource(tokens []int) error {
	fr := g.frame
	if len(tokens) != fr.B*fr.S {
		return fmt.Errorf("%d source tokens, want B=%d sequences of S=%d", len(tokens), fr.B, fr.S)
	}
	for b := range fr.B {
		seq := tokens[b*fr.S : (b+1)*fr.S]
		n, err := length(b, seq)
		if err != nil {
			return fmt.Errorf("source: %w", err)
		}
		g.fresh[b] = n
		for t, id := range seq {
			at := -1
			if t < n {
				at = t
			}
			r := b*fr.S + t
			g.set("source/tokens", r, id)
			g.set("source/positions", r, at)
			g.set("source/causal_lengths", r, at+1)
			g.set("source/source_lengths", r, n)
		}
	}
	return nil
}

func (g *Graph) feedTargets(f Feed) error {
	if f.Targets != nil && len(f.Targets) != len(f.Tokens) {
		return fmt.Errorf("%d targets for %d tokens", len(f.Targets), len(f.Tokens))
	}
	total := 0
	for i := range f.Tokens {
		id := -1
		if f.Targets != nil {
			id = f.Targets[i]
		}
		if id >= 0 {
			total++
		}
		g.set("targets", i, id)
	}
	if f.Total > 0 {
		total = f.Total
	}
	g.set("total", 0, total)
	return nil
}

// set gives an input its i-th value, if the graph has the input.
func (g *Graph) set(name string, i, v int) {
	if in := g.ints[name]; in != nil {
		in.v[i] = v
	}
}

// length is how many tokens a sequence has before its padding.
func length(b int, tokens []int) (int, error) {
	n := 0
	for t, id := range tokens {
		switch {
		case id < -1:
			return 0, fmt.Errorf("sequence %d: token %d is %d", b, t, id)
		case id >= 0 && n < t:
			return 0, fmt.Errorf("sequence %d: token %d comes after padding", b, t)
		case id >= 0:
			n++
		}
	}
	return n, nil
}

// Commit ends a run that went well: what it wrote becomes part of memory's sequences.
func (g *Graph) Commit() {
	switch {
	case g.frame.Memory == nil:
	case g.frame.Encode:
		copy(g.frame.Memory.source, g.encoded())
	default:
		g.frame.Memory.commit()
	}
}

// encoded is how many source tokens each sequence has after an encoding run, in which sequences
// without any keep what they had.
func (g *Graph) encoded() []int {
	n := append([]int(nil), g.frame.Memory.source...)
	for b, fresh := range g.fresh {
		if fresh > 0 {
			n[b] = fresh
		}
	}
	return n
}
