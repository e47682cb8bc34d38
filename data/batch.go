package data

// Batch is what one step trains on: B lanes of T tokens, flattened lane by lane.
// Everywhere −1 stands for padding: a token that is not there, a target that is not
// asked for.
type Batch struct {
	B, T, S int   // lanes, tokens of each, source tokens of each (0: no source)
	Tokens  []int // (B·T)
	Targets []int // (B·T)
	Source  []int // (B·S)
	// Fresh marks lanes whose text does not continue the lane of the batch before:
	// a recurrent state must be reset there. Nil means every lane is fresh.
	Fresh []bool

	fresh []bool // memory for Fresh
}

// Batcher deals batches. Batch n is a function of n alone, so that a run resumes from
// a step number and nothing else. A Batcher may keep scratch space: one goroutine at a time.
type Batcher interface {
	// Batch fills b, reusing its slices, with batch n, counted from 0.
	Batch(n int, b *Batch) error
	// Len is how many batches make one pass over the data, or 0 if there is no such thing.
	Len() int
}

// resize makes b hold lanes of t tokens and s source tokens, all padding, every lane fresh.
func (b *Batch) resize(lanes, t, s int) {
	b.B, b.T, b.S, b.Fresh = lanes, t, s, nil
	b.Tokens = padding(b.Tokens, lanes*t)
	b.Targets = padding(b.Targets, lanes*t)
	b.Source = padding(b.Source, lanes*s)
}

// lane returns the tokens and targets of one lane.
func (b *Batch) lane(i int) (tokens, targets []int) {
	return b.Tokens[i*b.T : (i+1)*b.T], b.Targets[i*b.T : (i+1)*b.T]
}

// markFresh says of all lanes whether they start anew.
func (b *Batch) markFresh(fresh bool) {
	if cap(b.fresh) < b.B {
		b.fresh = make([]bool, b.B)
	}
	b.Fresh = b.fresh[:b.B]
	for i := range b.Fresh {
		b.Fresh[i] = fresh
	}
}

// padding returns n times −1, in the memory of s if that is large enough.
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
