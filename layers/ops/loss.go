package ops

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/parallel"
	"euryale/internal/kernel/vec"
)

// CrossEntropy returns the cross-entropy of each row in nats, and 0 where the target is −1. With
// label smoothing ε the target distribution is 1−ε at the target plus ε/V at every id (Szegedy
// et al. 2016). The backward pass recomputes the probabilities from the logits.
//
//	logits: (N, V), targets: (N) int → (N)
func CrossEntropy(p Place, smoothing float64, logits, targets *G.Node) (*G.Node, error) {
	if logits.Dims() != 2 || targets.Dims() != 1 || targets.Dtype() != tensor.Int || logits.Shape()[0] != targets.Shape()[0] {
		return nil, fmt.Errorf("logits are %v and targets %v of %v, want (N, V) and (N) of int", logits.Shape(), targets.Shape(), targets.Dtype())
	}
	if !(smoothing >= 0 && smoothing < 1) {
		return nil, fmt.Errorf("label smoothing is %v, want at least 0 and less than 1", smoothing)
	}
	n, v := logits.Shape()[0], logits.Shape()[1]
	return apply(p, crossEntropySpec[float32](n, v, smoothing), crossEntropySpec[float64](n, v, smoothing), logits, targets)
}

func crossEntropySpec[T Float](n, v int, smoothing float64) spec[T] {
	lse := make([]T, n)
	even := T(smoothing) / T(v)
	return spec[T]{
		shape: tensor.Shape{n},
		fwd: func(a []arg[T], loss []T) {
			each(n, v, func(r int) {
				loss[r] = 0
				id := a[1].I[r]
				if id < 0 {
					return
				}
				if id >= v {
					panic(fmt.Errorf("row %d's target is %d of %d", r, id, v))
				}
				x := a[0].X[r*v : (r+1)*v]
				lse[r] = vec.LogSumExp(x)
				loss[r] = lse[r] - (1-T(smoothing))*x[id]
				if smoothing > 0 {
					loss[r] -= even * T(vec.Sum(x))
				}
			})
		},
		backs: []back[T]{{of: []int{0}, do: func(a []arg[T], _, dloss []T, g [][]T) {
			each(n, v, func(r int) {
				dx, id := g[0][r*v:(r+1)*v], a[1].I[r]
				if id < 0 {
					clear(dx)
					return
				}
				vec.ExpShift(dx, a[0].X[r*v:(r+1)*v], lse[r], dloss[r])
				if smoothing > 0 {
					for i := range dx {
						dx[i] -= even * dloss[r]
					}
				}
				dx[id] -= (1 - T(smoothing)) * dloss[r]
			})
		}}},
	}
}

// each runs f for every row of an n×v matrix, in blocks that run concurrently.
func each(n, v int, f func(r int)) {
	rows := max(1, 1<<15/v) // enough work for a goroutine
	parallel.Each((n+rows-1)/rows, func(i int) {
		for r := i * rows; r < min(n, (i+1)*rows); r++ {
			f(r)
		}
	})
}

// MeanLoss returns the sum of x divided by total, the number of targets in the whole batch: the
// losses of a batch's shards add up to its mean. A loss that is not finite is an error.
//
//	x: (N), total: (1) int → scalar
func MeanLoss(p Place, x, total *G.Node) (*G.Node, error) {
	return apply(p, meanSpec[float32](), meanSpec[float64](), x, total)
}

func meanSpec[T Float]() spec[T] {
	return spec[T]{
		shape: tensor.ScalarShape(),
		fwd: func(a []arg[T], y []T) {
			y[0] = finite(T(vec.Sum(a[0].X)) * fraction[T](1, a[1].I[0]))
		},
		backs: []back[T]{{of: []int{0}, do: func(a []arg[T], _, dy []T, g [][]T) {
			for i := range g[0] {
				g[0][i] = dy[0] * fraction[T](1, a[1].I[0])
			}
		}}},
	}
}

// fraction returns n/total, or 0 if the batch has no targets.
func fraction[T Float](n, total int) T {
	if total <= 0 {
		return 0
	}
	return T(n) / T(total)
}

// NotFinite is the error of a run whose loss is infinite or NaN.
type NotFinite struct{ Loss float64 }

func (e *NotFinite) Error() string {
	return fmt.Sprintf("the loss is %v: lower the learning rate, or check the data", e.Loss)
}

// finite returns a loss, or panics with a *NotFinite.
func finite[T Float](loss T) T {
	if math.IsInf(float64(loss), 0) || loss != loss {
		panic(&NotFinite{float64(loss)})
	}
	return loss
}

// MeanOfTargets returns the sum of x over the rows that have a target, divided by the number of
// targets in the whole batch. A single value counts once for each target of the graph, so that
// the shards of a batch add up to its mean.
//
//	x: (N), (N, 1) or a single value, targets: (N) int, total: (1) int → scalar
func MeanOfTargets(p Place, x, targets, total *G.Node) (*G.Node, error) {
	n := targets.Shape().TotalSize()
	if size := x.Shape().TotalSize(); size != n && size != 1 || x.Dims() == 2 && x.Shape()[1] != 1 {
		return nil, fmt.Errorf("the loss is %v, want a value for each row, (%d) or (%d, 1), or a single one", x.Shape(), n, n)
	}
	return apply(p, meanOfTargetsSpec[float32](x), meanOfTargetsSpec[float64](x), x, targets, total)
}

func meanOfTargetsSpec[T Float](x *G.Node) spec[T] {
	single := x.Shape().TotalSize() == 1
	// eachTarget calls f with the index in x of each target's value.
	eachTarget := func(targets []int, f func(i int)) {
		for r, id := range targets {
			switch {
			case id < 0:
			case single:
				f(0)
			default:
				f(r)
			}
		}
	}
	return spec[T]{
		shape: tensor.ScalarShape(),
		fwd: func(a []arg[T], y []T) {
			sum := 0.0
			eachTarget(a[1].I, func(i int) { sum += float64(a[0].X[i]) })
			y[0] = finite(T(sum) * fraction[T](1, a[2].I[0]))
		},
		backs: []back[T]{{of: []int{0}, do: func(a []arg[T], _, dy []T, g [][]T) {
			clear(g[0])
			eachTarget(a[1].I, func(i int) { g[0][i] += dy[0] * fraction[T](1, a[2].I[0]) })
		}}},
	}
}

// WeightedSum returns the weighted sum of scalars.
//
//	xs: scalars → Σ weights[i]·xs[i], a scalar
func WeightedSum(p Place, weights []float64, xs ...*G.Node) (*G.Node, error) {
	return apply(p, weightedSumSpec[float32](weights), weightedSumSpec[float64](weights), xs...)
}

func weightedSumSpec[T Float](weights []float64) spec[T] {
	s := spec[T]{shape: tensor.ScalarShape(), fwd: func(a []arg[T], y []T) {
		y[0] = 0
		for i, w := range weights {
			y[0] += T(w) * a[i].X[0]
		}
	}}
	for i, w := range weights {
		s.backs = append(s.backs, back[T]{of: []int{i}, reads: []int{}, do: func(_ []arg[T], _, dy []T, g [][]T) { g[0][0] = T(w) * dy[0] }})
	}
	return s
}
