package data

import "euryale/data/task"

// Batch holds the B sequences of T tokens of one training step, one sequence after another.
// A token or source token of −1 is padding; a target of −1 is left out of the loss.
type Batch struct {
	B, T, S int   // sequences, tokens of each, source tokens of each (0: no source)
	Tokens  []int // (B·T)
	Targets []int // (B·T)
	Source  []int // (B·S)
	// From and To, which the caller sets, limit what is read to the sequences [From, To): the others are
	// padding. To = 0 means all.
	From, To int
	// Fresh marks the sequences that do not continue the same sequence of the previous batch:
	// their recurrent state must be reset. Nil means all of them.
	Fresh []bool
	// Places says what each sequence of a validation batch has: of running text, the position of its
	// first target in the part, counted from 0; of a table, the number of its sample. −1 is padding.
	// Nil in batches to train on.
	Places []int

	fresh []bool // buffer of Fresh, reused
}

// Batcher makes batches. Batch n depends on n alone, so that a run needs only its step number to
// resume. A Batcher may keep scratch memory and is not safe for concurrent use.
type Batcher interface {
	// Batch fills b, reusing its slices, with batch n, counted from 0.
	Batch(n int, b *Batch) error
	// Len returns the number of batches in one pass over the data, or 0 if passes are not counted.
	Len() int
}

// resize gives b the shape (batch, t, s), fills it with padding and sets Fresh to nil.
func (b *Batch) resize(batch, t, s int) {
	b.B, b.T, b.S, b.Fresh, b.Places = batch, t, s, nil, nil
	b.Tokens = padding(b.Tokens, batch*t)
	b.Targets = padding(b.Targets, batch*t)
	b.Source = padding(b.Source, batch*s)
}

// wanted returns the sequences to read: [from, to).
func (b *Batch) wanted() (from, to int) {
	if b.To == 0 {
		return 0, b.B
	}
	return b.From, min(b.To, b.B)
}

// sequence returns the tokens and targets of sequence i, as slices of b.
func (b *Batch) sequence(i int) (tokens, targets []int) {
	return b.Tokens[i*b.T : (i+1)*b.T], b.Targets[i*b.T : (i+1)*b.T]
}

// put sets sequence i to a sample, which fits.
func (b *Batch) put(i int, s task.Sample) {
	tokens, targets := b.sequence(i)
	copy(tokens, s.Tokens)
	copy(targets, s.Targets)
	copy(b.Source[i*b.S:], s.Source)
}

// clear makes the sequences before from padding.
func (b *Batch) clear(from int) {
	for seq := range from {
		tokens, targets := b.sequence(seq)
		padding(tokens, len(tokens))
		padding(targets, len(targets))
	}
}

// markFresh sets Fresh of all sequences.
func (b *Batch) markFresh(fresh bool) {
	if cap(b.fresh) < b.B {
		b.fresh = make([]bool, b.B)
	}
	b.Fresh = b.fresh[:b.B]
	for i := range b.Fresh {
		b.Fresh[i] = fresh
	}
}

// padding returns n times −1, reusing s if its capacity suffices.
func padding(s []int, n int) []int {
	if cap(s) < n {
		s = make([]int, n)
	}
	s = s[:n]
	for i := range s {
		s[i] = -1
	}
	return s
}
