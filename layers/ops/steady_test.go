package ops

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
)

// A steady loop of runs makes no garbage: each op keeps what it computes in memory of its
// own, forward and back. Values are 2 MB here; what Gorgonia allocates for an instruction
// is less than a kilobyte.
func TestSteadyRunsMakeNoGarbage(t *testing.T) {
	const sequences, n, d = 4, 512, 1024
	type nodes = map[string]*G.Node
	for name, f := range map[string]func(p Place, x nodes) *G.Node{
		"binary": func(p Place, x nodes) *G.Node {
			y := G.Must(Sub(p, x["x"], x["column"]))
			y = G.Must(Div(p, G.Must(Mul(p, y, x["row"])), G.Must(Add(p, x["y"], x["row"]))))
			return G.Must(Div(p, x["column"], G.Must(Max(p, y, x["z"]))))
		},
		"functions": func(p Place, x nodes) *G.Node {
			y := x["x"]
			for _, f := range []Function{Exp, Log, Abs, Sqrt, Square, OneMinus} {
				y = G.Must(Map(p, f, y))
			}
			return G.Must(StopGradient(p, G.Must(Clip(p, G.Must(AddScalar(p, y, 1)), -1, 1))))
		},
		"reductions": func(p Place, x nodes) *G.Node {
			y := G.Must(Sub(p, x["z"], G.Must(MaxColumns(p, x["x"]))))
			return G.Must(Mul(p, y, G.Must(MeanRows(p, x["y"]))))
		},
		"choices": func(p Place, x nodes) *G.Node {
			y := G.Must(Where(p, x["at"], x["x"], G.Must(MaskRows(p, x["at"], x["y"]))))
			return G.Must(TopKGate(p, G.Must(RowsOf(p, G.Must(Concat(p, y, x["column"])), 0, 9)), 2))
		},
		"sequences": func(p Place, x nodes) *G.Node {
			y := G.Must(CumSum(p, sequences, G.Must(Shift(p, sequences, x["x"], x["prev"], x["at"])), x["prev"], x["at"]))
			y = G.Must(LinearRecurrence(p, sequences, x["y"], y, x["prev"], x["at"]))
			return G.Must(CausalConv(p, sequences, y, x["w"], x["prev"], x["at"], x["row"]))
		},
	} {
		in := inputs(map[string][]int{"x": {n, d}, "y": {n, d}, "z": {n, d}, "row": {1, d}, "column": {n, 1}, "prev": {sequences, d}, "w": {2, d}},
			map[string][]int{"at": make([]int, n), "total": {1}})
		for _, x := range in {
			if v, ok := x.Value().Data().([]float32); ok {
				fill(v, 1.25)
			}
		}
		tape := &Tape{Differentiated: true}
		p := Place{tape, name}
		cost := G.Must(MeanLoss(p, f(p, in), in["total"]))
		_, err := G.Grad(cost, in["x"]) // each has one path to x: sums of gradients want a plan
		require.NoError(t, err)
		vm := G.NewTapeMachine(cost.Graph(), G.WithEngine(tape))
		run := func() {
			tape.Begin()
			vm.Reset()
			require.NoError(t, vm.RunAll(), name)
		}
		run()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 10 {
			run()
		}
		runtime.ReadMemStats(&after)
		assert.Less(t, (after.TotalAlloc-before.TotalAlloc)/10, uint64(n*d), name+": bytes a run")
	}
}
