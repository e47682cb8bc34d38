package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/vec"
)

// Gather returns the rows of a table with the given ids, and zeros for an id of −1.
//
//	table: (V, D), ids: (N) int → (N, D)
func Gather(p Place, table, ids *G.Node) (*G.Node, error) {
	if table.Dims() != 2 || ids.Dims() != 1 || ids.Dtype() != tensor.Int {
		return nil, fmt.Errorf("the table is %v and the ids are %v of %v, want (V, D) and (N) of int", table.Shape(), ids.Shape(), ids.Dtype())
	}
	p.Tape.readAsTable(table)
	v, d, n := table.Shape()[0], table.Shape()[1], ids.Shape()[0]
	return apply(p, gatherSpec[float32](v, d, n), gatherSpec[float64](v, d, n), table, ids)
}

func gatherSpec[T Float](v, d, n int) spec[T] {
	add := func(a []arg[T], dy, table []T) {
		for r, id := range a[1].I {
			if id >= 0 {
				row := table[id*d : (id+1)*d]
				vec.Add(row, row, dy[r*d:(r+1)*d])
			}
		}
	}
	return spec[T]{
		shape: tensor.Shape{n, d},
		rows:  true,
		fwd: func(a []arg[T], y []T) {
			for r, id := range a[1].I {
				switch row := y[r*d : (r+1)*d]; {
				case id >= v || id < -1:
					panic(fmt.Errorf("row %d has id %d, but the table has %d rows", r, id, v))
				case id < 0:
					clear(row)
				default:
					copy(row, a[0].X[id*d:])
				}
			}
		},
		backs: []back[T]{{of: []int{0}, reads: []int{1}, do: func(a []arg[T], _, dy []T, g [][]T) {
			clear(g[0])
			add(a, dy, g[0])
		}, add: add}},
	}
}

// Columns returns a copy of columns from to to−1 of x.
//
//	x: (N, D) → (N, to−from)
func Columns(p Place, x *G.Node, from, to int) (*G.Node, error) {
	if x.Dims() != 2 || from < 0 || from >= to || to > x.Shape()[1] {
		return nil, fmt.Errorf("x is %v, want a matrix with columns %d to %d", x.Shape(), from, to)
	}
	n, d := x.Shape()[0], x.Shape()[1]
	y, err := apply(p, columnsSpec[float32](n, d, from, to), columnsSpec[float64](n, d, from, to), x)
	return byRows(y, err, func(in G.Nodes) (*G.Node, error) { return Columns(p, in[0], from, to) })
}

func columnsSpec[T Float](n, d, from, to int) spec[T] {
	w := to - from
	var run struct{ y, x []T }
	part := func(first, last int) {
		for r := first; r < last; r++ {
			copy(run.y[r*w:(r+1)*w], run.x[r*d+from:])
		}
	}
	return spec[T]{
		shape: tensor.Shape{n, w},
		fwd: func(a []arg[T], y []T) {
			run.y, run.x = y, a[0].X
			rowBlocks(n, w, part)
		},
		backs: []back[T]{{of: []int{0}, reads: []int{}, do: func(_ []arg[T], _, dy []T, g [][]T) {
			clear(g[0])
			for r := range n {
				copy(g[0][r*d+from:r*d+to], dy[r*w:])
			}
		}}},
	}
}
