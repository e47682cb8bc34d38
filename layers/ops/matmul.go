package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/matmul"
)

// MatMul returns a·b. If b is a parameter, its packed copy is used, as in Linear.
//
//	a: (N, K), b: (K, M) → (N, M)
func MatMul(p Place, a, b *G.Node) (*G.Node, error) {
	if a.Dims() != 2 || b.Dims() != 2 || a.Shape()[1] != b.Shape()[0] {
		return nil, fmt.Errorf("a is %v and b %v, want (N, K) and (K, M) for a·b", a.Shape(), b.Shape())
	}
	return Linear(p, Identity, a, b, nil)
}

// MatMulT returns a·bᵀ. If b is a parameter, its packed copy is used, as in Linear.
//
//	a: (N, K), b: (M, K) → (N, M)
func MatMulT(p Place, a, b *G.Node) (*G.Node, error) {
	if a.Dims() != 2 || b.Dims() != 2 || a.Shape()[1] != b.Shape()[1] {
		return nil, fmt.Errorf("a is %v and b %v, want (N, K) and (M, K) for a·bᵀ", a.Shape(), b.Shape())
	}
	return LinearT(p, Identity, a, b, nil)
}

// TMatMul returns aᵀ·b.
//
//	a: (N, K), b: (N, M) → (K, M)
func TMatMul(p Place, a, b *G.Node) (*G.Node, error) {
	if a.Dims() != 2 || b.Dims() != 2 || a.Shape()[0] != b.Shape()[0] {
		return nil, fmt.Errorf("a is %v and b %v, want (N, K) and (N, M) for aᵀ·b", a.Shape(), b.Shape())
	}
	n, k, m := a.Shape()[0], a.Shape()[1], b.Shape()[1]
	return apply(p, tMatMulSpec[float32](p.Tape, n, k, m, b), tMatMulSpec[float64](p.Tape, n, k, m, b), a, b)
}

func tMatMulSpec[T Float](tape *Tape, n, k, m int, b *G.Node) spec[T] {
	held := operandOf[T](tape, b, false, k)
	flops := 2 * float64(n) * float64(k) * float64(m)
	return spec[T]{
		shape: tensor.Shape{k, m},
		flops: flops,
		fwd: func(in []arg[T], y []T) {
			matmul.GemmPacked(held, true, false, k, m, n, 1, in[0].X, k, in[1].X, m, 0, y, m)
		},
		backs: []back[T]{
			{of: []int{0}, reads: []int{1}, flops: flops, do: func(in []arg[T], _, dy []T, dx [][]T) {
				matmul.Gemm(false, true, n, k, m, 1, in[1].X, m, dy, m, 0, dx[0], k)
			}},
			{of: []int{1}, reads: []int{0}, flops: flops, do: func(in []arg[T], _, dy []T, dx [][]T) {
				matmul.Gemm(false, false, n, m, k, 1, in[0].X, k, dy, m, 0, dx[0], m)
			}},
		},
	}
}
