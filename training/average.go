package training

import (
	"errors"

	"euryale/internal/kernel/parallel"
	"euryale/internal/kernel/vec"
	"euryale/layers/graph"
	"euryale/training/rundir"
)

// Averaging is implemented by an Optimizer that keeps averages of the parameters. Evaluations,
// samples and saved weights are of the averages; training goes on with the parameters.
type Averaging interface {
	Optimizer
	// Average returns the averages, by parameter: live memory, whose contents an Updater swaps
	// with those of the parameters while the averages are in use.
	Average() [][]float32
}

// ema keeps an exponential moving average of the parameters that another rule updates (Polyak
// and Juditsky 1992): at update n, with d = min(decay, (1+n)/(10+n)), so that the first values
// are soon forgotten,
//
//	average = d·average + (1−d)·parameter
type ema struct {
	Optimizer
	decay   float64
	params  []*graph.Param
	average [][]float32
	blocks  []block
	now     float32 // d of the update being made
	update  func(i int)
}

// elementwiseEMA is an ema of an Elementwise rule.
type elementwiseEMA struct{ *ema }

// Elementwise implements Elementwise.
func (elementwiseEMA) Elementwise() {}

// withEMA wraps a rule for optimizer.ema.
func withEMA(o Optimizer, decay float64, params []*graph.Param) Optimizer {
	e := &ema{Optimizer: o, decay: decay, params: params, average: zerosLike(params), blocks: blocksOf(params)}
	for i, p := range params {
		copy(e.average[i], p.Float32())
	}
	e.update = e.updateBlock
	if _, ok := o.(Elementwise); ok {
		return elementwiseEMA{e}
	}
	return e
}

// Update implements Optimizer.
func (e *ema) Update(u Update) {
	e.Optimizer.Update(u)
	n := float64(u.N)
	e.now = float32(min(e.decay, (1+n)/(10+n)))
	parallel.Each(len(e.blocks), e.update)
}

func (e *ema) updateBlock(i int) {
	b := e.blocks[i]
	average := e.average[b.param][b.from:b.to]
	vec.Scale(average, average, e.now)
	vec.Axpy(average, 1-e.now, e.params[b.param].Float32()[b.from:b.to])
}

// Average implements Averaging.
func (e *ema) Average() [][]float32 { return e.average }

// State implements Optimizer.
func (e *ema) State() []rundir.Tensor {
	return append(e.Optimizer.State(), stateOf("ema", e.params, e.average)...)
}

// swap exchanges the parameters and their averages.
func (u *Updater) swap() error {
	params, averages := u.params, u.average.Average()
	if u.isDivided() {
		params = u.own
	}
	blocks := blocksOf(params)
	parallel.Each(len(blocks), func(i int) {
		b := blocks[i]
		x, y := params[b.param].Float32()[b.from:b.to], averages[b.param][b.from:b.to]
		for j := range x {
			x[j], y[j] = y[j], x[j]
		}
	})
	if u.isDivided() {
		return u.exchange.gather(u.values)
	}
	return nil
}

// averaged calls f while the parameters are their averages, where the optimizer keeps such.
func (r *Run) averaged(f func() error) error {
	if r.updater == nil || r.updater.average == nil || r.isAveraged {
		return f()
	}
	if err := r.updater.swap(); err != nil {
		return err
	}
	r.isAveraged = true
	err := f()
	r.isAveraged = false
	return errors.Join(err, r.updater.swap())
}
