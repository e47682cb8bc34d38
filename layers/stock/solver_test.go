package stock

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// solvers are Gorgonia's, at a learning rate of 0.1, with what each promises after two
// steps of one gradient g from w.
var solvers = []struct {
	name string
	make func() G.Solver
	ref  func(w, g float64) float64
	want outcome
}{
	{"NewVanillaSolver", func() G.Solver { return G.NewVanillaSolver(G.WithLearnRate(0.1)) }, func(w, g float64) float64 { return w - 0.2*g }, right},
	{"NewAdamSolver", func() G.Solver { return G.NewAdamSolver(G.WithLearnRate(0.1)) },
		func(w, g float64) float64 { return w - 0.2*g/(math.Abs(g)+1e-8) }, right},
	{"NewMomentum", func() G.Solver { return G.NewMomentum(G.WithLearnRate(0.1), G.WithMomentum(0.9)) },
		func(w, g float64) float64 { return w - 0.1*g - 0.19*g }, right},
	{"NewRMSPropSolver", func() G.Solver { return G.NewRMSPropSolver(G.WithLearnRate(0.1), G.WithRho(0.9)) }, func(w, g float64) float64 {
		for _, mean := range []float64{0.1 * g * g, 0.19 * g * g} {
			w -= 0.1 * g / math.Sqrt(mean+1e-8)
		}
		return w
	}, right},
	{"NewAdaGradSolver", func() G.Solver { return G.NewAdaGradSolver(G.WithLearnRate(0.1)) },
		func(w, g float64) float64 { return w - 0.1*g/math.Abs(g) - 0.1*g/math.Sqrt(2*g*g) }, wrongValue},
	{"NewAdamW", func() G.Solver { return G.NewAdamW(G.WithLearnRate(0.1), G.WithL2Reg(0)) },
		func(w, g float64) float64 { return w - 0.2*g/(math.Abs(g)+1e-8) }, wrongValue},
}

func solverNames() (names []string) {
	for _, s := range solvers {
		names = append(names, s.name)
	}
	return names
}

func TestSolvers(t *testing.T) {
	for _, s := range solvers {
		require.NotNil(t, Find(s.name))
		g := G.NewGraph()
		w, c := input(g, tensor.Float64, "w", 3), input(g, tensor.Float64, "c", 3)
		cost := must(t)(G.Sum(must(t)(G.HadamardProd(w, c))))
		_, err := G.Grad(cost, w)
		require.NoError(t, err)
		begin, gradient := []float64{1, -2, 3}, []float64{0.5, 1.5, -2}
		require.NoError(t, G.Let(w, valueOf(w, begin)))
		require.NoError(t, G.Let(c, valueOf(c, gradient)))
		vm, solver := G.NewTapeMachine(g, G.BindDualValues(w)), s.make()
		var failed error
		for range 2 {
			require.NoError(t, vm.RunAll())
			if err := solver.Step(G.NodesToValueGrads(G.Nodes{w})); err != nil {
				failed = err
			}
			vm.Reset()
		}
		want := make([]float64, 3)
		for i := range want {
			want[i] = s.ref(begin[i], gradient[i])
		}
		got := right
		if failed != nil || differ(floats(w.Value()), want, 1e-6) != nil {
			got = wrongValue
		}
		assert.Equal(t, s.want, got, "%s: %v, %v, want %v", s.name, failed, w.Value(), want)
		if s.name == "NewAdamW" {
			assert.Equal(t, begin, floats(w.Value()), "it changes no weight")
		}
		assert.Equal(t, s.want == right, Find(s.name).Verdict == Right, s.name)
	}
}
