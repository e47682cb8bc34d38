package bench

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"euryale/layers"
	"euryale/layers/graph"
)

// stockLSTM unrolls a long short-term memory of as many columns as x, which holds (B, D)
// for each token. Each gate has products of its own, because a Slice of four gates side by
// side would be wrong beyond index 256.
func (s *stock) stockLSTM(path string, x G.Nodes) (h G.Nodes) {
	var wx, wh, b [4]*G.Node
	for i := range 4 {
		from, to := i*dim, (i+1)*dim
		wx[i], wh[i], b[i] = s.param(path+"/x/W", from, to), s.param(path+"/h/W", from, to), s.param(path+"/x/b", from, to)
	}
	last := s.input("h", make([]float32, s.b*dim), s.b, dim)
	c := s.input("c", make([]float32, s.b*dim), s.b, dim)
	for _, xt := range x {
		z := func(i int) *G.Node {
			in := G.Must(G.BroadcastAdd(G.Must(G.Mul(xt, wx[i])), b[i], nil, []byte{0}))
			return G.Must(G.Add(in, G.Must(G.Mul(last, wh[i]))))
		}
		input, forget := G.Must(G.Sigmoid(z(0))), G.Must(G.Sigmoid(z(1)))
		c = G.Must(G.Add(G.Must(G.HadamardProd(forget, c)), G.Must(G.HadamardProd(input, G.Must(G.Tanh(z(2)))))))
		last = G.Must(G.HadamardProd(G.Must(G.Sigmoid(z(3))), G.Must(G.Tanh(c))))
		h = append(h, last)
	}
	return h
}

// steps cuts values for (B·T, dim) into an input for each token.
func (s *stock) steps(name string, values []float32) (nodes G.Nodes) {
	for t := range s.t {
		var part []float32
		for seq := range s.b {
			part = append(part, values[(seq*s.t+t)*dim:][:dim]...)
		}
		nodes = append(nodes, s.input(fmt.Sprintf("%s%d", name, t), part, s.b, dim))
	}
	return nodes
}

var fusedLSTM = layer{name: "lstm", width: dim, fused: func(s *layers.Scope, x *G.Node) *G.Node {
	h, _ := layers.LSTM(s.Sub("l"), x, layers.RecurrentConfig{Hidden: dim})
	return h
}}

// stockLSTMProgram is fusedLSTM in stock ops, with the same inputs and gradients.
func stockLSTMProgram(w *graph.Weights, gradient, read bool) (*program, error) {
	s := newStock(w, sequences, tokens)
	x := s.steps("x", wave(1.7, rows*dim))
	h := s.stockLSTM("l", x)
	if !gradient {
		return compileAll(h, nil, nil, read)
	}
	return compileAll(h, s.steps("dy", wave(2.3, rows*dim)), append(x, s.params...), read)
}

func BenchmarkLSTM(b *testing.B) {
	for _, pass := range []string{"forward", "both"} {
		w := graph.NewWeights(1)
		b.Run(pass+"/fused", func(b *testing.B) {
			p, err := fusedLSTM.fusedProgram(w, pass == "both", false)
			require.NoError(b, err)
			loop(b, p.run)
		})
		b.Run(pass+"/stock", func(b *testing.B) {
			p, err := stockLSTMProgram(w, pass == "both", false)
			require.NoError(b, err)
			loop(b, p.run)
		})
	}
}

func TestStockLSTMAgrees(t *testing.T) {
	w := graph.NewWeights(1)
	fused, err := fusedLSTM.fusedProgram(w, true, true)
	require.NoError(t, err)
	other, err := stockLSTMProgram(w, true, true)
	require.NoError(t, err)
	require.NoError(t, fused.run())
	require.NoError(t, other.run())
	got, want := other.read(), fused.read()
	for part, whole := range map[string]string{"y": "y0", "x": "x"} { // outputs, gradients
		joined := make([]float32, rows*dim)
		for step := range tokens {
			for seq := range sequences {
				copy(joined[(seq*tokens+step)*dim:][:dim], got[fmt.Sprint(part, step)][seq*dim:])
			}
		}
		agree(t, map[string][]float32{part: want[whole]}, map[string][]float32{part: joined})
	}
}
