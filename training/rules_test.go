package training

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/matmul"
	"euryale/internal/runfile"
	"euryale/layers/graph"
	"euryale/training/rundir"
)

// twoParams are a matrix with weight decay and a vector, as in testdata/optimizers.py.
func twoParams(t *testing.T) *graph.Weights {
	t.Helper()
	matrix := make([]float32, 12)
	for i := range matrix {
		matrix[i] = float32(math.Cos(float64(1 + 3*(i/3) + i%3)))
	}
	w := graph.NewWeights(0)
	require.NoError(t, w.Add("matrix/W", []int{4, 3}, matrix))
	require.NoError(t, w.Add("vector", []int{3}, []float32{0.5, -0.5, 2}))
	w.Get("matrix/W").Decay = true
	return w
}

// twoGradients are theirs at a step.
func twoGradients(step int) [][]*tensor.Dense {
	matrix, vector := make([]float32, 12), make([]float32, 3)
	for i := range matrix {
		matrix[i] = float32(math.Sin(float64(step + 5*(i/3) + 11*(i%3))))
	}
	for i := range vector {
		vector[i] = float32(math.Sin(float64(2*step + 7*i)))
	}
	return [][]*tensor.Dense{{tensor.New(tensor.WithShape(4, 3), tensor.WithBacking(matrix)), tensor.New(tensor.WithShape(3), tensor.WithBacking(vector))}}
}

// unclipped is the configuration of testdata/optimizers.py.
func unclipped(name string) OptimizerConfig {
	c := Default().Optimizer
	c.Name, c.LR, c.Beta1, c.Beta2, c.Eps, c.WeightDecay, c.Clip = name, 0.01, 0.9, 0.99, 1e-8, 0.1, 0
	return c
}

// Ten steps of each rule are those of PyTorch, or of the paper's algorithm: testdata/optimizers.py.
func TestRulesAgainstPyTorch(t *testing.T) {
	raw, err := os.ReadFile("testdata/optimizers.json")
	require.NoError(t, err)
	var cases []struct {
		Name     string
		Momentum float64
		Nesterov bool
		After    [][]float64
	}
	require.NoError(t, json.Unmarshal(raw, &cases))
	tested := map[string]bool{}
	for _, c := range cases {
		tested[c.Name] = true
		o := unclipped(c.Name)
		o.Momentum, o.Nesterov = c.Momentum, c.Nesterov
		w := twoParams(t)
		u, err := NewUpdater(o, w.All())
		require.NoError(t, err)
		for i, want := range c.After {
			require.NoError(t, u.Add(twoGradients(i+1)))
			_, err := u.Step(o.LR)
			require.NoError(t, err)
			got := append(append([]float32{}, w.Get("matrix/W").Float32()...), w.Get("vector").Float32()...)
			require.Len(t, got, len(want))
			for j := range want {
				require.InDelta(t, want[j], float64(got[j]), 5e-6, "%s (momentum %v, nesterov %v), step %d, value %d", c.Name, c.Momentum, c.Nesterov, i+1, j)
			}
		}
	}
	for _, name := range OptimizerNames() {
		assert.True(t, tested[name], name)
	}
}

// A run with each rule, and with an average of the weights, continues after a save as if it had not been
// stopped.
func TestRulesResume(t *testing.T) {
	for _, sets := range [][]string{
		{"optimizer.name=sgd", "optimizer.momentum=0.9", "optimizer.lr=0.1"}, {"optimizer.name=lion", "optimizer.lr=1e-3"},
		{"optimizer.name=muon"}, {"optimizer.name=schedulefree", "schedule.name=constant"}, {"optimizer.ema=0.9"},
	} {
		t.Run(fmt.Sprint(sets), func(t *testing.T) {
			c := tiny(t, sets...)
			whole := filepath.Join(t.TempDir(), "whole")
			want := losses(t, begin(t, c, whole), 0)
			assert.Less(t, want[len(want)-1], want[0])
			dir := filepath.Join(t.TempDir(), "run")
			got := losses(t, begin(t, c, dir), 23)
			r, err := Resume(dir, nil, nil)
			require.NoError(t, err)
			assert.Equal(t, want, append(got, losses(t, r, 0)...))
			for _, name := range []string{rundir.Weights, rundir.Best} {
				assert.Equal(t, tensorsOf(t, filepath.Join(whole, name)), tensorsOf(t, filepath.Join(dir, name)), name)
			}
		})
	}
}

func tensorsOf(t *testing.T, path string) []runfile.Tensor {
	t.Helper()
	ts, _, err := runfile.LoadTensors(path)
	require.NoError(t, err)
	return ts
}

// The saved weights are the average; the state has the weights that training goes on with.
func TestEMA(t *testing.T) {
	o := unclipped("sgd")
	o.EMA, o.WeightDecay = 0.5, 0
	w := twoParams(t)
	u, err := NewUpdater(o, w.All())
	require.NoError(t, err)
	average := append([]float32{}, w.Get("vector").Float32()...)
	for n := 1; n <= 6; n++ {
		require.NoError(t, u.Add(twoGradients(n)))
		_, err := u.Step(o.LR)
		require.NoError(t, err)
		d := float32(math.Min(0.5, float64(1+n)/float64(10+n)))
		for i, x := range w.Get("vector").Float32() {
			average[i] = d*average[i] + (1-d)*x
		}
	}
	trained := append([]float32{}, w.Get("vector").Float32()...)
	require.NoError(t, u.swap())
	assert.InDeltaSlice(t, average, w.Get("vector").Float32(), 1e-6)
	require.NoError(t, u.swap())
	assert.Equal(t, trained, w.Get("vector").Float32())

	dir := filepath.Join(t.TempDir(), "run")
	r := begin(t, tiny(t, "optimizer.ema=0.9"), dir)
	require.NoError(t, r.Train(t.Context()))
	require.NoError(t, r.Close())
	saved, state := tensorsOf(t, filepath.Join(dir, rundir.Weights)), map[string]any{}
	for _, s := range tensorsOf(t, filepath.Join(dir, rundir.State)) {
		state[s.Name] = s.Data
	}
	for _, s := range saved {
		assert.Equal(t, state["ema/"+s.Name], s.Data, s.Name)
		assert.NotEqual(t, state["weights/"+s.Name], s.Data, s.Name)
	}
}

func TestGroups(t *testing.T) {
	o := unclipped("sgd")
	o.Groups = []string{"mat*/W lr=0.5 weight_decay=0", "* lr=0"}
	w := twoParams(t)
	u, err := NewUpdater(o, w.All())
	require.NoError(t, err)
	before := append([]float32{}, w.Get("matrix/W").Float32()...)
	g := twoGradients(1)
	gradient := append([]float32{}, g[0][0].Float32s()...)
	require.NoError(t, u.Add(g))
	_, err = u.Step(o.LR)
	require.NoError(t, err)
	for i, x := range w.Get("matrix/W").Float32() {
		assert.InDelta(t, before[i]-0.5*0.01*gradient[i], x, 1e-7)
	}
	assert.Equal(t, []float32{0.5, -0.5, 2}, w.Get("vector").Float32())
}

func TestGroupsRefuse(t *testing.T) {
	for want, c := range map[string]struct{ name, group string }{
		`no parameter is called "matrix": did you mean "matrix/W"?`: {"sgd", "matrix lr=2"},
		`"*" has vector, whose shape is [3]: muon is for matrices`:  {"muon", "* muon"},
		`only optimizer.name = "muon" has more than one rule`:       {"sgd", "* muon"},
		`want a pattern of paths, then`:                             {"sgd", "*"},
		`"rate=2": want lr=FACTOR`:                                  {"sgd", "* rate=2"},
		`"lr=-1": want lr=FACTOR`:                                   {"sgd", "* lr=-1"},
		`"[" is not a pattern`:                                      {"sgd", "[ lr=1"},
	} {
		o := unclipped(c.name)
		o.Groups = []string{c.group}
		_, err := NewUpdater(o, twoParams(t).All())
		assert.ErrorContains(t, err, want)
	}
}

// Muon leaves tables and heads to AdamW, unless a group says otherwise.
func TestMuonsMatrices(t *testing.T) {
	r := begin(t, tiny(t, "optimizer.name=muon", `optimizer.groups=["*/att/qkv/W adamw"]`, "model.tied=false"), "")
	var paths []string
	for _, p := range r.updater.rule.(*muon).matrices {
		paths = append(paths, p.Path)
	}
	assert.Contains(t, paths, "h0/att/proj/W")
	for _, not := range []string{"h0/att/qkv/W", "tok/W", "pos/W", "head/W"} {
		assert.NotContains(t, paths, not)
	}
}

// The step of muon has singular values near 1: its Gram matrix is near the identity.
func TestOrthogonal(t *testing.T) {
	w := graph.NewWeights(0)
	require.NoError(t, w.Add("W", []int{5, 3}, make([]float32, 15)))
	w.Get("W").Decay = true
	m := newMuon(unclipped("muon"), w.All()).(*muon)
	g := make([]float32, 15)
	for i := range g {
		g[i] = float32(math.Sin(float64(i * i)))
	}
	x := m.memory().orthogonal(g, 5, 3)
	for i := range 3 {
		for j := range 3 {
			dot := 0.0
			for r := range 5 {
				dot += float64(x[r*3+i]) * float64(x[r*3+j])
			}
			if i == j {
				assert.InDelta(t, 1, dot, 0.45)
			} else {
				assert.InDelta(t, 0, dot, 0.3)
			}
		}
	}
}

// Products whose result is symmetric have the bits of whole ones, at any precision.
func TestSymmetric(t *testing.T) {
	t.Cleanup(func() { require.NoError(t, matmul.SetPrecision(matmul.Highest)) })
	for _, p := range []matmul.Precision{matmul.Highest, matmul.High, matmul.Medium} {
		require.NoError(t, matmul.SetPrecision(p))
		for _, size := range [][2]int{{30, 50}, {64, 64}, {65, 90}, {192, 576}, {131, 700}} {
			n, k := size[0], size[1]
			x := make([]float32, n*k)
			for i := range x {
				x[i] = float32(math.Sin(float64(i*i%977) + 1))
			}
			for _, tall := range []bool{false, true} {
				ld := k
				if tall {
					ld = n
				}
				whole, got := make([]float32, n*n), make([]float32, n*n)
				matmul.Gemm(tall, !tall, n, n, k, 1, x, ld, x, ld, 0, whole, n)
				symmetric(tall, !tall, n, k, 1, x, ld, 0, got)
				require.Equal(t, whole, got, "%s: %d×%d, tall %v", p, n, k, tall)
				power, again := slices.Clone(got), slices.Clone(got)
				matmul.Gemm(false, false, n, n, n, schulzC, got, n, got, n, schulzB, power, n)
				symmetric(false, false, n, n, schulzC, got, n, schulzB, again)
				require.Equal(t, power, again, "%s: the square of %d×%d, tall %v", p, n, k, tall)
			}
		}
	}
}

func TestClipValue(t *testing.T) {
	o := unclipped("sgd")
	o.ClipValue, o.WeightDecay = 0.25, 0
	w := twoParams(t)
	u, err := NewUpdater(o, w.All())
	require.NoError(t, err)
	require.NoError(t, u.Add(twoGradients(1)))
	_, err = u.Step(o.LR)
	require.NoError(t, err)
	want := []float64{0.5 - 0.01*0.25, -0.5 - 0.01*0.25, 2 + 0.01*0.25} // sin 2, sin 9 and sin 16 are 0.91, 0.41 and −0.29
	for i, x := range w.Get("vector").Float32() {
		assert.InDelta(t, want[i], x, 1e-7)
	}
}

// A Solver trains a graph of plain Gorgonia.
func TestSolver(t *testing.T) {
	g := G.NewGraph()
	x := G.NewTensor(g, tensor.Float32, 1, G.WithShape(3), G.WithName("x"), G.WithValue(tensor.New(tensor.WithBacking([]float32{1, -2, 3}))))
	loss := G.Must(G.Sum(G.Must(G.Square(x))))
	_, err := G.Grad(loss, x)
	require.NoError(t, err)
	vm := G.NewTapeMachine(g, G.BindDualValues(x))
	defer vm.Close()
	s, err := NewSolver(unclipped("lion"))
	require.NoError(t, err)
	for range 50 {
		require.NoError(t, vm.RunAll())
		require.NoError(t, s.Step([]G.ValueGrad{x}))
		vm.Reset()
	}
	assert.InDeltaSlice(t, []float32{0.5, -1.5, 2.5}, x.Value().Data(), 1e-5) // 50 steps of 0.01 by the sign

	_, err = NewSolver(OptimizerConfig{Name: "adamm"})
	assert.ErrorContains(t, err, `did you mean "adam`)
	g = G.NewGraph()
	y := G.NewScalar(g, tensor.Float64, G.WithName("y"), G.WithValue(1.0))
	s, err = NewSolver(unclipped("sgd"))
	require.NoError(t, err)
	z := G.Must(G.Square(y))
	_, err = G.Grad(z, y)
	require.NoError(t, err)
	scalar := G.NewTapeMachine(g, G.BindDualValues(y))
	defer scalar.Close()
	require.NoError(t, scalar.RunAll())
	assert.ErrorContains(t, s.Step([]G.ValueGrad{y}), "want tensors of float32")
}
