package training

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"euryale/internal/kernel/parallel"
	"euryale/internal/kernel/vec"
	"euryale/layers/graph"
)

// Optimizer is the [optimizer] section of config.toml: AdamW's settings.
type Optimizer struct {
	LR          float64 `toml:"lr"`           // the highest learning rate
	Beta1       float64 `toml:"beta1"`        // decay of the gradients' mean
	Beta2       float64 `toml:"beta2"`        // decay of their squares' mean
	Eps         float64 `toml:"eps"`          // added to the root of the squares
	WeightDecay float64 `toml:"weight_decay"` // of matrices; biases and gains have none
	Clip        float64 `toml:"clip"`         // largest norm of all gradients together; 0: any
}

func (o Optimizer) check() error {
	switch {
	case !(o.LR > 0) || o.Eps <= 0 || o.WeightDecay < 0 || o.Clip < 0:
		return fmt.Errorf("optimizer: lr = %v and eps = %v, want more than 0; weight_decay = %v and clip = %v, want 0 or more", o.LR, o.Eps, o.WeightDecay, o.Clip)
	case !(o.Beta1 >= 0 && o.Beta1 < 1 && o.Beta2 >= 0 && o.Beta2 < 1):
		return fmt.Errorf("optimizer: beta1 = %v and beta2 = %v, want at least 0 and less than 1", o.Beta1, o.Beta2)
	}
	return nil
}

// AdamW is Adam with decoupled weight decay (Loshchilov and Hutter 2019). Gorgonia's own
// never changes a weight.
type AdamW struct {
	o      Optimizer
	params []moments
	blocks []block
	norms  []float64 // sum of squares of each block
	steps  int       // updates made
	added  int       // batches whose gradients are in sum
}

// moments are a parameter, the sum of its gradients, and their running means.
type moments struct {
	path      string
	decay     bool
	w, sum    []float32
	m, v      []float32
	gradients [][]float32 // of the batch at hand, by shard
}

// block is a piece of a parameter: the unit of work, whatever the number of workers.
type block struct{ param, from, to int }

const blockSize = 1 << 15

// NewAdamW returns an optimiser of the parameters in the order given, which is the order
// of the gradients it will be handed.
func NewAdamW(o Optimizer, params []*graph.Param) *AdamW {
	a := &AdamW{o: o}
	for i, p := range params {
		n := p.Size()
		a.params = append(a.params, moments{path: p.Path, decay: len(p.Shape) > 1, w: p.Float32(),
			sum: make([]float32, n), m: make([]float32, n), v: make([]float32, n)})
		for from := 0; from < n; from += blockSize {
			a.blocks = append(a.blocks, block{i, from, min(n, from+blockSize)})
		}
	}
	a.norms = make([]float64, len(a.blocks))
	return a
}

// Add adds a batch's gradients, one list for each shard, in the order of the shards.
func (a *AdamW) Add(shards [][]*tensor.Dense) {
	for i := range a.params {
		p := &a.params[i]
		p.gradients = p.gradients[:0]
		for _, s := range shards {
			p.gradients = append(p.gradients, s[i].Float32s())
		}
	}
	first := a.added == 0
	a.added++
	parallel.Each(len(a.blocks), func(i int) {
		b := a.blocks[i]
		p := &a.params[b.param]
		sum, shards := p.sum[b.from:b.to], p.gradients
		switch {
		case first && len(shards) == 1:
			copy(sum, shards[0][b.from:b.to])
			shards = nil
		case first: // one pass over memory instead of two
			vec.Add(sum, shards[0][b.from:b.to], shards[1][b.from:b.to])
			shards = shards[2:]
		}
		for _, g := range shards {
			vec.Add(sum, sum, g[b.from:b.to])
		}
		a.norms[i] = vec.SumSquares(sum)
	})
}

// Step updates the weights at a learning rate with the mean of the batches added since
// the last step, and returns the norm of that mean before clipping. A norm that is not
// finite is an error, and changes nothing.
func (a *AdamW) Step(lr float64) (norm float64, err error) {
	scale := 1 / float64(a.added)
	for _, n := range a.norms {
		norm += n
	}
	norm = math.Sqrt(norm) * scale
	a.added = 0
	if math.IsNaN(norm) || math.IsInf(norm, 0) {
		return norm, fmt.Errorf("the gradients' norm is %v: lower optimizer.lr, or set optimizer.clip", norm)
	}
	if a.o.Clip > 0 && norm > a.o.Clip {
		scale *= a.o.Clip / norm
	}
	a.steps++
	s := vec.AdamWStep{LR: lr, Beta1: a.o.Beta1, Beta2: a.o.Beta2, Eps: a.o.Eps, GScale: scale,
		Correct1: 1 - math.Pow(a.o.Beta1, float64(a.steps)), Correct2: 1 - math.Pow(a.o.Beta2, float64(a.steps))}
	parallel.Each(len(a.blocks), func(i int) {
		b, s := a.blocks[i], s
		p := &a.params[b.param]
		if p.decay {
			s.Decay = a.o.WeightDecay
		}
		vec.AdamW(p.w[b.from:b.to], p.sum[b.from:b.to], p.m[b.from:b.to], p.v[b.from:b.to], s)
	})
	return norm, nil
}
