package stock

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// matmul multiplies (n, k) by (k, m), either of them transposed in memory.
func matmul(a, b []float64, n, k, m int, transA, transB bool) []float64 {
	y := make([]float64, n*m)
	for i := range n {
		for j := range m {
			for l := range k {
				x, z := a[i*k+l], b[l*m+j]
				if transA {
					x = a[l*n+i]
				}
				if transB {
					z = b[j*k+l]
				}
				y[i*m+j] += x * z
			}
		}
	}
	return y
}

func plainly(n, k, m int) func(x [][]float64) []float64 {
	return func(x [][]float64) []float64 { return matmul(x[0], x[1], n, k, m, false, false) }
}

func args(shapes ...tensor.Shape) (as []arg) {
	for _, s := range shapes {
		as = append(as, arg{shape: s})
	}
	return as
}

func linear() (ts []*trial) {
	for _, d := range [][3]int{{3, 5, 4}, {3, 300, 4}, {300, 3, 4}, {3, 4, 300}, {1, 5, 4}, {3, 1, 4}, {3, 5, 1}} {
		n, k, m := d[0], d[1], d[2]
		ts = append(ts, &trial{op: "Mul", what: fmt.Sprintf("(%d, %d) by (%d, %d)", n, k, k, m), args: args(tensor.Shape{n, k}, tensor.Shape{k, m}),
			build: binary(G.Mul), ref: plainly(n, k, m)})
	}
	ts = append(ts,
		&trial{op: "Mul", what: "a matrix by a vector", args: args(tensor.Shape{3, 300}, tensor.Shape{300}), build: binary(G.Mul), ref: plainly(3, 300, 1)},
		&trial{op: "Mul", what: "a square matrix by a vector", args: args(tensor.Shape{4, 4}, tensor.Shape{4}), build: binary(G.Mul), ref: plainly(4, 4, 1)},
		&trial{op: "Mul", what: "a vector by a matrix", args: args(tensor.Shape{5}, tensor.Shape{5, 3}), build: binary(G.Mul), ref: plainly(1, 5, 3)},
		&trial{op: "Mul", what: "a vector by a square matrix", args: args(tensor.Shape{4}, tensor.Shape{4, 4}), build: binary(G.Mul), ref: plainly(1, 4, 4)},
		&trial{op: "Mul", what: "a vector by a vector", args: args(tensor.Shape{300}, tensor.Shape{300}), build: binary(G.Mul), ref: plainly(1, 300, 1)},
		&trial{op: "Mul", what: "a matrix by a single value", args: args(small, tensor.Shape{}), build: binary(G.Mul), ref: pairs(func(a, b float64) float64 { return a * b })},
		&trial{op: "Mul", what: "a matrix by itself", args: args(tensor.Shape{4, 4}), build: func(x G.Nodes) (G.Nodes, error) { return one(G.Mul(x[0], x[0])) },
			ref: func(x [][]float64) []float64 { return matmul(x[0], x[0], 4, 4, 4, false, false) }},
		&trial{op: "Mul", what: "by a transposed matrix", args: args(tensor.Shape{3, 5}, tensor.Shape{300, 5}), build: func(x G.Nodes) (G.Nodes, error) {
			b, err := G.Transpose(x[1])
			if err != nil {
				return nil, err
			}
			return one(G.Mul(x[0], b))
		}, ref: func(x [][]float64) []float64 { return matmul(x[0], x[1], 3, 5, 300, false, true) }},
		&trial{op: "OuterProd", what: "(3) and (4)", args: args(tensor.Shape{3}, tensor.Shape{4}), build: binary(G.OuterProd), ref: plainly(3, 1, 4)},
		&trial{op: "OuterProd", what: "(4) and (4)", args: args(tensor.Shape{4}, tensor.Shape{4}), build: binary(G.OuterProd), ref: plainly(4, 1, 4)},
		&trial{op: "OuterProd", what: "the value alone", args: args(tensor.Shape{3}, tensor.Shape{300}), forward: true, build: binary(G.OuterProd), ref: plainly(3, 1, 300)},
		&trial{op: "Tensordot", what: "(2, 3, 5) by (5, 4)", args: args(tensor.Shape{2, 3, 5}, tensor.Shape{5, 4}), build: func(x G.Nodes) (G.Nodes, error) {
			return one(G.Tensordot([]int{2}, []int{0}, x[0], x[1]))
		}, ref: plainly(6, 5, 4)},
		&trial{op: "Tensordot", what: "(3, 300) by (300, 4)", args: args(tensor.Shape{3, 300}, tensor.Shape{300, 4}), build: func(x G.Nodes) (G.Nodes, error) {
			return one(G.Tensordot([]int{1}, []int{0}, x[0], x[1]))
		}, ref: plainly(3, 300, 4)},
		&trial{op: "Tensordot", what: "over two axes", args: args(tensor.Shape{3, 2, 5}, tensor.Shape{2, 5, 4}), build: func(x G.Nodes) (G.Nodes, error) {
			return one(G.Tensordot([]int{1, 2}, []int{0, 1}, x[0], x[1]))
		}, ref: plainly(3, 10, 4)},
		&trial{op: "Tensordot", what: "over the first axis of both", args: args(tensor.Shape{5, 3}, tensor.Shape{5, 4}), build: func(x G.Nodes) (G.Nodes, error) {
			return one(G.Tensordot([]int{0}, []int{0}, x[0], x[1]))
		}, ref: func(x [][]float64) []float64 { return matmul(x[0], x[1], 3, 5, 4, true, false) }},
	)
	return append(append(append(ts, misfits()...), batched()...), broadcasts()...)
}

// misfits are products of operands that do not fit.
func misfits() (ts []*trial) {
	unknown := func([][]float64) []float64 { return nil }
	for _, s := range [][2]tensor.Shape{{{4, 3}, {4, 2}}, {{4, 3}, {4}}, {{4}, {3, 4}}, {{4}, {5}}, {{4, 3}, {5}}} {
		ts = append(ts, &trial{op: "Mul", what: fmt.Sprint("misfits ", s[0], " and ", s[1]), args: args(s[0], s[1]), build: binary(G.Mul), ref: unknown, crashes: true})
	}
	for _, s := range [][2]tensor.Shape{{{2, 4, 3}, {2, 4, 2}}, {{2, 4, 3}, {3, 3, 2}}} {
		ts = append(ts, &trial{op: "BatchedMatMul", what: fmt.Sprint("misfits ", s[0], " and ", s[1]), args: args(s[0], s[1]), crashes: true, ref: unknown,
			build: func(x G.Nodes) (G.Nodes, error) { return one(G.BatchedMatMul(x[0], x[1])) }})
	}
	return ts
}

func batched() (ts []*trial) {
	for _, d := range [][4]int{{2, 3, 5, 4}, {2, 3, 300, 4}, {300, 2, 3, 2}, {1, 3, 5, 4}, {2, 1, 5, 4}, {2, 3, 1, 4}} {
		for _, t := range [][2]bool{{false, false}, {true, false}, {false, true}, {true, true}} {
			b, n, k, m := d[0], d[1], d[2], d[3]
			sa, sb := tensor.Shape{b, n, k}, tensor.Shape{b, k, m}
			if t[0] {
				sa = tensor.Shape{b, k, n}
			}
			if t[1] {
				sb = tensor.Shape{b, m, k}
			}
			ts = append(ts, &trial{op: "BatchedMatMul", what: fmt.Sprint(sa, " by ", sb, ", transposed ", t), args: args(sa, sb),
				build: func(x G.Nodes) (G.Nodes, error) { return one(G.BatchedMatMul(x[0], x[1], t[0], t[1])) },
				ref: func(x [][]float64) (y []float64) {
					for i := range b {
						y = append(y, matmul(x[0][i*n*k:(i+1)*n*k], x[1][i*k*m:(i+1)*k*m], n, k, m, t[0], t[1])...)
					}
					return y
				}})
		}
	}
	return ts
}

// repeated finds the element of a broadcast operand: its axes are 1 where it is repeated.
func repeated(x []float64, of, to tensor.Shape, i int) float64 {
	j, stride := 0, 1
	for a := len(to) - 1; a >= 0; a-- {
		if of[a] > 1 {
			j += i % to[a] * stride
			stride *= of[a]
		}
		i /= to[a]
	}
	return x[j]
}

func broadcasts() (ts []*trial) {
	type pattern struct {
		a, b, fullA, fullB, to tensor.Shape
		l, r                   []byte
	}
	row, column, cell := []byte{0}, []byte{1}, []byte{0, 1}
	patterns := []pattern{
		{small, tensor.Shape{1, 5}, small, tensor.Shape{1, 5}, small, nil, row},
		{small, tensor.Shape{5}, small, tensor.Shape{1, 5}, small, nil, row},
		{wide, tensor.Shape{1, 300}, wide, tensor.Shape{1, 300}, wide, nil, row},
		{wide, tensor.Shape{3, 1}, wide, tensor.Shape{3, 1}, wide, nil, column},
		{wide, tensor.Shape{3}, wide, tensor.Shape{3, 1}, wide, nil, column},
		{tall, tensor.Shape{1, 3}, tall, tensor.Shape{1, 3}, tall, nil, row},
		{tall, tensor.Shape{300, 1}, tall, tensor.Shape{300, 1}, tall, nil, column},
		{tensor.Shape{1, 5}, small, tensor.Shape{1, 5}, small, small, row, nil},
		{tensor.Shape{3, 1}, wide, tensor.Shape{3, 1}, wide, wide, column, nil},
		{tensor.Shape{1, 5}, tensor.Shape{1, 5}, tensor.Shape{1, 5}, tensor.Shape{1, 5}, tensor.Shape{1, 5}, nil, row},
		{tensor.Shape{1, 5}, tensor.Shape{1, 5}, tensor.Shape{1, 5}, tensor.Shape{1, 5}, tensor.Shape{1, 5}, row, nil},
		{tensor.Shape{4, 1}, tensor.Shape{4, 1}, tensor.Shape{4, 1}, tensor.Shape{4, 1}, tensor.Shape{4, 1}, nil, column},
		{tensor.Shape{1, 1}, tensor.Shape{1, 1}, tensor.Shape{1, 1}, tensor.Shape{1, 1}, tensor.Shape{1, 1}, nil, column},
		{small, tensor.Shape{1, 1}, small, tensor.Shape{1, 1}, small, nil, cell},
		{wide, tensor.Shape{1, 1}, wide, tensor.Shape{1, 1}, wide, nil, cell},
		{tensor.Shape{3, 1}, tensor.Shape{1, 5}, tensor.Shape{3, 1}, tensor.Shape{1, 5}, small, column, row},
		{tensor.Shape{2, 3, 4}, tensor.Shape{1, 1, 4}, tensor.Shape{2, 3, 4}, tensor.Shape{1, 1, 4}, tensor.Shape{2, 3, 4}, nil, cell},
		{tensor.Shape{2, 3, 4}, tensor.Shape{2, 3, 1}, tensor.Shape{2, 3, 4}, tensor.Shape{2, 3, 1}, tensor.Shape{2, 3, 4}, nil, []byte{2}},
	}
	for _, f := range []struct {
		name string
		f    func(a, b *G.Node, l, r []byte) (*G.Node, error)
		ref  func(a, b float64) float64
	}{
		{"BroadcastAdd", G.BroadcastAdd, func(a, b float64) float64 { return a + b }},
		{"BroadcastSub", G.BroadcastSub, func(a, b float64) float64 { return a - b }},
		{"BroadcastHadamardProd", G.BroadcastHadamardProd, func(a, b float64) float64 { return a * b }},
		{"BroadcastHadamardDiv", G.BroadcastHadamardDiv, func(a, b float64) float64 { return a / b }},
		{"BroadcastPow", G.BroadcastPow, math.Pow},
	} {
		ref := func(p pattern) func(x [][]float64) []float64 {
			return func(x [][]float64) []float64 {
				y := make([]float64, p.to.TotalSize())
				for i := range y {
					y[i] = f.ref(repeated(x[0], p.fullA, p.to, i), repeated(x[1], p.fullB, p.to, i))
				}
				return y
			}
		}
		for _, p := range patterns {
			as := []arg{{shape: p.a, kind: positive}, {shape: p.b, kind: positive}}
			ts = append(ts, &trial{op: f.name, what: fmt.Sprint(p.a, p.l, " and ", p.b, p.r), args: as,
				build: func(x G.Nodes) (G.Nodes, error) { return one(f.f(x[0], x[1], p.l, p.r)) }, ref: ref(p)})
			if p.a.Dims() == p.b.Dims() && (p.l == nil || !p.a.Eq(p.b)) && f.name == "BroadcastSub" {
				ts = append(ts, &trial{op: "Auto", what: fmt.Sprint(p.a, " and ", p.b), args: as,
					build: func(x G.Nodes) (G.Nodes, error) { return one(G.Auto(f.f, x[0], x[1])) }, ref: ref(p)})
			}
		}
		ts = append(ts, &trial{op: f.name, what: "(3, 4) with its own row sums' column", args: []arg{{shape: tensor.Shape{3, 4}, kind: positive}},
			build: func(x G.Nodes) (G.Nodes, error) {
				s, err := G.Sum(x[0], 1)
				if err != nil {
					return nil, err
				}
				return one(f.f(x[0], s, nil, column))
			},
			ref: func(x [][]float64) []float64 {
				y := make([]float64, 12)
				for i := range y {
					r := x[0][i/4*4 : i/4*4+4]
					y[i] = f.ref(x[0][i], r[0]+r[1]+r[2]+r[3])
				}
				return y
			}})
	}
	return ts
}
