package training

import (
	"euryale/internal/kernel/parallel"
	"euryale/layers/graph"
	"euryale/training/rundir"
)

// formula updates the values of a block of a parameter from their gradients. It may overwrite
// the gradients.
type formula func(b blockUpdate)

// blockUpdate is one block's part of an update.
type blockUpdate struct {
	c          *OptimizerConfig
	n          int       // the update's number, counted from 1
	lr, decay  float64   // of the block's parameter
	scale      float64   // makes a sum the gradient
	w, g, m, v []float32 // values, sums of gradients, and state; m and v are nil where the rule has no such state
}

// couple makes the sums gradients, to which weight decay is added as the gradient of a penalty
// ½·decay·|w|², as PyTorch does in all rules but AdamW.
func (b blockUpdate) couple() {
	scaleBy(b.g, b.scale)
	addScaled(b.g, b.decay, b.w)
}

// elementwise is an Optimizer with a formula for each value.
type elementwise struct {
	c       OptimizerConfig
	params  []*graph.Param
	groups  []group // by parameter
	m, v    [][]float32
	blocks  []block
	formula formula
	current Update
	update  func(i int)
}

// registerFormula makes a rule available. States says which of the two states it keeps.
func registerFormula(name string, f formula, states func(c OptimizerConfig) (m, v bool)) {
	RegisterOptimizer(name, func(c OptimizerConfig, params []*graph.Param) Optimizer {
		m, v := states(c)
		return newElementwise(c, params, f, m, v)
	})
}

func newElementwise(c OptimizerConfig, params []*graph.Param, f formula, m, v bool) *elementwise {
	e := &elementwise{c: c, params: params, groups: c.groupsOf(params), blocks: blocksOf(params), formula: f}
	if m {
		e.m = zerosLike(params)
	}
	if v {
		e.v = zerosLike(params)
	}
	e.update = e.updateBlock
	return e
}

// Update implements Optimizer.
func (e *elementwise) Update(u Update) {
	e.current = u
	parallel.Each(len(e.blocks), e.update)
}

func (e *elementwise) updateBlock(i int) {
	b, u := e.blocks[i], e.current
	group := e.groups[b.param]
	s := blockUpdate{c: &e.c, n: u.N, lr: u.LR * group.lr, decay: group.decay, scale: u.Scale,
		w: e.params[b.param].Float32()[b.from:b.to], g: u.Sums[b.param][b.from:b.to]}
	if e.m != nil {
		s.m = e.m[b.param][b.from:b.to]
	}
	if e.v != nil {
		s.v = e.v[b.param][b.from:b.to]
	}
	e.formula(s)
}

// State implements Optimizer.
func (e *elementwise) State() (state []rundir.Tensor) {
	if e.m != nil {
		state = stateOf("m", e.params, e.m)
	}
	if e.v != nil {
		state = append(state, stateOf("v", e.params, e.v)...)
	}
	return state
}

// Elementwise implements Elementwise.
func (e *elementwise) Elementwise() {}
