package data

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"euryale/data/task"
)

// Buckets batches samples of different lengths in a few fixed shapes, so that few graphs are built
// and few tokens are padding. A pass over the data has every sample once.
type Buckets struct {
	batch    int
	seed     uint64
	shuffled bool
	shapes   []Shape
	members  [][]task.Sample // samples of each shape
	places   [][]int         // for each member, its number in the part
	steps    int             // batches of a pass

	pass     int         // pass that schedule and order describe; −1 before the first
	schedule []scheduled // batches of the pass
	order    [][]int     // for each shape, indices of its samples in the order of the pass
}

// errNoExample says that a part of a table is empty.
var errNoExample = errors.New("the part has no example: provide more data, or change data.split")

// scheduled is a batch of a pass: the k-th of a shape.
type scheduled struct {
	shape, k int
}

// newBuckets sorts the samples of part into at most count shapes with the least padding. The shapes
// are chosen for all samples of the corpus, so that its parts share them.
func newBuckets(all, part []task.Sample, batch, count, context int) (*Buckets, error) {
	if len(part) == 0 {
		return nil, errNoExample
	}
	b := &Buckets{batch: batch, pass: -1}
	b.shapes = chooseShapes(all, count, context)
	b.members, b.places = make([][]task.Sample, len(b.shapes)), make([][]int, len(b.shapes))
	for place, s := range part {
		i := slices.IndexFunc(b.shapes, func(shape Shape) bool { return fits(s, shape) })
		b.members[i], b.places[i] = append(b.members[i], s), append(b.places[i], place)
	}
	for _, members := range b.members {
		b.steps += (len(members) + batch - 1) / batch
	}
	return b, nil
}

// Len returns the number of batches of a pass.
func (b *Buckets) Len() int { return b.steps }

// Batch fills out with batch n of all passes. A shuffled pass has an order of its own.
func (b *Buckets) Batch(n int, out *Batch) error {
	if n < 0 || !b.shuffled && n >= b.steps {
		return fmt.Errorf("batch %d is out of range: a pass has %d", n, b.steps)
	}
	if pass := n / b.steps; pass != b.pass {
		b.schedulePass(pass)
	}
	at := b.schedule[n%b.steps]
	shape, order := b.shapes[at.shape], b.order[at.shape]
	out.resize(b.batch, shape.T, shape.S)
	if !b.shuffled {
		out.Places = padding(nil, out.B)
	}
	first := at.k * b.batch
	from, to := out.wanted()
	for seq, i := range order[first:min(first+b.batch, len(order))] {
		if !b.shuffled {
			out.Places[seq] = b.places[at.shape][i]
		}
		if seq < from || seq >= to {
			continue
		}
		out.put(seq, b.members[at.shape][i])
	}
	return nil
}

// schedulePass orders the samples within each shape, then the batches of all shapes.
func (b *Buckets) schedulePass(pass int) {
	rng := rand.New(rand.NewPCG(b.seed, uint64(pass)))
	b.schedule, b.order = b.schedule[:0], b.order[:0]
	for shape, members := range b.members {
		order := make([]int, len(members))
		for i := range order {
			order[i] = i
		}
		if b.shuffled {
			rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		}
		b.order = append(b.order, order)
		for k := range (len(members) + b.batch - 1) / b.batch {
			b.schedule = append(b.schedule, scheduled{shape, k})
		}
	}
	if b.shuffled {
		rng.Shuffle(len(b.schedule), func(i, j int) {
			b.schedule[i], b.schedule[j] = b.schedule[j], b.schedule[i]
		})
	}
	b.pass = pass
}

// Shapes returns the shapes of the batches.
func (b *Buckets) Shapes() []Shape { return slices.Clone(b.shapes) }

// Padding returns the fraction of the tokens of a pass, source tokens included, that are padding.
func (b *Buckets) Padding() float64 {
	var used, size int
	for i, members := range b.members {
		batches := (len(members) + b.batch - 1) / b.batch
		size += batches * b.batch * (b.shapes[i].T + b.shapes[i].S)
		for _, s := range members {
			used += len(s.Tokens) + len(s.Source)
		}
	}
	return 1 - float64(used)/float64(size)
}

// Cut returns the number of samples whose source or answer was truncated to fit the context.
func (b *Buckets) Cut() int {
	n := 0
	for _, members := range b.members {
		for _, s := range members {
			if s.Cut {
				n++
			}
		}
	}
	return n
}

// size returns the number of samples of a pass.
func (b *Buckets) size() (n int) {
	for _, members := range b.members {
		n += len(members)
	}
	return n
}

// String summarizes the batches of a pass.
func (b *Buckets) String() string {
	n := b.size()
	return fmt.Sprintf("%d examples in %d batches of shapes (T, S) %v, %.1f %% padding; %d cut to fit",
		n, b.steps, b.shapes, 100*b.Padding(), b.Cut())
}
