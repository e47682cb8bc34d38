package data

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"euryale/data/task"
)

// Buckets deals samples of different lengths in batches of a few fixed shapes, so that few graphs
// are built and little is padding. Every pass over the data deals each sample once.
type Buckets struct {
	lanes    int
	seed     uint64
	shuffled bool
	shapes   []Shape
	members  [][]task.Sample // of each shape
	steps    int

	pass  int      // that deals holds; −1 for none
	deals [][2]int // for each batch of the pass, its shape and its place there
	order [][]int  // for each shape, its samples in the order of the pass
}

// newBuckets sorts samples into at most count shapes that pad as little as possible. The shapes
// are chosen for all samples, so that parts of a corpus share them.
func newBuckets(all, part []task.Sample, lanes, count, context int) (*Buckets, error) {
	if len(part) == 0 {
		return nil, errors.New("the part has no example: give more data, or another data.split")
	}
	b := &Buckets{lanes: lanes, pass: -1}
	b.shapes = chooseShapes(all, count, context)
	b.members = make([][]task.Sample, len(b.shapes))
	for _, s := range part {
		i := slices.IndexFunc(b.shapes, func(shape Shape) bool { return fits(s, shape) })
		b.members[i] = append(b.members[i], s)
	}
	for _, members := range b.members {
		b.steps += (len(members) + lanes - 1) / lanes
	}
	return b, nil
}

// Len is the number of batches of a pass.
func (b *Buckets) Len() int { return b.steps }

// Batch deals batch n: of pass n/Len, which has an order of its own.
func (b *Buckets) Batch(n int, out *Batch) error {
	if n < 0 || !b.shuffled && n >= b.steps {
		return fmt.Errorf("batch %d does not exist: there are %d", n, b.steps)
	}
	if pass := n / b.steps; pass != b.pass {
		b.arrange(pass)
	}
	deal := b.deals[n%b.steps]
	shape, order := b.shapes[deal[0]], b.order[deal[0]]
	out.resize(b.lanes, shape.T, shape.S)
	first := deal[1] * b.lanes
	for lane, i := range order[first:min(first+b.lanes, len(order))] {
		s := b.members[deal[0]][i]
		tokens, targets := out.lane(lane)
		copy(tokens, s.Tokens)
		copy(targets, s.Targets)
		copy(out.Source[lane*shape.S:], s.Source)
	}
	return nil
}

// arrange orders a pass: samples within their shapes, then batches among each other.
func (b *Buckets) arrange(pass int) {
	rng := rand.New(rand.NewPCG(b.seed, uint64(pass)))
	b.deals, b.order = b.deals[:0], b.order[:0]
	for shape, members := range b.members {
		order := make([]int, len(members))
		for i := range order {
			order[i] = i
		}
		if b.shuffled {
			rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		}
		b.order = append(b.order, order)
		for k := range (len(members) + b.lanes - 1) / b.lanes {
			b.deals = append(b.deals, [2]int{shape, k})
		}
	}
	if b.shuffled {
		rng.Shuffle(len(b.deals), func(i, j int) { b.deals[i], b.deals[j] = b.deals[j], b.deals[i] })
	}
	b.pass = pass
}

// Shapes are the shapes that batches come in.
func (b *Buckets) Shapes() []Shape { return slices.Clone(b.shapes) }

// Padding is the share of a pass's tokens, source tokens included, that are padding.
func (b *Buckets) Padding() float64 {
	var used, room int
	for i, members := range b.members {
		batches := (len(members) + b.lanes - 1) / b.lanes
		room += batches * b.lanes * (b.shapes[i].T + b.shapes[i].S)
		for _, s := range members {
			used += len(s.Tokens) + len(s.Source)
		}
	}
	return 1 - float64(used)/float64(room)
}

// Cut is how many samples had a source or an answer that did not fit the context.
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

// String sums up the batches of a pass for people.
func (b *Buckets) String() string {
	n := 0
	for _, members := range b.members {
		n += len(members)
	}
	return fmt.Sprintf("%d examples in %d batches of shapes (T, S) %v, %.1f %% padding; %d cut to fit",
		n, b.steps, b.shapes, 100*b.Padding(), b.Cut())
}
