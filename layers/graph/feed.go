package graph

import "fmt"

// Feed holds the inputs of one run.
type Feed struct {
	Tokens  []int // (B·T), −1 after the end of a sequence
	Targets []int // (B·T), −1 where there is no target; nil: no targets at all
	Source  []int // (B·S), −1 after the end of a sequence's source
	Total   int   // number of targets that the mean loss divides by; 0: those in Targets
}

// Feed sets the inputs of the next run. It returns an error if sizes do not fit the frame, if
// a token follows padding, or a *FullError if a sequence exceeds the memory's capacity.
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
	g.skipPadding(f.Tokens)
	return g.feedTargets(f)
}

// skipPadding has products compute only the rows of tokens, in graphs that read prompts.
func (g *Graph) skipPadding(tokens []int) {
	if fr := g.frame; fr.Memory == nil || fr.Gradient || fr.T == 1 {
		return
	}
	var rows []int
	for r, id := range tokens {
		if id >= 0 {
			rows = append(rows, r)
		}
	}
	g.tape.SkipPadding(len(tokens), rows)
}

func (g *Graph) feedSequence(b int, tokens []int) error {
	n, err := length(b, tokens)
	if err != nil {
		return err
	}
	m, t0 := g.frame.Memory, b*g.frame.T
	start, source := 0, g.encoded[b]
	if m != nil {
		start, source = m.length[b], m.source[b]
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
		g.set("source_lengths_without_end", t0+t, max(0, source-1))
	}
	g.set("source_lengths_of_sequences", b, source)
	g.set("source_lengths_without_end_of_sequences", b, max(0, source-1))
	last, at := t0+n-1, start+n-1
	if n == 0 {
		last, at = -1, -1
	}
	g.set("last", b, last)
	g.set("last_positions", b, at)
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
		g.encoded[b] = n
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

// set sets the i-th value of an input, if the graph has the input.
func (g *Graph) set(name string, i, v int) {
	if in := g.ints[name]; in != nil {
		in.v[i] = v
	}
}

// length returns the number of tokens of a sequence before its padding.
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

// Commit ends a successful run: the values that it has written to memory become valid, and
// the next run continues from them.
func (g *Graph) Commit() {
	switch {
	case g.frame.Memory == nil:
	case g.frame.Encode:
		copy(g.frame.Memory.source, g.sourceLengths())
	default:
		g.frame.Memory.commit()
	}
}

// sourceLengths returns the number of source tokens of each sequence after an encoding run.
// Sequences that the run had no source for keep theirs.
func (g *Graph) sourceLengths() []int {
	n := append([]int(nil), g.frame.Memory.source...)
	for b, encoded := range g.encoded {
		if encoded > 0 {
			n[b] = encoded
		}
	}
	return n
}
