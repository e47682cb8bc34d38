package stock

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

var (
	small = tensor.Shape{3, 5}
	wide  = tensor.Shape{3, 300}
	tall  = tensor.Shape{300, 3}
)

func one(n *G.Node, err error) (G.Nodes, error) { return G.Nodes{n}, err }

func unary(f func(*G.Node) (*G.Node, error)) func(x G.Nodes) (G.Nodes, error) {
	return func(x G.Nodes) (G.Nodes, error) { return one(f(x[0])) }
}

func binary(f func(a, b *G.Node) (*G.Node, error)) func(x G.Nodes) (G.Nodes, error) {
	return func(x G.Nodes) (G.Nodes, error) { return one(f(x[0], x[1])) }
}

func each(f func(float64) float64) func(x [][]float64) []float64 {
	return func(x [][]float64) []float64 {
		y := make([]float64, len(x[0]))
		for i, v := range x[0] {
			y[i] = f(v)
		}
		return y
	}
}

// pairs applies f elementwise; an operand of one element is repeated.
func pairs(f func(a, b float64) float64) func(x [][]float64) []float64 {
	return func(x [][]float64) []float64 {
		y := make([]float64, max(len(x[0]), len(x[1])))
		for i := range y {
			y[i] = f(x[0][i%len(x[0])], x[1][i%len(x[1])])
		}
		return y
	}
}

func elementwise() (ts []*trial) {
	sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	softplus := func(x float64) float64 { return math.Log1p(math.Exp(x)) }
	sign := func(x float64) float64 { return math.Copysign(1, x) }
	for _, u := range []struct {
		name    string
		f       func(*G.Node) (*G.Node, error)
		ref     func(float64) float64
		kind    kind
		forward bool
	}{
		{"Abs", G.Abs, math.Abs, signed, false},
		{"Sign", G.Sign, sign, signed, true},
		{"Ceil", G.Ceil, math.Ceil, signed, true},
		{"Floor", G.Floor, math.Floor, signed, true},
		{"Sin", G.Sin, math.Sin, signed, false},
		{"Cos", G.Cos, math.Cos, signed, false},
		{"Exp", G.Exp, math.Exp, signed, false},
		{"Log", G.Log, math.Log, positive, false},
		{"Log2", G.Log2, math.Log2, positive, false},
		{"Neg", G.Neg, func(x float64) float64 { return -x }, signed, false},
		{"Square", G.Square, func(x float64) float64 { return x * x }, signed, false},
		{"Sqrt", G.Sqrt, math.Sqrt, positive, false},
		{"Inverse", G.Inverse, func(x float64) float64 { return 1 / x }, positive, false},
		{"InverseSqrt", G.InverseSqrt, func(x float64) float64 { return 1 / math.Sqrt(x) }, positive, false},
		{"Cube", G.Cube, func(x float64) float64 { return x * x * x }, signed, false},
		{"Tanh", G.Tanh, math.Tanh, signed, false},
		{"Sigmoid", G.Sigmoid, sigmoid, signed, false},
		{"Log1p", G.Log1p, math.Log1p, positive, false},
		{"Expm1", G.Expm1, math.Expm1, signed, false},
		{"Softplus", G.Softplus, softplus, signed, false},
		{"Mish", G.Mish, func(x float64) float64 { return x * math.Tanh(softplus(x)) }, signed, false},
		{"Rectify", G.Rectify, func(x float64) float64 { return max(x, 0) }, signed, false},
		{"LeakyRelu", func(x *G.Node) (*G.Node, error) { return G.LeakyRelu(x, 0.1) },
			func(x float64) float64 { return max(x, 0) + 0.1*min(x, 0) }, signed, false},
	} {
		for _, shape := range []tensor.Shape{small, wide, {4}, {1, 1}, {2, 3, 4}, {}} {
			ts = append(ts, &trial{op: u.name, what: fmt.Sprint(shape), args: []arg{{shape: shape, kind: u.kind}},
				build: unary(u.f), ref: each(u.ref), forward: u.forward})
		}
	}
	for _, b := range []struct {
		name string
		f    func(a, b *G.Node) (*G.Node, error)
		ref  func(a, b float64) float64
		kind kind
	}{
		{"Add", G.Add, func(a, b float64) float64 { return a + b }, signed},
		{"Sub", G.Sub, func(a, b float64) float64 { return a - b }, signed},
		{"HadamardProd", G.HadamardProd, func(a, b float64) float64 { return a * b }, signed},
		{"HadamardDiv", G.HadamardDiv, func(a, b float64) float64 { return a / b }, positive},
		{"Div", G.Div, func(a, b float64) float64 { return a / b }, positive},
		{"Pow", G.Pow, math.Pow, positive},
		{"MinBetween", G.MinBetween, math.Min, signed},
		{"MaxBetween", G.MaxBetween, math.Max, signed},
	} {
		for _, s := range [][2]tensor.Shape{{small, small}, {wide, wide}, {{4}, {4}}, {{1, 1}, {1, 1}}, {{2, 3, 4}, {2, 3, 4}}, {{}, {}}, {small, {}}, {{}, small}, {{1, 5}, {}}} {
			ts = append(ts, &trial{op: b.name, what: fmt.Sprint(s[0], " and ", s[1]),
				args:  []arg{{shape: s[0], kind: b.kind}, {shape: s[1], kind: b.kind}},
				build: binary(b.f), ref: pairs(b.ref)})
		}
		f := b.f
		ts = append(ts, &trial{op: b.name, what: "a value with itself", args: []arg{{shape: small, kind: b.kind}},
			build: func(x G.Nodes) (G.Nodes, error) { return one(f(x[0], x[0])) },
			ref:   func(x [][]float64) []float64 { return pairs(b.ref)([][]float64{x[0], x[0]}) }})
	}
	return append(ts, comparisons()...)
}

func comparisons() (ts []*trial) {
	for _, c := range []struct {
		name string
		f    func(a, b *G.Node, same bool) (*G.Node, error)
		wide func(a, b *G.Node, same bool, l, r []byte) (*G.Node, error)
		ref  func(a, b float64) bool
	}{
		{"Lt", G.Lt, G.BroadcastLt, func(a, b float64) bool { return a < b }},
		{"Gt", G.Gt, G.BroadcastGt, func(a, b float64) bool { return a > b }},
		{"Lte", G.Lte, G.BroadcastLte, func(a, b float64) bool { return a <= b }},
		{"Gte", G.Gte, G.BroadcastGte, func(a, b float64) bool { return a >= b }},
		{"Eq", G.Eq, G.BroadcastEq, func(a, b float64) bool { return a == b }},
		{"Ne", G.Ne, G.BroadcastNe, func(a, b float64) bool { return a != b }},
	} {
		ref := func(a, b float64) float64 { return truth(c.ref(a, b)) }
		for _, s := range []tensor.Shape{small, wide, {}} {
			for _, same := range []bool{true, false} {
				what := "booleans of "
				if same {
					what = "a mask of "
				}
				ts = append(ts, &trial{op: c.name, what: what + fmt.Sprint(s), args: []arg{{shape: s}, {shape: s}}, forward: true,
					build: func(x G.Nodes) (G.Nodes, error) { return one(c.f(x[0], x[1], same)) },
					ref:   pairs(ref)})
			}
			ts = append(ts, &trial{op: c.name, what: fmt.Sprint("a mask of ", s, " times the value"), args: []arg{{shape: s}, {shape: s, fixed: true}},
				build: func(x G.Nodes) (G.Nodes, error) {
					m, err := c.f(x[0], x[1], true)
					if err != nil {
						return nil, err
					}
					return one(G.HadamardProd(x[0], m))
				},
				ref: pairs(func(a, b float64) float64 { return a * ref(a, b) })})
		}
		for _, s := range []tensor.Shape{small, wide} {
			ts = append(ts, &trial{op: "Broadcast" + c.name, what: fmt.Sprint("a row over ", s), args: []arg{{shape: s}, {shape: tensor.Shape{1, s[1]}}}, forward: true,
				build: func(x G.Nodes) (G.Nodes, error) { return one(c.wide(x[0], x[1], true, nil, []byte{0})) },
				ref:   pairs(ref)})
		}
	}
	return ts
}
