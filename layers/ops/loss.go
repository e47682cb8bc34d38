package ops

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/parallel"
	"euryale/internal/kernel/vec"
)

// CrossEntropy is the loss of each row, in nats; 0 where the target is −1. With
// smoothing ε the target's share is 1−ε and every id has ε/V (Szegedy et al. 2016).
// Probabilities are never stored: the derivative makes them again from the logits.
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

// each runs f for every row of an n×v matrix, in blocks that idle workers share.
func each(n, v int, f func(r int)) {
	rows := max(1, 1<<15/v) // enough work to be worth handing over
	parallel.Each((n+rows-1)/rows, func(i int) {
		for r := i * rows; r < min(n, (i+1)*rows); r++ {
			f(r)
		}
	})
}

// Mean is the sum of x over total, which is the number of targets in the whole batch:
// the losses of a batch's parts add up to its mean.
//
//	x: (N), total: (1) int → scalar
func Mean(p Place, x, total *G.Node) (*G.Node, error) {
	return apply(p, meanSpec[float32](), meanSpec[float64](), x, total)
}

func meanSpec[T Float]() spec[T] {
	share := func(total int) T {
		if total <= 0 {
			return 0
		}
		return 1 / T(total)
	}
	return spec[T]{
		shape: tensor.ScalarShape(),
		fwd: func(a []arg[T], y []T) {
			y[0] = T(vec.Sum(a[0].X)) * share(a[1].I[0])
			if math.IsInf(float64(y[0]), 0) || y[0] != y[0] {
				panic(fmt.Errorf("the loss is %v: lower the learning rate, or look at the data", y[0]))
			}
		},
		backs: []back[T]{{of: []int{0}, do: func(a []arg[T], _, dy []T, g [][]T) {
			for i := range g[0] {
				g[0][i] = dy[0] * share(a[1].I[0])
			}
		}}},
	}
}
