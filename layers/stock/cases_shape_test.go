package stock

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// columns are those from a to b of a matrix of so many.
func columns(x []float64, width, a, b int) (y []float64) {
	for i := 0; i < len(x); i += width {
		y = append(y, x[i+a:i+b]...)
	}
	return y
}

// beside are matrices of n rows, side by side.
func beside(n int, x ...[]float64) (y []float64) {
	for i := range n {
		for _, m := range x {
			w := len(m) / n
			y = append(y, m[i*w:i*w+w]...)
		}
	}
	return y
}

func transposed(x []float64, n, m int) []float64 {
	y := make([]float64, len(x))
	for i := range x {
		y[i%m*n+i/m] = x[i]
	}
	return y
}

func same(x [][]float64) []float64 { return x[0] }

func shaping() (ts []*trial) {
	for _, s := range []tensor.Shape{small, wide, tall} {
		n, m := s[0], s[1]
		ts = append(ts,
			&trial{op: "Transpose", what: fmt.Sprint(s), args: args(s), build: func(x G.Nodes) (G.Nodes, error) { return one(G.Transpose(x[0])) },
				ref: func(x [][]float64) []float64 { return transposed(x[0], n, m) }},
			&trial{op: "Transpose", what: fmt.Sprint(s, " twice"), args: args(s), build: func(x G.Nodes) (G.Nodes, error) {
				y, err := G.Transpose(x[0])
				if err != nil {
					return nil, err
				}
				return one(G.Transpose(y))
			}, ref: same},
			&trial{op: "Reshape", what: fmt.Sprint(s), args: args(s), build: func(x G.Nodes) (G.Nodes, error) { return one(G.Reshape(x[0], tensor.Shape{m, n})) },
				ref: same},
			&trial{op: "Reshape", what: fmt.Sprint("of a product ", s), args: args(s, tensor.Shape{m, 4}), build: func(x G.Nodes) (G.Nodes, error) {
				y, err := G.Mul(x[0], x[1])
				if err != nil {
					return nil, err
				}
				return one(G.Reshape(y, tensor.Shape{4, n}))
			}, ref: plainly(n, m, 4)},
			&trial{op: "Ravel", what: fmt.Sprint(s), args: args(s), build: func(x G.Nodes) (G.Nodes, error) { return one(G.Ravel(x[0])) }, ref: same},
			&trial{op: "At", what: fmt.Sprint("the last of ", s), args: args(s), forward: true, build: func(x G.Nodes) (G.Nodes, error) { return one(G.At(x[0], n-1, m-1)) },
				ref: func(x [][]float64) []float64 { return x[0][n*m-1:] }},
			&trial{op: "At", what: fmt.Sprint("with a gradient ", s), args: args(s), build: func(x G.Nodes) (G.Nodes, error) { return one(G.At(x[0], n-1, m-1)) },
				ref: func(x [][]float64) []float64 { return x[0][n*m-1:] }},
		)
	}
	ts = append(ts, &trial{op: "Transpose", what: "(2, 3, 4) to (3, 2, 4)", args: args(tensor.Shape{2, 3, 4}), build: func(x G.Nodes) (G.Nodes, error) { return one(G.Transpose(x[0], 1, 0, 2)) },
		ref: func(x [][]float64) (y []float64) {
			for j := range 3 {
				for i := range 2 {
					y = append(y, x[0][i*12+j*4:i*12+j*4+4]...)
				}
			}
			return y
		}})
	return append(append(append(ts, slicing()...), joining()...), choosing()...)
}

// slice is one range of the columns of a matrix.
type span struct{ a, b int }

func slicing() (ts []*trial) {
	for _, c := range []struct {
		width int
		spans []span
	}{
		{5, []span{{1, 4}}}, {5, []span{{0, 5}}}, {5, []span{{0, 2}, {2, 5}}}, {5, []span{{0, 3}, {1, 4}}},
		{256, []span{{0, 64}, {64, 128}, {128, 192}, {192, 256}}}, {256, []span{{0, 128}, {128, 256}}}, {255, []span{{0, 100}, {100, 255}}},
		{300, []span{{10, 290}}}, {300, []span{{0, 150}, {150, 300}}}, {384, []span{{0, 128}, {128, 256}, {256, 384}}}, {512, []span{{0, 256}, {256, 512}}}, {300, []span{{1, 5}, {257, 261}}},
	} {
		build := func(x G.Nodes, axis int) (ys G.Nodes, err error) {
			for _, s := range c.spans {
				by := []tensor.Slice{nil, nil}
				by[axis] = G.S(s.a, s.b)
				y, err := G.Slice(x[0], by...)
				if err != nil {
					return nil, err
				}
				ys = append(ys, y)
			}
			return ys, nil
		}
		ts = append(ts,
			&trial{op: "Slice", what: fmt.Sprint("columns ", c.spans, " of ", c.width), args: args(tensor.Shape{3, c.width}),
				build: func(x G.Nodes) (G.Nodes, error) { return build(x, 1) },
				ref: func(x [][]float64) (y []float64) {
					for _, s := range c.spans {
						y = append(y, columns(x[0], c.width, s.a, s.b)...)
					}
					return y
				}},
			&trial{op: "Slice", what: fmt.Sprint("rows ", c.spans, " of ", c.width), args: args(tensor.Shape{c.width, 3}),
				build: func(x G.Nodes) (G.Nodes, error) { return build(x, 0) },
				ref: func(x [][]float64) (y []float64) {
					for _, s := range c.spans {
						y = append(y, x[0][s.a*3:s.b*3]...)
					}
					return y
				}})
	}
	for _, c := range []struct {
		what  string
		shape tensor.Shape
		by    []tensor.Slice
		ref   func(x []float64) []float64
	}{
		{"one row", small, []tensor.Slice{G.S(1)}, func(x []float64) []float64 { return x[5:10] }},
		{"one column", small, []tensor.Slice{nil, G.S(2)}, func(x []float64) []float64 { return columns(x, 5, 2, 3) }},
		{"one row of 300", tall, []tensor.Slice{G.S(280)}, func(x []float64) []float64 { return x[840:843] }},
		{"one value", small, []tensor.Slice{G.S(1), G.S(2)}, func(x []float64) []float64 { return x[7:8] }},
		{"one value of a vector", tensor.Shape{5}, []tensor.Slice{G.S(2)}, func(x []float64) []float64 { return x[2:3] }},
		{"every second row", tensor.Shape{6, 3}, []tensor.Slice{G.S(0, 6, 2)}, func(x []float64) []float64 {
			return append(append(append([]float64{}, x[0:3]...), x[6:9]...), x[12:15]...)
		}},
		{"every second column", tensor.Shape{3, 6}, []tensor.Slice{nil, G.S(0, 6, 2)}, func(x []float64) (y []float64) {
			for i := 0; i < len(x); i += 2 {
				y = append(y, x[i])
			}
			return y
		}},
		{"every second column of an odd number", small, []tensor.Slice{nil, G.S(0, 5, 2)}, func(x []float64) (y []float64) {
			for i := 0; i < 15; i += 5 {
				y = append(y, x[i], x[i+2], x[i+4])
			}
			return y
		}},
		{"a row of one column", tensor.Shape{3, 1}, []tensor.Slice{G.S(1)}, func(x []float64) []float64 { return x[1:2] }},
		{"the first row of one", tensor.Shape{1, 5}, []tensor.Slice{G.S(0, 1)}, func(x []float64) []float64 { return x }},
		{"the middle of three axes", tensor.Shape{2, 3, 4}, []tensor.Slice{nil, G.S(1)}, func(x []float64) []float64 {
			return append(append([]float64{}, x[4:8]...), x[16:20]...)
		}},
	} {
		ts = append(ts, &trial{op: "Slice", what: c.what + fmt.Sprint(" of ", c.shape), args: args(c.shape), build: func(x G.Nodes) (G.Nodes, error) { return one(G.Slice(x[0], c.by...)) },
			ref: func(x [][]float64) []float64 { return c.ref(x[0]) }})
	}
	return ts
}

func joining() (ts []*trial) {
	for _, widths := range [][]int{{2, 3}, {1, 4}, {1, 1}, {5}, {64, 64, 64, 64}, {128, 128}, {128, 128, 128}, {150, 150}, {300, 1}, {1, 300}, {256, 256}, {100, 256}} {
		var wides, talls []tensor.Shape
		for _, w := range widths {
			wides, talls = append(wides, tensor.Shape{3, w}), append(talls, tensor.Shape{w, 3})
		}
		ts = append(ts,
			&trial{op: "Concat", what: fmt.Sprint("columns ", widths), args: args(wides...), build: func(x G.Nodes) (G.Nodes, error) { return one(G.Concat(1, x...)) },
				ref: func(x [][]float64) []float64 { return beside(3, x...) }},
			&trial{op: "Concat", what: fmt.Sprint("rows ", widths), args: args(talls...), build: func(x G.Nodes) (G.Nodes, error) { return one(G.Concat(0, x...)) },
				ref: func(x [][]float64) []float64 { return beside(1, x...) }})
	}
	ts = append(ts,
		&trial{op: "Concat", what: "a value with itself", args: args(small), build: func(x G.Nodes) (G.Nodes, error) { return one(G.Concat(1, x[0], x[0])) },
			ref: func(x [][]float64) []float64 { return beside(3, x[0], x[0]) }},
		&trial{op: "Concat", what: "vectors", args: args(tensor.Shape{3}, tensor.Shape{4}), build: func(x G.Nodes) (G.Nodes, error) { return one(G.Concat(0, x...)) },
			ref: func(x [][]float64) []float64 { return beside(1, x...) }},
		&trial{op: "Concat", what: "(2, 3, 4) along 1", args: args(tensor.Shape{2, 3, 4}, tensor.Shape{2, 1, 4}), build: func(x G.Nodes) (G.Nodes, error) { return one(G.Concat(1, x...)) },
			ref: func(x [][]float64) []float64 { return beside(2, x...) }})
	for _, c := range [][2]int{{6, 3}, {6, 6}, {256, 4}, {300, 2}, {384, 3}} {
		width, parts := c[0], c[1]
		ts = append(ts, &trial{op: "Unconcat", what: fmt.Sprintf("%d columns in %d", width, parts), args: args(tensor.Shape{3, width}),
			build: func(x G.Nodes) (G.Nodes, error) { return G.Unconcat(x[0], 1, parts) },
			ref: func(x [][]float64) (y []float64) {
				for i := range parts {
					y = append(y, columns(x[0], width, i*width/parts, (i+1)*width/parts)...)
				}
				return y
			}})
	}
	add := func(x [][]float64) []float64 {
		y := make([]float64, len(x[0]))
		for _, v := range x {
			for i := range y {
				y[i] += v[i]
			}
		}
		return y
	}
	for _, s := range []tensor.Shape{small, wide} {
		for n := 1; n < 5; n++ {
			shapes := []tensor.Shape{s, s, s, s}[:n]
			ts = append(ts, &trial{op: "ReduceAdd", what: fmt.Sprint(n, " of ", s), args: args(shapes...), build: func(x G.Nodes) (G.Nodes, error) { return one(G.ReduceAdd(x)) }, ref: add})
		}
	}
	return append(ts, &trial{op: "ReduceMul", what: "of three matrices", args: args(tensor.Shape{3, 4}, tensor.Shape{4, 300}, tensor.Shape{300, 2}), build: func(x G.Nodes) (G.Nodes, error) { return one(G.ReduceMul(x)) },
		ref: func(x [][]float64) []float64 {
			return matmul(matmul(x[0], x[1], 3, 4, 300, false, false), x[2], 3, 300, 2, false, false)
		}},
		&trial{op: "ReduceMul", what: "of three single values", args: args(tensor.Shape{}, tensor.Shape{}, tensor.Shape{}), build: func(x G.Nodes) (G.Nodes, error) { return one(G.ReduceMul(x)) },
			ref: func(x [][]float64) []float64 { return []float64{x[0][0] * x[1][0] * x[2][0]} }})
}

func choosing() (ts []*trial) {
	for _, c := range []struct {
		shape tensor.Shape
		axis  int
		n     int
	}{{small, 0, 4}, {tall, 0, 4}, {wide, 0, 300}, {tensor.Shape{300, 2}, 0, 300}, {tensor.Shape{3, 1}, 0, 4}, {tensor.Shape{2, 3, 4}, 0, 5}, {small, 1, 4}, {wide, 1, 7}, {tensor.Shape{5}, 0, 4}, {tensor.Shape{2, 3, 4}, 1, 2}, {tensor.Shape{2, 3, 4}, 2, 2}} {
		s := c.shape
		inner, outer := 1, 1
		for i, d := range s {
			if i > c.axis {
				inner *= d
			} else if i < c.axis {
				outer *= d
			}
		}
		ts = append(ts, &trial{op: "ByIndices", what: fmt.Sprint(c.n, " of ", s, " along ", c.axis), args: []arg{{shape: s}, {shape: tensor.Shape{c.n}, kind: index, below: s[c.axis]}}, crashes: c.axis > 0,
			build: func(x G.Nodes) (G.Nodes, error) { return one(G.ByIndices(x[0], x[1], c.axis)) },
			ref: func(x [][]float64) (y []float64) {
				for o := range outer {
					for _, i := range x[1] {
						at := (o*s[c.axis] + int(i)) * inner
						y = append(y, x[0][at:at+inner]...)
					}
				}
				return y
			}})
	}
	diagonal := func(n int) func(x [][]float64) []float64 {
		return func(x [][]float64) []float64 {
			y := make([]float64, n*n)
			for i, v := range x[0] {
				y[i*n+i] = v
			}
			return y
		}
	}
	for _, s := range []tensor.Shape{{4}, {2, 3}, {300}} {
		ts = append(ts, &trial{op: "DiagFlat", what: fmt.Sprint(s), args: args(s), forward: true, build: unary(G.DiagFlat), ref: diagonal(s.TotalSize())})
	}
	for _, a := range []int{0, 1} {
		ts = append(ts, &trial{op: "SizeOf", what: fmt.Sprint("axis ", a), args: args(wide), forward: true, build: func(x G.Nodes) (G.Nodes, error) { return one(G.SizeOf(a, x[0])) },
			ref: func([][]float64) []float64 { return []float64{float64(wide[a])} }})
	}
	return append(ts, &trial{op: "ConvType", what: "integers to floats", args: []arg{{shape: wide, kind: index, below: 9}, {shape: wide}}, build: func(x G.Nodes) (G.Nodes, error) {
		y, err := G.ConvType(x[0], tensor.Int, x[1].Dtype())
		if err != nil {
			return nil, err
		}
		return one(G.HadamardProd(x[1], y))
	}, ref: pairs(func(a, b float64) float64 { return a * b })},
		&trial{op: "ConvType", what: "floats to integers", args: args(small), forward: true, build: func(x G.Nodes) (G.Nodes, error) { return one(G.ConvType(x[0], x[0].Dtype(), tensor.Int)) },
			ref: each(func(x float64) float64 { return float64(int(x)) })},
		&trial{op: "ConvType", what: "floats of one size to the other", args: args(small), build: func(x G.Nodes) (G.Nodes, error) {
			to := tensor.Float32
			if x[0].Dtype() == to {
				to = tensor.Float64
			}
			y, err := G.ConvType(x[0], x[0].Dtype(), to)
			if err != nil {
				return nil, err
			}
			return one(G.ConvType(y, to, x[0].Dtype()))
		}, ref: same})
}
