package training

import (
	"math"

	"euryale/internal/kernel/parallel"
	"euryale/layers/graph"
	"euryale/training/rundir"
)

func init() {
	RegisterOptimizer("schedulefree", func(c OptimizerConfig, params []*graph.Param) Optimizer { return newScheduleFree(c, params) })
}

// scheduleFree is Schedule-Free AdamW (Defazio et al. 2024, algorithm 1). It trains the weights
// y = (1−β1)·z + β1·x, where z makes AdamW's steps and x is the mean of all z, weighted by the squares
// of their learning rates. Evaluations and generation work with x. Instead of a decay of the rate
// there is only a warm-up.
type scheduleFree struct {
	c       OptimizerConfig
	params  []*graph.Param // y
	groups  []group
	z, x, v [][]float32
	total   []float32 // one value: sum of the squares of the learning rates
	blocks  []block

	current Update
	rate    float64 // learning rate with the correction of v
	share   float64 // of the new z in x
	update  func(i int)
}

func newScheduleFree(c OptimizerConfig, params []*graph.Param) *scheduleFree {
	s := &scheduleFree{c: c, params: params, groups: c.groupsOf(params), z: zerosLike(params), x: zerosLike(params), v: zerosLike(params),
		total: make([]float32, 1), blocks: blocksOf(params)}
	for i, p := range params {
		copy(s.z[i], p.Float32())
		copy(s.x[i], p.Float32())
	}
	s.update = s.updateBlock
	return s
}

// Update implements Optimizer.
func (s *scheduleFree) Update(u Update) {
	s.current = u
	s.rate = u.LR * math.Sqrt(1-math.Pow(s.c.Beta2, float64(u.N)))
	square := s.rate * s.rate
	s.total[0] += float32(square)
	s.share = square / float64(s.total[0])
	parallel.Each(len(s.blocks), s.update)
}

func (s *scheduleFree) updateBlock(i int) {
	b := s.blocks[i]
	group := s.groups[b.param]
	g, y := s.current.Sums[b.param][b.from:b.to], s.params[b.param].Float32()[b.from:b.to]
	z, x, v := s.z[b.param][b.from:b.to], s.x[b.param][b.from:b.to], s.v[b.param][b.from:b.to]
	rate := s.rate * group.lr
	for i := range g {
		gi := float64(g[i]) * s.current.Scale
		vi := s.c.Beta2*float64(v[i]) + (1-s.c.Beta2)*gi*gi
		zi := float64(z[i]) - rate*(gi/(math.Sqrt(vi)+s.c.Eps)+group.decay*float64(y[i]))
		xi := (1-s.share)*float64(x[i]) + s.share*zi
		v[i], z[i], x[i] = float32(vi), float32(zi), float32(xi)
		y[i] = float32((1-s.c.Beta1)*zi + s.c.Beta1*xi)
	}
}

// Average implements Averaging.
func (s *scheduleFree) Average() [][]float32 { return s.x }

// State implements Optimizer.
func (s *scheduleFree) State() []rundir.Tensor {
	state := append(stateOf("z", s.params, s.z), stateOf("x", s.params, s.x)...)
	return append(append(state, stateOf("v", s.params, s.v)...), rundir.Tensor{Name: "rates", Shape: []int{1}, Values: s.total})
}
