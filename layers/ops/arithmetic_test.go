package ops

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/matmul"
)

// arithmetic says how each case of arithmetic.json is declared.
func arithmetic(name string) build {
	kind, rest, _ := strings.Cut(name, " ")
	type nodes = map[string]*G.Node
	two := func(f func(p Place, a, b *G.Node) (*G.Node, error)) build {
		return func(p Place, in nodes) (*G.Node, error) { return f(p, in["a"], in["b"]) }
	}
	one := func(f func(p Place, x *G.Node) (*G.Node, error)) build {
		return func(p Place, in nodes) (*G.Node, error) { return f(p, in["x"]) }
	}
	f := map[string]build{
		"add": two(Add), "sub": two(Sub), "mul": two(Mul), "div": two(Div), "max": two(Max), "min": two(Min),
		"matmul": two(MatMul), "matmulT": two(MatMulT), "Tmatmul": two(TMatMul),
		"sum_rows": one(SumRows), "mean_rows": one(MeanRows), "max_rows": one(MaxRows),
		"sum_columns": one(SumColumns), "mean_columns": one(MeanColumns), "max_columns": one(MaxColumns),
		"neg":    one(func(p Place, x *G.Node) (*G.Node, error) { return Scale(p, x, -1) }),
		"scalar": one(func(p Place, x *G.Node) (*G.Node, error) { return AddScalar(p, x, 1.7) }),
		"clip":   one(func(p Place, x *G.Node) (*G.Node, error) { return Clip(p, x, -0.7, 0.3) }),
		"rows":   one(func(p Place, x *G.Node) (*G.Node, error) { return RowsOf(p, x, 2, 5) }),
		"gate": one(func(p Place, x *G.Node) (*G.Node, error) {
			k, _ := strconv.Atoi(rest)
			return TopKGate(p, x, k)
		}),
		"where": func(p Place, in nodes) (*G.Node, error) { return Where(p, in["mask"], in["a"], in["b"]) },
		"mask":  func(p Place, in nodes) (*G.Node, error) { return MaskRows(p, in["mask"], in["x"]) },
		"concat": func(p Place, in nodes) (*G.Node, error) {
			if rest == "one" {
				return Concat(p, in["a"])
			}
			return Concat(p, in["a"], in["b"], in["c"])
		},
	}[kind]
	if f == nil {
		f = one(func(p Place, x *G.Node) (*G.Node, error) { return Map(p, Function(kind), x) })
	}
	return f
}

func TestArithmeticAgreesWithPyTorch(t *testing.T) {
	for name, r := range referencesIn(t, "arithmetic") {
		t.Run(name, func(t *testing.T) { agrees(t, r, arithmetic(name)) })
	}
}

// No value is near a kink, except those of the cases with ties.
func TestArithmeticGradientsByDifferences(t *testing.T) {
	for name, r := range referencesIn(t, "arithmetic") {
		if strings.HasSuffix(name, "ties") {
			continue
		}
		t.Run(name, func(t *testing.T) { differences(t, r, arithmetic(name)) })
	}
}

// Compositions of Gorgonia's own ops, where those are right.
func TestArithmeticAgreesWithPlainOps(t *testing.T) {
	refs := referencesIn(t, "arithmetic")
	type nodes = map[string]*G.Node
	for name, f := range map[string]build{
		"sub matrices": func(_ Place, in nodes) (*G.Node, error) { return G.Sub(in["a"], in["b"]) },
		"div matrices": func(_ Place, in nodes) (*G.Node, error) { return G.HadamardDiv(in["a"], in["b"]) },
		"sub by a row": func(_ Place, in nodes) (*G.Node, error) { return G.BroadcastSub(in["a"], in["b"], nil, []byte{0}) },
		"div a column": func(_ Place, in nodes) (*G.Node, error) {
			return G.BroadcastHadamardDiv(in["a"], in["b"], []byte{1}, nil)
		},
		"mul by a row": func(_ Place, in nodes) (*G.Node, error) {
			return G.BroadcastHadamardProd(in["a"], in["b"], nil, []byte{0})
		},
		"exp":     func(_ Place, in nodes) (*G.Node, error) { return G.Exp(in["x"]) },
		"log":     func(_ Place, in nodes) (*G.Node, error) { return G.Log(in["x"]) },
		"sqrt":    func(_ Place, in nodes) (*G.Node, error) { return G.Sqrt(in["x"]) },
		"square":  func(_ Place, in nodes) (*G.Node, error) { return G.Square(in["x"]) },
		"abs":     func(_ Place, in nodes) (*G.Node, error) { return G.Abs(in["x"]) },
		"matmul":  func(_ Place, in nodes) (*G.Node, error) { return G.Mul(in["a"], in["b"]) },
		"Tmatmul": func(_ Place, in nodes) (*G.Node, error) { return G.Mul(G.Must(G.Transpose(in["a"])), in["b"]) },
		"concat":  func(_ Place, in nodes) (*G.Node, error) { return G.Concat(1, in["a"], in["b"], in["c"]) },
	} {
		t.Run(name, func(t *testing.T) { agrees(t, refs[name], f) })
	}
}

// A whole matrix larger than the parts that workers share, of both sides of every operation.
func TestBroadcastsOfLargeMatrices(t *testing.T) {
	const n, d = 300, 257
	fill := func(rows, cols, seed int) array {
		a := array{Shape: []int{rows, cols}}
		for i := range rows * cols {
			a.Data = append(a.Data, 1.5+math.Sin(float64(seed+7*i)))
		}
		return a
	}
	for name, f := range map[string]func(a, b float64) float64{
		"add": func(a, b float64) float64 { return a + b }, "sub": func(a, b float64) float64 { return a - b },
		"mul": func(a, b float64) float64 { return a * b }, "div": func(a, b float64) float64 { return a / b },
	} {
		for _, small := range []array{fill(1, d, 1), fill(n, 1, 2), fill(1, 1, 3), fill(n, d, 4)} {
			r := reference{Floats: map[string]array{"a": fill(n, d, 5), "b": small}, Gout: fill(n, d, 6)}
			at := func(x array, i, j int) float64 { return x.Data[i%x.Shape[0]*x.Shape[1]+j%x.Shape[1]] }
			for i := range n * d {
				r.Out.Data = append(r.Out.Data, f(at(r.Floats["a"], i/d, i%d), at(small, i/d, i%d)))
			}
			k := newRig(t, tensor.Float32, r, arithmetic(name))
			k.run()
			near(t, r.Out.Data, numbers(k.out), 2e-5, name)
		}
	}
}

// Equal values go to the lower column, −∞ is never chosen before a number, and a row of
// −∞ has no weights.
func TestGateTies(t *testing.T) {
	inf := math.Inf(-1)
	r := reference{Floats: map[string]array{"x": {[]int{4, 3}, []float64{1, 1, 1, 2, 5, 5, inf, 0, inf, inf, inf, inf}}},
		Gout: array{[]int{4, 3}, make([]float64, 12)}}
	k := newRig(t, tensor.Float64, r, arithmetic("gate 2"))
	k.run()
	near(t, []float64{0.5, 0.5, 0, 0, 0.5, 0.5, 0, 1, 0, 0, 0, 0}, numbers(k.out), 1e-15, "weights")
}

// The largest of equal values that gets the gradient is the first.
func TestMaxTies(t *testing.T) {
	x := array{[]int{2, 3}, []float64{4, 4, 1, 4, 2, 1}}
	for name, c := range map[string]struct {
		gout array
		want []float64
	}{
		"max_rows":    {array{[]int{1, 3}, []float64{1, 2, 3}}, []float64{1, 2, 3, 0, 0, 0}},
		"max_columns": {array{[]int{2, 1}, []float64{1, 2}}, []float64{1, 0, 0, 2, 0, 0}},
	} {
		k := newRig(t, tensor.Float64, reference{Floats: map[string]array{"x": x}, Gout: c.gout}, arithmetic(name))
		k.run()
		assert.Equal(t, c.want, numbers(k.grads[0].Value()), name)
	}
}

// StopGradient cuts one of two paths to w, and the only one to u, whose gradient is 0 even
// where the derivative of what is behind is infinite.
func TestStopGradient(t *testing.T) {
	r := reference{Floats: map[string]array{"w": {[]int{1, 2}, []float64{3, 5}}, "u": {[]int{1, 2}, []float64{0, 4}}},
		Out: array{nil, []float64{9, 35}}, Gout: array{[]int{1, 2}, []float64{1, 10}},
		Grads: map[string]array{"w": {nil, []float64{3, 70}}, "u": {nil, []float64{0, 0}}}}
	agrees(t, r, func(p Place, in map[string]*G.Node) (*G.Node, error) {
		w := in["w"]
		behind := G.Must(Add(p, w, G.Must(Map(p, Sqrt, in["u"])))) // 3, 7
		return Mul(p, w, G.Must(StopGradient(p, behind)))
	})
}

// A parameter itself may be stopped: of w ⊙ w one factor is left.
func TestStopGradientOfAParameter(t *testing.T) {
	r := reference{Floats: map[string]array{"w": {[]int{1, 2}, []float64{3, 5}}}, Out: array{nil, []float64{9, 25}},
		Gout: array{[]int{1, 2}, []float64{1, 10}}, Grads: map[string]array{"w": {nil, []float64{3, 50}}}}
	agrees(t, r, func(p Place, in map[string]*G.Node) (*G.Node, error) {
		return Mul(p, in["w"], G.Must(StopGradient(p, in["w"])))
	})
}

// A graph without gradients does not copy what is behind StopGradient.
func TestStopGradientOfScores(t *testing.T) {
	x := G.NewMatrix(G.NewGraph(), tensor.Float32, G.WithShape(2, 2), G.WithName("x"))
	y, err := StopGradient(Place{NewTape(), "stop"}, x)
	require.NoError(t, err)
	assert.Same(t, x, y)
}

func TestArithmeticErrors(t *testing.T) {
	in := inputs(map[string][]int{"x": {6, 8}, "y": {6, 3}, "row": {8}, "column": {6, 1}, "cube": {2, 3, 4}, "value": {1, 1}},
		map[string][]int{"six": make([]int, 6), "five": make([]int, 5)})
	p := Place{NewTape(), "here"}
	for want, f := range map[string]func() (*G.Node, error){
		"the terms are (6, 8) and (6, 3), want equal shapes, or (N, D) and a row (D), a column (N, 1) or a single value (1, 1)": func() (*G.Node, error) { return Sub(p, in["x"], in["y"]) },
		"the terms are (8) and (6, 1), a row and a column: one of them must have the full shape (N, D)":                         func() (*G.Node, error) { return Mul(p, in["row"], in["column"]) },
		"the terms are (6, 1) and (8), a row and a column":                                                                      func() (*G.Node, error) { return Div(p, in["column"], in["row"]) },
		"the terms are (2, 3, 4) and (1, 1), want equal shapes":                                                                 func() (*G.Node, error) { return Add(p, in["cube"], in["value"]) },
		"the terms are (6, 8) and (8), want one shape":                                                                          func() (*G.Node, error) { return Max(p, in["x"], in["row"]) },
		"the terms are (6, 1) and (6, 8), want one shape":                                                                       func() (*G.Node, error) { return Min(p, in["column"], in["x"]) },
		`no function is called "cosine"`:                                                                                        func() (*G.Node, error) { return Map(p, "cosine", in["x"]) },
		"the limits are 2 and 1, want the lower one first":                                                                      func() (*G.Node, error) { return Clip(p, in["x"], 2, 1) },
		"a is (6, 8) and b (6, 3), want (N, K) and (K, M) for a·b":                                                              func() (*G.Node, error) { return MatMul(p, in["x"], in["y"]) },
		"a is (6, 8) and b (6, 3), want (N, K) and (M, K) for a·bᵀ":                                                             func() (*G.Node, error) { return MatMulT(p, in["x"], in["y"]) },
		"a is (8) and b (6, 3), want (N, K) and (N, M) for aᵀ·b":                                                                func() (*G.Node, error) { return TMatMul(p, in["row"], in["y"]) },
		"x is (8), want (N, D)":                                                     func() (*G.Node, error) { return SumRows(p, in["row"]) },
		"x is (2, 3, 4), want (N, D)":                                               func() (*G.Node, error) { return MaxColumns(p, in["cube"]) },
		"x is (6, 3) and k 4, want (N, E) and k from 1 to E":                        func() (*G.Node, error) { return TopKGate(p, in["y"], 4) },
		"there are no parts":                                                        func() (*G.Node, error) { return Concat(p) },
		"the parts are [(6, 8) (8)], want matrices with equal numbers of rows":      func() (*G.Node, error) { return Concat(p, in["x"], in["row"]) },
		"x is (6, 8), want a matrix with rows 4 to 7":                               func() (*G.Node, error) { return RowsOf(p, in["x"], 4, 7) },
		"the mask is (5) of int and the rows are (6, 8), want (N) or (N, 1) of int": func() (*G.Node, error) { return Where(p, in["five"], in["x"], in["x"]) },
		"the mask is (6, 1) of float32 and the rows":                                func() (*G.Node, error) { return MaskRows(p, in["column"], in["x"]) },
		"the terms are (6, 8) and (6, 3), want one shape":                           func() (*G.Node, error) { return Where(p, in["six"], in["x"], in["y"]) },
	} {
		_, err := f()
		assert.ErrorContains(t, err, want)
	}
}

// A product with a parameter on the right reads the layout that its weight holds.
func TestMatMulReadsHeldWeights(t *testing.T) {
	require.NoError(t, matmul.SetPrecision(matmul.Medium))
	defer func() { require.NoError(t, matmul.SetPrecision(matmul.Highest)) }()
	g, tape := G.NewGraph(), NewTape()
	matrix := func(name string) *G.Node {
		a := array{Shape: []int{16, 16}}
		for i := range 256 {
			a.Data = append(a.Data, math.Sin(float64(i)+float64(name[0])))
		}
		return G.NewMatrix(g, tensor.Float32, G.WithShape(16, 16), G.WithName(name), G.WithValue(dense(tensor.Float32, a)))
	}
	a, b := matrix("a"), matrix("b")
	w := NewWeight(b.Value().Data().([]float32), 16, 16)
	tape.SetWeight(b, w)
	var values []*G.Value
	for _, f := range []func(p Place, a, b *G.Node) (*G.Node, error){MatMul, MatMulT, TMatMul} {
		v := new(G.Value)
		G.Read(G.Must(f(Place{tape, "x"}, a, b)), v)
		values = append(values, v)
	}
	assert.Equal(t, 3*2*16.0*16*16, tape.Flops())
	vm := G.NewTapeMachine(g, G.WithEngine(tape))
	var free [][]float64
	for _, hold := range []bool{false, true} {
		if hold {
			w.Hold()
			assert.Equal(t, matmul.PackingGain(16) == matmul.Always, w.straight.packed.Ready() && w.transposed.packed.Ready())
		}
		tape.Begin()
		vm.Reset()
		require.NoError(t, vm.RunAll())
		for i, v := range values {
			if !hold {
				free = append(free, numbers(*v))
			} else {
				near(t, free[i], numbers(*v), 0.1, "held")
			}
		}
	}
}
