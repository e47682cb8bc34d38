package modeltest

import (
	"errors"
	"fmt"
	"slices"

	"euryale/layers/graph"
	"euryale/models"
)

// Decoding checks that cached decoding gives the logits of a forward pass over the whole
// sequence, in float64 and in float32. It covers prompts of different lengths read in chunks,
// single tokens, sequences without tokens in a run, copies, reordering, truncation (unless the
// model is recurrent), resets, a prompt copied from another memory, a failed run, and sequences
// that exceed the capacity. A bidirectional model must refuse to decode instead.
func Decoding(m models.Model, o Options) error {
	if models.IsBidirectional(m) {
		return refuses(m, o)
	}
	// Only rounding may differ. For float32, whose unit is 6e-8, a product adds up a few hundred
	// rounding errors: 2e-5 of the logits, or of 1 if they are smaller.
	s, err := float64s(m, o)
	if err != nil {
		return err
	}
	if err := s.decoding(1e-11); err != nil {
		return err
	}
	if s, err = float32s(m, o); err != nil {
		return err
	}
	if err := s.decoding(2e-5); err != nil {
		return fmt.Errorf("in float32: %w", err)
	}
	return nil
}

func refuses(m models.Model, o Options) error {
	s, err := float64s(m, o)
	if err != nil {
		return err
	}
	if _, err := models.NewMemory(m, s.w, 1, min(passTokens, s.context), s.source); err == nil {
		return faultf("attend with s.SequenceLengths(), or leave IsBidirectional out", "the model says it is bidirectional, and a decoding program can be built, in which no token can depend on a later one")
	}
	return nil
}

const (
	decoded   = 3  // sequences
	capacity  = 12 // tokens of each, unless the context is shorter
	pieceSize = 4
)

// decoder runs a memory of three sequences, and compares the logits of every run with those of
// a forward pass over each whole sequence so far.
type decoder struct {
	*subject
	tol         float64
	capacity    int
	mem         *graph.Memory
	whole       *models.Program
	step, piece *models.Program
	b           batch // tokens and source of each sequence so far
}

// stateHelp names the methods that store state in memory.
const stateHelp = "keys and values with s.History, a recurrent state with s.Carry, values of the source with s.Once"

// decoding reads prompts and decodes, then tests all operations of a memory.
func (s *subject) decoding(tol float64) error {
	d := &decoder{subject: s, tol: tol, capacity: min(capacity, s.context), b: s.newBatch(0, 0, 0)}
	if err := d.build(); err != nil {
		return fmt.Errorf("building the decoding program: %w", err)
	}
	if err := d.encode(d.mem, d.b.source); err != nil {
		return err
	}
	if err := d.reads(); err != nil {
		return err
	}
	return d.moves()
}

// reads feeds prompts and tokens. A count is the number of a sequence's tokens in a run; it is 0
// for a sequence that would exceed the capacity.
func (d *decoder) reads() error {
	for _, f := range []struct {
		what, cause string
		p           *models.Program
		counts      [decoded]int
	}{
		{"reading prompts of different lengths", "positions come from s.Positions() and masks from s.CausalLengths(), never from T or the index of a row; store " + stateHelp, d.piece, [decoded]int{4, 1, 3}},
		{"reading the second chunk of a prompt", "store all state in memory: " + stateHelp, d.piece, [decoded]int{2, 0, 4}},
		{"decoding one token", "store all state in memory: " + stateHelp, d.step, [decoded]int{1, 1, 1}},
		{"decoding while a sequence has no token", "a sequence without tokens must keep its state: use s.Carry", d.step, [decoded]int{1, 0, 1}},
	} {
		if err := d.feed(f.p, f.counts); err != nil {
			return faultf(f.cause, "%s: %v", f.what, err).at(placeOf(err, f.p.Graph, d.locateDecoding))
		}
	}
	return nil
}

// moves copies, reorders, truncates and resets sequences, and decodes after each operation.
func (d *decoder) moves() error {
	for _, f := range []struct {
		what string
		do   func() error
	}{
		{"after copying a sequence", d.copies},
		{"after reordering sequences", d.reorders},
		{"after truncating a sequence", d.truncates},
		{"after a reset", d.resets},
		{"after copying a prompt from another memory", d.movesIn},
		{"after a run that failed", d.fails},
		{"after exceeding the capacity", d.overflows},
	} {
		if err := f.do(); err != nil {
			return faultf("store all state in memory: "+stateHelp, "%s: %v", f.what, err).at(placeOf(err, d.step.Graph, d.locateDecoding))
		}
	}
	return nil
}

func (d *decoder) build() (err error) {
	if d.whole, err = d.score(decoded, d.capacity); err != nil {
		return err
	}
	if d.mem, err = models.NewMemory(d.m, d.w, decoded, d.capacity, d.source); err != nil {
		return err
	}
	if d.step, err = d.program(d.mem, 1); err != nil {
		return err
	}
	d.piece, err = d.program(d.mem, min(pieceSize, d.capacity))
	return err
}

func (d *decoder) program(mem *graph.Memory, t int) (*models.Program, error) {
	return models.Decode(d.m, d.w, graph.Frame{B: mem.Sequences(), T: t, S: d.source, Memory: mem})
}

// encode reads sources into a memory. A sequence with an empty source keeps the one it has.
func (d *decoder) encode(mem *graph.Memory, source [][]int) error {
	if d.source == 0 {
		return nil
	}
	p, err := models.Encode(d.m, d.w, graph.Frame{B: mem.Sequences(), S: d.source, Memory: mem})
	if err != nil {
		return fmt.Errorf("building the encoding program: %w", err)
	}
	return p.Run(graph.Feed{Source: padded(source, d.source)})
}

// feed decodes counts[i] tokens of sequence i, and compares the logits after the last one with a
// forward pass.
func (d *decoder) feed(p *models.Program, counts [decoded]int) error {
	fed := make([][]int, decoded)
	for i, n := range counts {
		if n = min(n, p.Frame().T); len(d.b.tokens[i])+n <= d.capacity {
			fed[i] = d.ids(n)
			d.b.tokens[i] = slices.Concat(d.b.tokens[i], fed[i])
		}
	}
	if err := p.Run(graph.Feed{Tokens: padded(fed, p.Frame().T)}); err != nil {
		return err
	}
	got := split(p.Float64s("logits"), d.vocab)
	want, err := d.logits(d.whole, d.b)
	if err != nil {
		return err
	}
	for i := range fed {
		last := len(d.b.tokens[i]) - 1
		if len(fed[i]) == 0 {
			continue
		}
		if diff, size := distance(want[i*d.capacity+last], got[i]); diff > d.tol*max(1, size) {
			return fmt.Errorf("the logits after token %d of sequence %d differ from those of a forward pass by %.3g, of at most %.3g", last, i, diff, size)
		}
	}
	return nil
}

func (d *decoder) copies() error {
	if err := d.mem.Copy(1, d.mem, 0); err != nil {
		return err
	}
	d.b.tokens[1], d.b.source[1] = d.b.tokens[0], d.b.source[0]
	return d.feed(d.step, [decoded]int{1, 1, 1})
}

func (d *decoder) reorders() error {
	parents := []int{2, 0, 1}
	if err := d.mem.Reorder(parents); err != nil {
		return err
	}
	old := batch{slices.Clone(d.b.tokens), slices.Clone(d.b.source)}
	for i, p := range parents {
		d.b.tokens[i], d.b.source[i] = old.tokens[p], old.source[p]
	}
	return d.feed(d.step, [decoded]int{1, 1, 1})
}

// truncates shortens the last sequence, unless the model is recurrent.
func (d *decoder) truncates() error {
	n := min(4, len(d.b.tokens[2]))
	if d.mem.Truncate(2, n) == nil {
		d.b.tokens[2] = d.b.tokens[2][:n]
	}
	return d.feed(d.piece, [decoded]int{1, 1, 3})
}

// resets empties sequence 0 and gives it another source; the others keep theirs.
func (d *decoder) resets() error {
	d.mem.Reset(0)
	d.b.tokens[0] = nil
	if d.source > 0 {
		d.b.source[0] = d.ids(d.source)
		if err := d.encode(d.mem, [][]int{d.b.source[0], nil, nil}); err != nil {
			return err
		}
	}
	return d.feed(d.step, [decoded]int{1, 0, 1})
}

// movesIn reads a padded prompt into a memory of one sequence, and copies it from there.
func (d *decoder) movesIn() error {
	one, err := models.NewMemory(d.m, d.w, 1, d.capacity, d.source)
	if err != nil {
		return err
	}
	prompt := d.newBatch(min(5, max(1, d.capacity-1)))
	if err := d.encode(one, prompt.source); err != nil {
		return err
	}
	t := min(6, d.capacity)
	p, err := d.program(one, t)
	if err != nil {
		return err
	}
	if err := p.Run(graph.Feed{Tokens: padded(prompt.tokens, t)}); err != nil {
		return err
	}
	if err := d.mem.Copy(1, one, 0); err != nil {
		return err
	}
	d.b.tokens[1], d.b.source[1] = prompt.tokens[0], prompt.source[0]
	return d.feed(d.step, [decoded]int{1, 1, 1})
}

// fails feeds an id beyond the vocabulary.
func (d *decoder) fails() error {
	if d.step.Run(graph.Feed{Tokens: []int{0, 1 << 30, 0}}) == nil {
		return fmt.Errorf("the id %d is accepted with a vocabulary of %d: look ids up with layers.Embedding", 1<<30, d.vocab)
	}
	return d.feed(d.step, [decoded]int{1, 1, 1})
}

// overflows feeds sequence 0 to its maximum length, if that is small, and checks that the token
// that does not fit changes nothing.
func (d *decoder) overflows() error {
	for range d.capacity + 1 {
		err := d.step.Run(graph.Feed{Tokens: []int{0, -1, -1}})
		var full *graph.FullError
		switch {
		case errors.As(err, &full):
			return d.feed(d.step, [decoded]int{0, 1, 1})
		case err != nil:
			return err
		}
		d.b.tokens[0] = append(d.b.tokens[0], 0)
	}
	if limit := d.mem.Capacity(); limit > 0 && limit <= d.capacity {
		return fmt.Errorf("a sequence has its maximum of %d tokens, but accepts more", limit)
	}
	d.mem.Reset(0)
	d.b.tokens[0] = nil
	return d.feed(d.step, [decoded]int{0, 1, 1})
}
