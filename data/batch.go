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
}

// Batcher deals batches. Batch n is a function of n alone, so that a run resumes from
// a step number and nothing else.
type Batcher interface {
	// Batch fills b, reusing its slices, with batch n, counted from 0.
	Batch(n int, b *Batch) error
	// Len is how many batches make one pass over the data, or 0 if there is no such thing.
	Len() int
}
