package ops

import (
	"fmt"
	"math"
	"slices"
)

// rows is a block of queries, and the keys that they attend to.
type rows struct {
	r0, n   int   // of the batch
	from, c int   // of the sequence's keys: c of them from that one
	lengths []int // how many of the c keys each row attends to the end of
	seq     int
}

// blocks calls f for each block of queries of a sequence, from the last to the first.
func (h *heads[T]) blocks(seq int, f func(b rows)) {
	for t := (h.t - 1) / blockRows * blockRows; t >= 0; t -= blockRows {
		b := rows{r0: seq*h.t + t, n: min(blockRows, h.t-t), seq: seq}
		b.lengths = h.lengths[b.r0 : b.r0+b.n]
		for _, s := range b.lengths {
			if s > h.c || s < 0 {
				panic(fmt.Errorf("a query of sequence %d attends to %d keys of %d", seq, s, h.c))
			}
			b.c = max(b.c, s)
		}
		if h.Window > 0 {
			h.narrow(&b)
		}
		f(b)
	}
}

// narrow leaves out the keys before the windows of all of a block's rows.
func (h *heads[T]) narrow(b *rows) {
	b.from = firstKey(b.lengths, h.Window)
	b.c -= b.from
	b.lengths = h.within[b.r0 : b.r0+b.n]
}

// firstKey returns the first key that is in the window of one of the rows of a block.
func firstKey(lengths []int, window int) int {
	first := math.MaxInt
	for _, s := range lengths {
		first = min(first, max(0, s-window))
	}
	return first
}

// within returns how many keys of its block each row attends to the end of, in to. It is for all
// heads, before they run at once.
func (a attention) within(to, lengths []int) []int {
	if a.Window == 0 {
		return nil
	}
	for from := range slices.Chunk(lengths, a.t) { // a sequence
		for block := range slices.Chunk(from, blockRows) {
			first := firstKey(block, a.Window)
			for _, s := range block {
				to = append(to, max(0, s-first))
			}
		}
	}
	return to
}
