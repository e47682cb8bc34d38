package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/vec"
)

// LayerNorm returns gain ⊙ (x − mean)/√(var + eps) + bias for each row (Ba, Kiros and Hinton
// 2016); bias may be nil.
//
//	x: (N, D), gain, bias: (D) → (N, D)
func LayerNorm(p Place, eps float64, x, gain, bias *G.Node) (*G.Node, error) {
	nodes := G.Nodes{x, gain}
	if bias != nil {
		nodes = append(nodes, bias)
	}
	n, d, err := normShapes(nodes)
	if err != nil {
		return nil, err
	}
	return apply(p, layerNormSpec[float32](n, d, eps, bias != nil), layerNormSpec[float64](n, d, eps, bias != nil), nodes...)
}

func normShapes(nodes G.Nodes) (n, d int, err error) {
	x := nodes[0]
	if x.Dims() != 2 {
		return 0, 0, fmt.Errorf("x is %v, want (N, D)", x.Shape())
	}
	for _, v := range nodes[1:] {
		if v.Shape().TotalSize() != x.Shape()[1] {
			return 0, 0, fmt.Errorf("x is %v and its gain or bias %v, want (%d)", x.Shape(), v.Shape(), x.Shape()[1])
		}
	}
	return x.Shape()[0], x.Shape()[1], nil
}

func layerNormSpec[T Float](n, d int, eps float64, biased bool) spec[T] {
	mean, rstd := make([]T, n), make([]T, n)
	of := []int{0, 1}
	if biased {
		of = append(of, 2)
	}
	var run struct{ y, x, gain, bias []T }
	part := func(from, to int) {
		vec.LayerNorm(run.y[from*d:to*d], mean[from:to], rstd[from:to], run.x[from*d:to*d], run.gain, run.bias, to-from, d, eps)
	}
	return spec[T]{
		shape: tensor.Shape{n, d},
		fwd: func(a []arg[T], y []T) {
			run.y, run.x, run.gain = y, a[0].X, a[1].X
			if biased {
				run.bias = a[2].X
			}
			rowBlocks(n, d, part)
		},
		backs: []back[T]{{of: of, reads: []int{0, 1}, do: func(a []arg[T], _, dy []T, g [][]T) {
			var dbias []T
			if biased {
				dbias = g[2]
			}
			vec.LayerNormGrad(g[0], g[1], dbias, dy, a[0].X, mean, rstd, a[1].X, n, d)
		}}},
	}
}

// RMSNorm returns gain ⊙ x/√(mean(x²) + eps) for each row (Zhang and Sennrich 2019).
//
//	x: (N, D), gain: (D) → (N, D)
func RMSNorm(p Place, eps float64, x, gain *G.Node) (*G.Node, error) {
	n, d, err := normShapes(G.Nodes{x, gain})
	if err != nil {
		return nil, err
	}
	return apply(p, rmsNormSpec[float32](n, d, eps), rmsNormSpec[float64](n, d, eps), x, gain)
}

func rmsNormSpec[T Float](n, d int, eps float64) spec[T] {
	rstd := make([]T, n)
	var run struct{ y, x, gain []T }
	part := func(from, to int) {
		vec.RMSNorm(run.y[from*d:to*d], rstd[from:to], run.x[from*d:to*d], run.gain, to-from, d, eps)
	}
	return spec[T]{
		shape: tensor.Shape{n, d},
		fwd: func(a []arg[T], y []T) {
			run.y, run.x, run.gain = y, a[0].X, a[1].X
			rowBlocks(n, d, part)
		},
		backs: []back[T]{{of: []int{0, 1}, reads: []int{0, 1}, do: func(a []arg[T], _, dy []T, g [][]T) {
			vec.RMSNormGrad(g[0], g[1], dy, a[0].X, rstd, a[1].X, n, d)
		}}},
	}
}

// HeadRMSNorm is RMSNorm of each head's columns, with one gain for all heads, as for queries and
// keys (Henry et al. 2020).
//
//	x: (N, H·d), gain: (d) → (N, H·d)
func HeadRMSNorm(p Place, eps float64, x, gain *G.Node) (*G.Node, error) {
	d := gain.Shape().TotalSize()
	if x.Dims() != 2 || d == 0 || x.Shape()[1]%d != 0 {
		return nil, fmt.Errorf("x is %v and its gain %v, want (N, H·d) and (d)", x.Shape(), gain.Shape())
	}
	n := x.Shape().TotalSize() / d
	f, g := rmsNormSpec[float32](n, d, eps), rmsNormSpec[float64](n, d, eps)
	f.shape, g.shape = x.Shape().Clone(), x.Shape().Clone()
	return apply(p, f, g, x, gain)
}
