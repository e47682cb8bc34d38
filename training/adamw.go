package training

import (
	"math"

	"euryale/internal/kernel/parallel"
	"euryale/internal/kernel/vec"
	"euryale/layers/graph"
	"euryale/training/rundir"
)

func init() { RegisterOptimizer("adamw", newAdamW) }

// adamW is Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2).
// Gorgonia's own AdamW never changes a weight.
type adamW struct {
	c      OptimizerConfig
	params []*graph.Param
	m, v   [][]float32 // running means of gradients and of their squares, by parameter
	blocks []block
	sums   [][]float32 // of the update being made
	step   vec.AdamWStep
	update func(i int) // updates a block
}

func newAdamW(c OptimizerConfig, params []*graph.Param) Optimizer {
	a := &adamW{c: c, params: params, m: zerosLike(params), v: zerosLike(params), blocks: blocksOf(params)}
	a.update = a.updateBlock
	return a
}

// Update implements Optimizer.
func (a *adamW) Update(u Update) {
	a.sums = u.Sums
	a.step = vec.AdamWStep{LR: u.LR, Beta1: a.c.Beta1, Beta2: a.c.Beta2, Eps: a.c.Eps, GScale: u.Scale,
		Correct1: 1 - math.Pow(a.c.Beta1, float64(u.N)), Correct2: 1 - math.Pow(a.c.Beta2, float64(u.N))}
	parallel.Each(len(a.blocks), a.update)
}

func (a *adamW) updateBlock(i int) {
	b, step := a.blocks[i], a.step
	p := a.params[b.param]
	if p.Decay {
		step.Decay = a.c.WeightDecay
	}
	vec.AdamW(p.Float32()[b.from:b.to], a.sums[b.param][b.from:b.to], a.m[b.param][b.from:b.to], a.v[b.param][b.from:b.to], step)
}

// State implements Optimizer.
func (a *adamW) State() []rundir.Tensor {
	return append(stateOf("m", a.params, a.m), stateOf("v", a.params, a.v)...)
}

// Elementwise implements Elementwise.
func (a *adamW) Elementwise() {}
