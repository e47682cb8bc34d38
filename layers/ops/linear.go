package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/matmul"
	"euryale/internal/kernel/vec"
)

// Linear returns act(x·W + b); b may be nil.
//
//	x: (N, in), W: (in, out), b: (out) → (N, out)
func Linear(p Place, act Activation, x, w, b *G.Node) (*G.Node, error) {
	return linear(p, act, false, x, w, b)
}

// LinearT returns act(x·Wᵀ + b); b may be nil. W has a row for each output, as an embedding
// table does.
//
//	x: (N, in), W: (out, in), b: (out) → (N, out)
func LinearT(p Place, act Activation, x, w, b *G.Node) (*G.Node, error) {
	return linear(p, act, true, x, w, b)
}

func linear(p Place, act Activation, transposed bool, x, w, b *G.Node) (*G.Node, error) {
	if x.Dims() != 2 || w.Dims() != 2 {
		return nil, fmt.Errorf("x is %v and W is %v, want two matrices", x.Shape(), w.Shape())
	}
	in, out := w.Shape()[0], w.Shape()[1]
	if transposed {
		in, out = out, in
	}
	if x.Shape()[1] != in {
		return nil, fmt.Errorf("x is %v, and W takes %d columns", x.Shape(), in)
	}
	nodes := G.Nodes{x, w}
	if b != nil {
		if b.Shape().TotalSize() != out {
			return nil, fmt.Errorf("b is %v, want (%d)", b.Shape(), out)
		}
		nodes = append(nodes, b)
	}
	if _, err := activationOf[float32](act); err != nil {
		return nil, err
	}
	n := x.Shape()[0]
	y, err := apply(p, linearSpec[float32](p.Tape, act, transposed, n, in, out, w, b != nil), linearSpec[float64](p.Tape, act, transposed, n, in, out, w, b != nil), nodes...)
	return byRows(y, err, func(in G.Nodes) (*G.Node, error) { return linear(p, act, transposed, in[0], w, b) })
}

func linearSpec[T Float](tape *Tape, act Activation, transposed bool, n, in, out int, w *G.Node, bias bool) spec[T] {
	f, _ := activationOf[T](act)
	ldw := out
	if transposed {
		ldw = in
	}
	straight := operandOf[T](tape, w, transposed, n)
	var across *matmul.Packed[T]
	if tape.Differentiated {
		across = operandOf[T](tape, w, !transposed, n)
	}
	slopes := tape.Differentiated && f.slope != nil
	var z []T // x·W + b, or the activation's derivative there if the graph is differentiated and it is cheap
	finish := f.bias
	if slopes {
		finish = f.slope
	}
	var run struct{ y, z, b []T }
	part := func(from, to int) {
		finish(run.y[from*out:to*out], run.z[from*out:to*out], to-from, out, run.b)
	}
	s := spec[T]{
		shape: tensor.Shape{n, out},
		flops: 2 * float64(n) * float64(in) * float64(out),
		fwd: func(a []arg[T], y []T) {
			x, n := a[0].X, n
			if tape.padding.skips(n) {
				x = tokenRows(&tape.padding, x, in)
				n = len(tape.padding.rows)
				defer spread(&tape.padding, y, out)
				y = y[:n*out]
			}
			run.y, run.z = y, y
			if act != Identity {
				run.z = z[:n*out]
			}
			if bias {
				run.b = a[2].X
			}
			matmul.GemmPacked(straight, false, transposed, n, out, in, 1, x, in, a[1].X, ldw, 0, run.z, out)
			if act != Identity || bias {
				rowBlocks(n, out, part)
			}
		},
		backs: linearBacks(across, transposed, n, in, out, ldw, bias),
	}
	s.wide = func(rows int) spec[T] { return linearSpec[T](tape, act, transposed, rows, in, out, w, bias) }
	if act != Identity {
		s.keeps, s.kept = n*out, &z
		s.prep = func(_ []arg[T], y, dy, dz []T) {
			if slopes {
				vec.Mul(dz, z, dy)
			} else {
				f.grad(dz, z, y, dy)
			}
		}
	}
	return s
}

// linearBacks are the derivatives with respect to x, W and b, from that of x·W + b.
func linearBacks[T Float](across *matmul.Packed[T], transposed bool, n, in, out, ldw int, bias bool) []back[T] {
	flops := 2 * float64(n) * float64(in) * float64(out)
	backs := []back[T]{
		{of: []int{0}, reads: []int{1}, flops: flops, do: func(a []arg[T], _, dz []T, g [][]T) {
			matmul.GemmPacked(across, false, !transposed, n, in, out, 1, dz, out, a[1].X, ldw, 0, g[0], in)
		}},
		{of: []int{1}, reads: []int{0}, flops: flops, do: func(a []arg[T], _, dz []T, g [][]T) {
			if transposed {
				matmul.Gemm(true, false, out, in, n, 1, dz, out, a[0].X, in, 0, g[0], in)
			} else {
				matmul.Gemm(true, false, in, out, n, 1, a[0].X, in, dz, out, 0, g[0], out)
			}
		}},
	}
	if bias {
		backs = append(backs, back[T]{of: []int{2}, reads: []int{}, do: func(_ []arg[T], _, dz []T, g [][]T) {
			vec.ColumnSums(g[0], dz, n, out, out)
		}})
	}
	return backs
}
