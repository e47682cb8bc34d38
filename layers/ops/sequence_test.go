package ops

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/parallel"
)

// sequenceBuild says how each case of sequence.json is declared.
func sequenceBuild(name string, r reference) build {
	kind, _, _ := strings.Cut(name, " ")
	sequences := r.Floats["prev"].Shape[0]
	return func(p Place, in map[string]*G.Node) (*G.Node, error) {
		switch kind {
		case "recurrence":
			return LinearRecurrence(p, sequences, in["a"], in["b"], in["prev"], in["at"])
		case "cumsum":
			return CumSum(p, sequences, in["x"], in["prev"], in["at"])
		case "shift":
			return Shift(p, sequences, in["x"], in["prev"], in["at"])
		}
		return CausalConv(p, sequences, in["x"], in["w"], in["prev"], in["at"], in["b"])
	}
}

func TestSequencesAgreeWithPyTorch(t *testing.T) {
	for name, r := range referencesIn(t, "sequence") {
		t.Run(name, func(t *testing.T) { agrees(t, r, sequenceBuild(name, r)) })
	}
}

func TestSequenceGradientsByDifferences(t *testing.T) {
	for name, r := range referencesIn(t, "sequence") {
		t.Run(name, func(t *testing.T) { differences(t, r, sequenceBuild(name, r)) })
	}
}

// A loop whose cell is the recurrence in Gorgonia's own ops gives PyTorch's values and
// gradients.
func TestLoopAgreesWithPyTorch(t *testing.T) {
	r := referencesIn(t, "sequence")["recurrence ragged"]
	agrees(t, r, func(p Place, in map[string]*G.Node) (*G.Node, error) {
		x := G.Must(Concat(p, in["a"], in["b"]))
		b, d := in["prev"].Shape()[0], in["prev"].Shape()[1]
		placeholder := func(name string, width int) *G.Node {
			return G.NewMatrix(x.Graph(), x.Dtype(), G.WithShape(b, width), G.WithName(name),
				G.WithValue(tensor.New(tensor.Of(x.Dtype()), tensor.WithShape(b, width)))) // the test runs the whole graph, the template too
		}
		c := Cell{Token: placeholder("token", 2*d), Prev: placeholder("before", d)}
		decay, input := G.Must(Columns(p, c.Token, 0, d)), G.Must(Columns(p, c.Token, d, 2*d))
		c.Next = G.Must(G.Add(G.Must(G.HadamardProd(decay, c.Prev)), input))
		c.Scan.Sequences = b
		return Loop(p, c, x, in["prev"], in["at"])
	})
}

// Sequences long and wide enough to be cut into columns for several workers give the same
// bits as one worker, forward and back.
func TestSequencesDoNotDependOnWorkers(t *testing.T) {
	const sequences, steps, d = 2, 300, 257
	fill := func(seed, rows, cols int) array {
		a := array{Shape: []int{rows, cols}}
		for i := range rows * cols {
			a.Data = append(a.Data, 0.9*math.Sin(float64(seed)+float64(i)*float64(i)))
		}
		return a
	}
	at := array{Shape: []int{sequences * steps}}
	for i := range sequences * steps {
		at.Data = append(at.Data, float64(i%steps))
	}
	at.Data[sequences*steps-1] = -1
	n := sequences * steps
	threads := parallel.Threads()
	defer parallel.SetThreads(threads)
	for name, floats := range map[string]map[string]array{
		"recurrence": {"a": fill(1, n, d), "b": fill(2, n, d), "prev": fill(3, sequences, d)},
		"cumsum":     {"x": fill(1, n, d), "prev": fill(3, sequences, d)},
		"conv":       {"x": fill(1, n, d), "w": fill(2, 4, d), "prev": fill(3, sequences, 3*d), "b": fill(4, 1, d)},
	} {
		r := reference{Floats: floats, Ints: map[string]array{"at": at}, Gout: fill(5, n, d)}
		run := func(workers int) (values [][]float64) {
			parallel.SetThreads(workers)
			k := newRig(t, tensor.Float32, r, sequenceBuild(name, r))
			k.run()
			values = append(values, numbers(k.out))
			for _, g := range k.grads {
				values = append(values, numbers(g.Value()))
			}
			return values
		}
		one := run(1)
		assert.Equal(t, one, run(3), name)
		double := newRig(t, tensor.Float64, r, sequenceBuild(name, r))
		double.run()
		near(t, numbers(double.out), one[0], 1e-4, name)
		for i, g := range double.grads {
			near(t, numbers(g.Value()), one[1+i], 1e-4, name+" gradient of "+double.names[i])
		}
	}
}

// Recent has the last two tokens, whatever padding is between them.
func TestRecent(t *testing.T) {
	g, tape := G.NewGraph(), NewTape()
	node := func(name string, rows, cols int, values ...float64) *G.Node {
		return G.NewMatrix(g, tensor.Float64, G.WithShape(rows, cols), G.WithName(name), G.WithValue(dense(tensor.Float64, array{[]int{rows, cols}, values})))
	}
	at := G.NewVector(g, tensor.Int, G.WithShape(8), G.WithName("at"), G.WithValue(dense(tensor.Int, array{[]int{8}, []float64{0, -1, 1, 2, -1, -1, 5, -1}})))
	y, err := Recent(Place{tape, "x"}, 2, node("x", 8, 1, 1, 2, 3, 4, 5, 6, 7, 8), node("prev", 2, 2, -1, -2, -3, -4), at)
	require.NoError(t, err)
	require.NoError(t, G.NewTapeMachine(g, G.WithEngine(tape)).RunAll())
	assert.Equal(t, []float64{-2, 1, -2, 1, 1, 3, 3, 4 /**/, -3, -4, -3, -4, -4, 7, -4, 7}, numbers(y.Value()))
}

func TestSequenceErrors(t *testing.T) {
	in := inputs(map[string][]int{"x": {6, 3}, "y": {6, 4}, "prev": {2, 3}, "two": {2, 6}, "odd": {2, 4}, "w": {4, 3}, "b": {4}},
		map[string][]int{"at": make([]int, 6), "five": make([]int, 5)})
	p := Place{NewTape(), "here"}
	for want, f := range map[string]func() (*G.Node, error){
		"x is (6, 3), the state (2, 3) and positions (6) of int, want (4·T, D), (4, n·D) and (4·T) of int": func() (*G.Node, error) { return CumSum(p, 4, in["x"], in["prev"], in["at"]) },
		"x is (6, 3), the state (2, 4) and positions (6) of int":                                           func() (*G.Node, error) { return Recent(p, 2, in["x"], in["odd"], in["at"]) },
		"x is (6, 3), the state (2, 3) and positions (5) of int":                                           func() (*G.Node, error) { return Shift(p, 2, in["x"], in["prev"], in["five"]) },
		"x is (6, 3) and the state (2, 6), want (2·T, D) and (2, D)":                                       func() (*G.Node, error) { return Shift(p, 2, in["x"], in["two"], in["at"]) },
		"a is (6, 4) and b (6, 3), want one shape":                                                         func() (*G.Node, error) { return LinearRecurrence(p, 2, in["y"], in["x"], in["prev"], in["at"]) },
		"the weights are (4, 3) and the state (2, 6), want (K, 3) and (2, (K−1)·3)":                        func() (*G.Node, error) { return CausalConv(p, 2, in["x"], in["w"], in["two"], in["at"], nil) },
		"b is (4), want (3)": func() (*G.Node, error) {
			return CausalConv(p, 2, in["x"], G.NewMatrix(in["x"].Graph(), tensor.Float32, G.WithShape(2, 3), G.WithName("w2")), in["prev"], in["at"], in["b"])
		},
	} {
		_, err := f()
		assert.ErrorContains(t, err, want)
	}
}
