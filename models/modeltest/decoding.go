package modeltest

import (
	"errors"
	"fmt"
	"slices"

	"euryale/layers/graph"
	"euryale/models"
)

// Decoding checks that cached decoding gives the logits of a forward pass over all that a
// sequence holds, in float64 and in float32: prompts of different lengths read in pieces,
// single tokens, sequences that sit out, copies, reordering, truncation (where nothing is
// recurrent), a reset, a prompt moved in from another memory, a failed run, and more tokens
// than there is room for. A bidirectional model must refuse to decode instead.
func Decoding(m models.Model, o Options) error {
	if models.IsBidirectional(m) {
		return refuses(m, o)
	}
	// Float64 differs by rounding alone, and so does float32, whose unit is 6e-8 and which adds
	// up some hundred of such in a product: 2e-5 of the logits, or of 1 where they are smaller.
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
		return errors.New("the model says it is bidirectional, and a decoding program can be built, in which no token can depend on a later one: attend with s.SequenceLengths(), or leave IsBidirectional out")
	}
	return nil
}

const (
	decoded   = 3  // sequences
	roomFor   = 12 // tokens of each, unless the context is shorter
	pieceSize = 4
)

// decoder drives a memory of three sequences and compares the logits of every run with those
// of a forward pass over what each sequence holds by then.
type decoder struct {
	*subject
	tol         float64
	room        int
	mem         *graph.Memory
	whole       *models.Program
	step, piece *models.Program
	b           batch // what each sequence holds
}

// kept says where what decoding needs belongs.
const kept = "keep keys and values with s.History, a recurrent state with s.Carry, and what follows from the source with s.Once"

// decoding reads prompts and decodes, then does all that a memory can.
func (s *subject) decoding(tol float64) error {
	d := &decoder{subject: s, tol: tol, room: min(roomFor, s.context), b: s.newBatch(0, 0, 0)}
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

// reads feeds prompts and tokens. The counts are those of each sequence's tokens; a sequence
// that would exceed the room sits out.
func (d *decoder) reads() error {
	for _, f := range []struct {
		what, cause string
		p           *models.Program
		counts      [decoded]int
	}{
		{"reading prompts of different lengths", "positions come from s.Positions() and masks from s.CausalLengths(), never from T or a row's number; " + kept, d.piece, [decoded]int{4, 1, 3}},
		{"reading the second piece of a prompt", kept, d.piece, [decoded]int{2, 0, 4}},
		{"decoding one token", kept, d.step, [decoded]int{1, 1, 1}},
		{"decoding while a sequence sits out", "a sequence without tokens must keep its state: use s.Carry", d.step, [decoded]int{1, 0, 1}},
	} {
		if err := d.feed(f.p, f.counts); err != nil {
			return fmt.Errorf("%s: %w; %s", f.what, err, f.cause)
		}
	}
	return nil
}

// moves copies, reorders, truncates and resets sequences, and decodes after each.
func (d *decoder) moves() error {
	for _, f := range []struct {
		what string
		do   func() error
	}{
		{"after copying a sequence", d.copies},
		{"after reordering sequences", d.reorders},
		{"after truncating a sequence", d.truncates},
		{"after a reset", d.resets},
		{"after moving a prompt in from another memory", d.movesIn},
		{"after a run that failed", d.fails},
		{"after more tokens than there is room for", d.overflows},
	} {
		if err := f.do(); err != nil {
			return fmt.Errorf("%s: %w; state must be in the memory: %s", f.what, err, kept)
		}
	}
	return nil
}

func (d *decoder) build() (err error) {
	if d.whole, err = d.score(decoded, d.room); err != nil {
		return err
	}
	if d.mem, err = models.NewMemory(d.m, d.w, decoded, d.room, d.source); err != nil {
		return err
	}
	if d.step, err = d.program(d.mem, 1); err != nil {
		return err
	}
	d.piece, err = d.program(d.mem, min(pieceSize, d.room))
	return err
}

func (d *decoder) program(mem *graph.Memory, t int) (*models.Program, error) {
	return models.Decode(d.m, d.w, graph.Frame{B: mem.Sequences(), T: t, S: d.source, Memory: mem})
}

// encode reads sources into a memory; a sequence whose source is empty keeps what it has.
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

// feed decodes so many tokens of each sequence, and compares the logits after the last of
// each with a forward pass.
func (d *decoder) feed(p *models.Program, counts [decoded]int) error {
	fed := make([][]int, decoded)
	for i, n := range counts {
		if n = min(n, p.Frame().T); len(d.b.tokens[i])+n <= d.room {
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
		if diff, size := distance(want[i*d.room+last], got[i]); diff > d.tol*max(1, size) {
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

// truncates takes the last sequence back, unless a part of the memory is recurrent.
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

// movesIn reads a prompt, padded, in a memory of one sequence.
func (d *decoder) movesIn() error {
	one, err := models.NewMemory(d.m, d.w, 1, d.room, d.source)
	if err != nil {
		return err
	}
	prompt := d.newBatch(min(5, max(1, d.room-1)))
	if err := d.encode(one, prompt.source); err != nil {
		return err
	}
	t := min(6, d.room)
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

// fails feeds an id that no vocabulary has.
func (d *decoder) fails() error {
	if d.step.Run(graph.Feed{Tokens: []int{0, 1 << 30, 0}}) == nil {
		return fmt.Errorf("the id %d, of a vocabulary of %d, is no error: look ids up with layers.Embedding", 1<<30, d.vocab)
	}
	return d.feed(d.step, [decoded]int{1, 1, 1})
}

// overflows feeds sequence 0 until it is full, if it has a limit that is near, and checks
// that the refused token left no trace.
func (d *decoder) overflows() error {
	for range d.room + 1 {
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
	if limit := d.mem.Capacity(); limit > 0 && limit <= d.room {
		return fmt.Errorf("a sequence holds %d tokens, and takes more", limit)
	}
	d.mem.Reset(0)
	d.b.tokens[0] = nil
	return d.feed(d.step, [decoded]int{0, 1, 1})
}
