package layers_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/layers"
	"euryale/layers/graph"
)

// The gates that are shown are those that made the states: c = f⊙c + i⊙g and
// h = o⊙tanh(c), from zero at the start of a sequence and in either direction.
func TestGatesMakeTheStates(t *testing.T) {
	const B, T, D, H = 2, 5, 3, 4
	for _, reverse := range []bool{false, true} {
		w := graph.NewWeights64(3)
		g, err := graph.Build(w, graph.Frame{B: B, T: 1, S: T}, func(s *layers.Scope) {
			s = s.Source()
			x := layers.Embedding(s.WithInit(layers.Normal(1), nil).Sub("tok"), s.Tokens(), 7, D)
			layers.LSTM(s.Sub("lstm"), x, layers.RecurrentConfig{Hidden: H, Reverse: reverse})
		})
		require.NoError(t, err)
		require.NoError(t, g.Feed(graph.Feed{Tokens: []int{0, 0}, Source: []int{1, 2, 3, 4, 5, 6, 5, 4, 3, 2}}))
		values := map[string]*G.Value{}
		for _, name := range []string{"lstm/gates", "lstm/cell", "lstm"} {
			n, err := g.Tap(name)
			require.NoError(t, err)
			values[name] = new(G.Value)
			G.Read(n, values[name])
		}
		vm := G.NewTapeMachine(g.Expr(), G.WithEngine(g.Tape()))
		require.NoError(t, vm.RunAll())
		read := func(name string) []float64 { return (*values[name]).(*tensor.Dense).Float64s() }
		gates, cell, h := read("lstm/gates"), read("lstm/cell"), read("lstm")
		for b := range B {
			c := make([]float64, H)
			for k := range T {
				r := b*T + k
				if reverse {
					r = b*T + T - 1 - k
				}
				for j := range H {
					z := gates[r*4*H:]
					c[j] = z[H+j]*c[j] + z[j]*z[2*H+j]
					assert.InDelta(t, c[j], cell[r*H+j], 1e-14)
					assert.InDelta(t, z[3*H+j]*math.Tanh(c[j]), h[r*H+j], 1e-14)
				}
			}
		}
	}
}
