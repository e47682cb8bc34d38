package training

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"gorgonia.org/tensor"

	"euryale/internal/kernel/parallel"
	"euryale/internal/kernel/vec"
	"euryale/layers/graph"
	"euryale/training/rundir"
)

// Updater sums gradients over shards and batches, clips the sum, and has an Optimizer update
// the parameters. A steady loop of Add and Step allocates nothing.
type Updater struct {
	rule    Optimizer
	clip    float64
	params  []*graph.Param
	sums    [][]float32   // of gradients, by parameter
	shards  [][][]float32 // gradients of the batch being added, by parameter and shard
	blocks  []block
	squares []float64   // of each block's sums, added up
	add     func(i int) // adds a block of the batch
	steps   int         // updates made
	added   int         // batches in sums
}

// NewUpdater returns an updater of parameters, whose order is that of the gradients. A graph
// must have declared the parameters already: it says which have weight decay.
func NewUpdater(c OptimizerConfig, params []*graph.Param) (*Updater, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	u := &Updater{rule: optimizers[c.Name](c, params), clip: c.Clip, params: params, sums: zerosLike(params),
		shards: make([][][]float32, len(params)), blocks: blocksOf(params)}
	u.squares = make([]float64, len(u.blocks))
	u.add = u.addBlock
	return u, nil
}

// Add adds a batch's gradients, one list for each shard, in the order of the shards. They
// are parts of one sum: the loss of a batch is divided by the targets of all batches until
// the next Step.
func (u *Updater) Add(shards [][]*tensor.Dense) {
	for i := range u.shards {
		u.shards[i] = u.shards[i][:0]
		for _, s := range shards {
			u.shards[i] = append(u.shards[i], s[i].Float32s())
		}
	}
	parallel.Each(len(u.blocks), u.add)
	u.added++
}

func (u *Updater) addBlock(i int) {
	b := u.blocks[i]
	sum, shards := u.sums[b.param][b.from:b.to], u.shards[b.param]
	switch first := u.added == 0; {
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
	u.squares[i] = vec.SumSquares(sum)
}

// Norm returns the norm of the sum of the gradients added since the last step.
func (u *Updater) Norm() (norm float64) {
	for _, s := range u.squares {
		norm += s
	}
	return math.Sqrt(norm)
}

// Discard forgets the gradients added since the last step.
func (u *Updater) Discard() { u.added = 0 }

// Step updates the parameters at a learning rate with the sum of the gradients added since
// the last step, and returns its norm before clipping. A norm that is not finite is an
// error, and changes nothing.
func (u *Updater) Step(lr float64) (norm float64, err error) {
	scale := 1.0
	norm = u.Norm()
	u.added = 0
	if !isFinite(norm) {
		return norm, fmt.Errorf("the gradients' norm is %v: lower optimizer.lr, or set optimizer.clip", norm)
	}
	if u.clip > 0 && norm > u.clip {
		scale = u.clip / norm
	}
	u.steps++
	u.rule.Update(Update{N: u.steps, LR: lr, Sums: u.sums, Scale: scale})
	return norm, nil
}

// State lists the optimizer's state: see Optimizer.
func (u *Updater) State() []rundir.Tensor { return u.rule.State() }

// Restore sets the state to the saved one, which must be that of the same optimizer after
// the given number of updates.
func (u *Updater) Restore(steps int, saved []rundir.Tensor) error {
	missing := map[string][]float32{}
	for _, t := range u.State() {
		missing[t.Name] = t.Values
	}
	for _, t := range saved {
		into, known := missing[t.Name]
		if !known {
			return fmt.Errorf("%s is not part of this optimizer's state: is optimizer.name that of the run?", t.Name)
		}
		if len(t.Values) != len(into) {
			return fmt.Errorf("%s has %d values, want %d", t.Name, len(t.Values), len(into))
		}
		copy(into, t.Values)
		delete(missing, t.Name)
	}
	if len(missing) > 0 {
		return fmt.Errorf("the optimizer's state lacks %s", strings.Join(slices.Sorted(maps.Keys(missing)), ", "))
	}
	u.steps = steps
	return nil
}

// block is a piece of a parameter: the unit of work, whatever the number of workers.
type block struct{ param, from, to int }

const blockSize = 1 << 15

// blocksOf cuts parameters into blocks.
func blocksOf(params []*graph.Param) (blocks []block) {
	for i, p := range params {
		for from := 0; from < p.Size(); from += blockSize {
			blocks = append(blocks, block{i, from, min(p.Size(), from+blockSize)})
		}
	}
	return blocks
}

// zerosLike returns zeros for each value of each parameter.
func zerosLike(params []*graph.Param) [][]float32 {
	zeros := make([][]float32, len(params))
	for i, p := range params {
		zeros[i] = make([]float32, p.Size())
	}
	return zeros
}

// stateOf names a state of one value for each value of each parameter.
func stateOf(kind string, params []*graph.Param, values [][]float32) (state []rundir.Tensor) {
	for i, p := range params {
		state = append(state, rundir.Tensor{Name: kind + "/" + p.Path, Shape: p.Shape, Values: values[i]})
	}
	return state
}
