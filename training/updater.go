package training

import (
	"fmt"
	"math"
	"slices"

	"gorgonia.org/tensor"

	"euryale/internal/kernel/parallel"
	"euryale/internal/kernel/vec"
	"euryale/internal/ranks"
	"euryale/layers/graph"
	"euryale/training/rundir"
)

// Updater sums gradients over shards and batches, clips the sum, and has an Optimizer update
// the parameters. A steady loop of Add and Step allocates nothing. Among ranks, each sums the
// gradients of its part of the parameters, and updates that.
type Updater struct {
	rule     Optimizer
	average  Averaging // the rule, if it keeps averages, else nil
	clip     float64
	limit    float64        // of a gradient's value, or 0
	params   []*graph.Param // all of them
	own      []*graph.Param // the parts of them that this process updates
	pieces   []piece        // which parts
	sums     [][]float32    // of gradients, by part
	shards   [][][]float32  // gradients of the batch being added, by shard and parameter
	blocks   []block        // of the parts
	squares  []float64      // of each block's sums, added up; among ranks, by slot
	mine     []float64      // those of this process
	add      func(i int)    // adds a block of the batch
	steps    int            // updates made
	added    int            // batches in sums
	narrow   bool           // gradients are rounded to bfloat16
	inPlace  bool           // sums are the gradients of the first shard
	exchange *exchange      // among ranks, else nil
	values   [][]float32    // among ranks: of all parameters
	whole    [][]float32    // sums of all ranks, for a rule that is not elementwise
	names    []string       // of the state's tensors, where it is divided
}

// NewUpdater returns an updater of parameters, whose order is that of the gradients. A graph
// must have declared the parameters already: it says which have weight decay.
func NewUpdater(c OptimizerConfig, params []*graph.Param) (*Updater, error) {
	return newUpdater(c, params, ranks.Alone{}, 1, false, false)
}

// newUpdater returns an updater of a rank, for batches of at most so many shards. Narrow rounds
// gradients to bfloat16, in which ranks exchange them: also those that are not exchanged, so that
// results do not depend on the number of ranks. Once says that there is one Add for each Step: the
// first shard's gradients then become the sums, which take no memory of their own.
func newUpdater(c OptimizerConfig, params []*graph.Param, g ranks.Group, shards int, narrow, once bool) (*Updater, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if err := c.checkGroups(params); err != nil {
		return nil, err
	}
	u := &Updater{clip: c.Clip, limit: c.ClipValue, params: params, own: params, narrow: narrow, blocks: blocksOf(params)}
	for i, p := range params {
		u.pieces = append(u.pieces, piece{i, 0, p.Size()})
	}
	u.squares = make([]float64, len(u.blocks))
	u.mine = u.squares
	if g.Size() > 1 {
		u.divide(newExchange(g, params, shards, narrow))
	}
	if once && u.exchange == nil {
		u.inPlace, u.sums = true, make([][]float32, len(params))
	} else {
		u.sums = zerosLike(u.own)
	}
	one := c.make(ofOneValue(params)) // names the state
	if _, isElementwise := one.(Elementwise); u.exchange != nil && !isElementwise {
		u.rule, u.whole = c.make(params), zerosLike(params)
	} else {
		u.rule = c.make(u.own)
	}
	u.average, _ = u.rule.(Averaging)
	for _, t := range one.State() {
		u.names = append(u.names, t.Name)
	}
	u.add = u.addBlock
	return u, nil
}

// divide restricts the updater to the rank's parts of the parameters.
func (u *Updater) divide(x *exchange) {
	u.exchange, u.pieces, u.own = x, x.pieces(x.group.Rank()), nil
	for _, p := range u.pieces {
		u.own = append(u.own, u.params[p.param].Part(p.from, p.to))
	}
	u.blocks = blocksOf(u.own)
	from, to := ranks.Part(x.ends, x.group.Rank())
	u.mine = u.squares[from:to]
	for _, p := range u.params {
		u.values = append(u.values, p.Float32())
	}
}

// Add adds a batch's gradients, one list for each shard, in the order of the shards. They
// are parts of one sum: the loss of a batch is divided by the targets of all batches until
// the next Step.
func (u *Updater) Add(shards [][]*tensor.Dense) error { return u.addShards(shards, len(shards)) }

// addShards adds a batch's gradients, which has total shards: this rank has the gradients of
// some of them.
func (u *Updater) addShards(shards [][]*tensor.Dense, total int) error {
	u.shards = slices.Grow(u.shards[:0], len(shards))[:len(shards)]
	for s, gradients := range shards {
		u.shards[s] = u.shards[s][:0]
		for _, g := range gradients {
			u.shards[s] = append(u.shards[s], g.Float32s())
		}
	}
	if u.inPlace {
		copy(u.sums, u.shards[0])
	}
	if u.exchange != nil {
		if err := u.exchange.gradients(u.shards, total, u.add, nil); err != nil {
			return err
		}
	} else {
		if u.narrow {
			u.round()
		}
		parallel.Each(len(u.blocks), u.add)
	}
	u.added++
	return nil
}

// round rounds the gradients of the batch to bfloat16.
func (u *Updater) round() {
	blocks := blocksOf(u.params)
	for _, gradients := range u.shards {
		parallel.Each(len(blocks), func(i int) {
			b := blocks[i]
			roundToBFloat16(gradients[b.param][b.from:b.to])
		})
	}
}

func (u *Updater) addBlock(i int) {
	b := u.blocks[i]
	sum, n := u.sums[b.param][b.from:b.to], len(u.shards)
	if u.exchange != nil {
		n = len(u.exchange.received)
	}
	next := 0
	switch first := u.added == 0; {
	case first && n == 1:
		if !u.inPlace {
			copy(sum, u.gradient(0, i))
		}
		next = 1
	case first: // one pass over memory instead of two
		vec.Add(sum, u.gradient(0, i), u.gradient(1, i))
		next = 2
	}
	for ; next < n; next++ {
		vec.Add(sum, sum, u.gradient(next, i))
	}
	u.mine[i] = vec.SumSquares(sum)
}

// gradient returns the gradient of a shard for a block.
func (u *Updater) gradient(shard, i int) []float32 {
	if u.exchange != nil {
		return u.exchange.gradient(shard, i)
	}
	b := u.blocks[i]
	return u.shards[shard][b.param][b.from:b.to]
}

// Norm returns the norm of the sum of the gradients added since the last step.
func (u *Updater) Norm() (norm float64, err error) {
	if u.exchange != nil {
		norm, err = u.exchange.total(u.squares)
		return math.Sqrt(norm), err
	}
	for _, s := range u.squares {
		norm += s
	}
	return math.Sqrt(norm), nil
}

// Discard forgets the gradients added since the last step.
func (u *Updater) Discard() { u.added = 0 }

// Step updates the parameters at a learning rate with the sum of the gradients added since
// the last step, and returns its norm before clipping. A norm that is not finite is an
// error, and changes nothing.
func (u *Updater) Step(lr float64) (norm float64, err error) {
	if norm, err = u.Norm(); err != nil {
		return 0, err
	}
	return norm, u.step(lr, norm)
}

// step is Step with a norm that is known.
func (u *Updater) step(lr, norm float64) error {
	scale := 1.0
	u.added = 0
	if !isFinite(norm) {
		return fmt.Errorf("the gradients' norm is %v: lower optimizer.lr, or set optimizer.clip", norm)
	}
	if u.clip > 0 && norm > u.clip {
		scale = u.clip / norm
	}
	if u.limit > 0 {
		limit := float32(u.limit / scale)
		parallel.Each(len(u.blocks), func(i int) {
			b := u.blocks[i]
			for j, g := range u.sums[b.param][b.from:b.to] {
				u.sums[b.param][b.from+j] = max(-limit, min(limit, g))
			}
		})
	}
	u.steps++
	return u.apply(Update{N: u.steps, LR: lr, Sums: u.sums, Scale: scale})
}

// apply has the optimizer make an update, and ranks exchange what it changed. A rule that is not
// elementwise gets all sums on every rank instead, and updates all parameters.
func (u *Updater) apply(a Update) error {
	switch {
	case u.exchange == nil:
		u.rule.Update(a)
		return nil
	case u.whole == nil:
		u.rule.Update(a)
		return u.exchange.gather(u.values)
	}
	for i, p := range u.pieces {
		copy(u.whole[p.param][p.from:p.to], u.sums[i])
	}
	if err := u.exchange.gather(u.whole); err != nil {
		return err
	}
	a.Sums = u.whole
	u.rule.Update(a)
	return nil
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
