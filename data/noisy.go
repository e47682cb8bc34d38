package data

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"euryale/data/task"
)

// noiseStream separates the random numbers of noise from others of the same seed.
const noiseStream = 0x6e6f697365

// noisyBuckets batches training samples that are drawn anew in each pass (see task.Noisy). As their lengths
// differ from pass to pass, the samples of a pass are sorted by shape, in random order within each, and cut into
// batches, so that every pass has equally many. A batch at the border of two shapes has one that holds both.
type noisyBuckets struct {
	draw   *task.Noisy
	batch  int
	seed   uint64
	shapes []Shape
	steps  int // batches of a pass

	pass    int // that samples and batches are of; −1 before the first
	samples []task.Sample
	batches [][]int // indices of samples
	cut     int     // samples of the pass that were truncated
}

// newNoisyBuckets chooses shapes that hold the samples without noise, those of the validation part and a
// first draw.
func newNoisyBuckets(draw *task.Noisy, valid []task.Sample, batch, count, context int, seed uint64) (*noisyBuckets, error) {
	b := &noisyBuckets{draw: draw, batch: batch, seed: seed, steps: (draw.Len() + batch - 1) / batch, pass: -1}
	if draw.Len() == 0 {
		return nil, errNoExample
	}
	all := slices.Clone(valid)
	for i := range draw.Len() {
		s, err := b.sample(0, i)
		if err != nil {
			return nil, err
		}
		all = append(all, draw.Plain(i), s)
	}
	b.shapes = chooseShapes(all, count, context)
	return b, b.drawPass(0)
}

// sample draws sample i of a pass.
func (b *noisyBuckets) sample(pass, i int) (task.Sample, error) {
	return b.draw.Sample(i, rand.New(rand.NewPCG(b.seed^noiseStream, uint64(pass)<<32|uint64(i))))
}

// shapeOf returns the index of the first shape that holds a sample, or −1.
func (b *noisyBuckets) shapeOf(s task.Sample) int {
	return slices.IndexFunc(b.shapes, func(shape Shape) bool { return fits(s, shape) })
}

// drawPass draws the samples of a pass and divides them into batches. A sample that no shape holds has no noise.
func (b *noisyBuckets) drawPass(pass int) error {
	b.samples, b.cut = make([]task.Sample, b.draw.Len()), 0
	members := make([][]int, len(b.shapes))
	rng := rand.New(rand.NewPCG(b.seed, uint64(pass)))
	for _, i := range rng.Perm(b.draw.Len()) {
		s, err := b.sample(pass, i)
		if err != nil {
			return err
		}
		if b.shapeOf(s) < 0 {
			s = b.draw.Plain(i)
		}
		if s.Cut {
			b.cut++
		}
		at := b.shapeOf(s)
		b.samples[i], members[at] = s, append(members[at], i)
	}
	b.batches = slices.Collect(slices.Chunk(slices.Concat(members...), b.batch))
	rng.Shuffle(len(b.batches), func(i, j int) { b.batches[i], b.batches[j] = b.batches[j], b.batches[i] })
	b.pass = pass
	return nil
}

// Len returns the number of batches of a pass.
func (b *noisyBuckets) Len() int { return b.steps }

// Batch fills out with batch n of all passes.
func (b *noisyBuckets) Batch(n int, out *Batch) error {
	if n < 0 {
		return fmt.Errorf("batch %d is out of range", n)
	}
	if pass := n / b.steps; pass != b.pass {
		if err := b.drawPass(pass); err != nil {
			return err
		}
	}
	members := b.batches[n%b.steps]
	var shape Shape
	for _, i := range members {
		of := b.shapes[b.shapeOf(b.samples[i])]
		shape = Shape{max(shape.T, of.T), max(shape.S, of.S)}
	}
	out.resize(b.batch, shape.T, shape.S)
	from, to := out.wanted()
	for seq, i := range members {
		if seq >= from && seq < to {
			out.put(seq, b.samples[i])
		}
	}
	return nil
}

// String summarizes the batches of a pass.
func (b *noisyBuckets) String() string {
	return fmt.Sprintf("%d examples in %d batches of shapes (T, S) %v, drawn anew in each pass with %v; %d cut to fit",
		b.draw.Len(), b.steps, b.shapes, b.draw.Noise, b.cut)
}
