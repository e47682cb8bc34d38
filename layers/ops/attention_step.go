package ops

import (
	"fmt"

	"euryale/internal/kernel/matmul"
	"euryale/internal/kernel/parallel"
	"euryale/internal/kernel/vec"
)

// leastPart is the least number of elements of keys for which the heads of a sequence are divided among threads.
const leastPart = 1 << 14

// step is the forward pass of one query in each sequence, as in generation, to the bits of forward. The heads of a
// sequence read its keys and values together, in the order of memory: a head by itself would read a few bytes of each
// row, and the rows of a long history do not stay in a cache until the next head.
func (h *heads[T]) step(scratch *pool[T]) {
	parts := h.stepParts()
	parallel.Each(h.Sequences*parts, func(i int) {
		seq, part := i/parts, i%parts
		buf := scratch.get()
		h.stepHeads(seq, part*h.KVHeads/parts, (part+1)*h.KVHeads/parts, buf)
		scratch.put(buf)
	})
}

// stepParts returns how many parts the heads of a sequence are divided into. No bits depend on it.
func (h *heads[T]) stepParts() int {
	longest := 0
	for _, n := range h.lengths {
		longest = max(longest, n)
	}
	return min((2*parallel.Threads()+h.Sequences-1)/h.Sequences, 1+longest*h.KVHeads*h.d/leastPart, h.KVHeads)
}

// stepHeads computes the heads of a sequence that share the key heads from kv to end−1.
func (h *heads[T]) stepHeads(seq, kv, end int, buf []T) {
	n := h.lengths[seq]
	if n > h.c || n < 0 {
		panic(fmt.Errorf("a query of sequence %d attends to %d keys of %d", seq, n, h.c))
	}
	from := 0
	if h.Window > 0 {
		from = max(0, n-h.Window)
		n -= from
	}
	group := h.Heads / h.KVHeads
	first, of := kv*group, matmul.Heads{Count: (end - kv) * group, Group: group, D: h.d}
	y := h.y.at(seq, first*h.d)[:of.Count*h.d]
	if n == 0 { // no keys to attend to: zero
		clear(y)
		return
	}
	p, row := buf[:of.Count*n], seq*h.c+from
	matmul.Scores(of, h.q.at(seq, first*h.d)[:of.Count*h.d], h.k.at(row, kv*h.d), h.k.ld, n, p, n)
	for i := range of.Count {
		scores, head := p[i*n:(i+1)*n], first+i
		scale := h.bias(scores, head, n)
		vec.SoftmaxRows(scores, 1, n, n, nil, scale, h.lse[head*h.Sequences+seq:][:1])
	}
	matmul.Mix(of, p, n, h.v.at(row, kv*h.d), h.v.ld, n, y)
}
