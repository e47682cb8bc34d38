package ops

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// scans says how each case of recurrent.json is declared.
func scans(name string, r reference) build {
	kind, rest, _ := strings.Cut(name, " ")
	c := Scan{Reverse: strings.HasPrefix(rest, "reverse")}
	if prev, ok := r.Floats["prev"]; ok {
		c.Sequences = prev.Shape[0]
	}
	return map[string]build{
		"lstm": func(p Place, in map[string]*G.Node) (*G.Node, error) {
			return LSTM(p, c, in["z"], in["w"], in["prev"], in["at"])
		},
		"gru": func(p Place, in map[string]*G.Node) (*G.Node, error) {
			return GRU(p, c, in["z"], in["w"], in["b"], in["prev"], in["at"])
		},
		"rnn": func(p Place, in map[string]*G.Node) (*G.Node, error) {
			return RNN(p, c, Tanh, in["z"], in["w"], in["prev"], in["at"])
		},
		"relu": func(p Place, in map[string]*G.Node) (*G.Node, error) {
			return RNN(p, c, ReLU, in["z"], in["w"], in["prev"], in["at"])
		},
		"row":  func(p Place, in map[string]*G.Node) (*G.Node, error) { return Row(p, 2, 1, in["x"]) },
		"join": func(p Place, in map[string]*G.Node) (*G.Node, error) { return Concat(p, in["a"], in["b"]) },
		"begin": func(p Place, in map[string]*G.Node) (*G.Node, error) {
			return StartState(p, in["next"], in["prev"], in["at"])
		},
	}[kind]
}

func TestScansAgreeWithPyTorch(t *testing.T) {
	for name, r := range referencesIn(t, "recurrent") {
		t.Run(name, func(t *testing.T) { agrees(t, r, scans(name, r)) })
	}
}

func TestScanGradientsByDifferences(t *testing.T) {
	for name, r := range referencesIn(t, "recurrent") {
		if strings.HasPrefix(name, "relu") {
			continue // its kink; PyTorch's values check it
		}
		t.Run(name, func(t *testing.T) { differences(t, r, scans(name, r)) })
	}
}

// Inputs and weights far beyond any use leave states and gradients finite.
func TestScansOfHugeInputsAreFinite(t *testing.T) {
	for _, name := range []string{"lstm forward ragged", "gru forward ragged", "rnn forward ragged"} {
		r := referencesIn(t, "recurrent")[name]
		for i := range r.Floats["z"].Data {
			r.Floats["z"].Data[i] *= 1e30
		}
		k := newRig(t, tensor.Float32, r, scans(name, r))
		k.run()
		for _, v := range append(numbers(k.out), numbers(k.grads[0].Value())...) {
			require.False(t, math.IsNaN(v) || math.IsInf(v, 0), name)
		}
	}
}

func TestScanErrors(t *testing.T) {
	g := G.NewGraph()
	m := func(name string, rows, cols int) *G.Node {
		return G.NewMatrix(g, tensor.Float32, G.WithShape(rows, cols), G.WithName(name))
	}
	at := G.NewVector(g, tensor.Int, G.WithShape(6), G.WithName("at"))
	z, w, prev := m("z", 6, 12), m("w", 3, 12), m("prev", 2, 6)
	p := Place{NewTape(), "x"}
	_, err := LSTM(p, Scan{Sequences: 4}, z, w, prev, at)
	assert.EqualError(t, err, "z is (6, 12), W (3, 12), the state (2, 6) and positions (6), want (4·T, 4·H), (H, 4·H), (4, 2·H) and (4·T)")
	_, err = LSTM(p, Scan{Sequences: 2}, z, m("w2", 4, 12), prev, at)
	assert.ErrorContains(t, err, "want (2·T, 4·H)")
	_, err = GRU(p, Scan{Sequences: 2}, z, w, nil, prev, at)
	assert.ErrorContains(t, err, "want (2·T, 3·H)")
	_, err = GRU(p, Scan{Sequences: 2}, m("z3", 6, 9), m("w3", 3, 9), m("b", 1, 8), m("prev3", 2, 3), at)
	assert.EqualError(t, err, "b is (1, 8), want (9)")
	_, err = RNN(p, Scan{Sequences: 2}, GELU, m("z1", 6, 3), m("w1", 3, 3), m("prev1", 2, 3), at)
	assert.EqualError(t, err, `a recurrent layer's activation is tanh or relu, not "gelu"`)
	_, err = RNN(p, Scan{Sequences: 2}, Tanh, m("z4", 6, 3), m("w4", 3, 3), m("prev4", 2, 3), m("at4", 6, 1))
	assert.ErrorContains(t, err, "a vector of int")
}

func TestStepErrors(t *testing.T) {
	g := G.NewGraph()
	m := func(name string, rows, cols int) *G.Node {
		return G.NewMatrix(g, tensor.Float32, G.WithShape(rows, cols), G.WithName(name))
	}
	at := G.NewVector(g, tensor.Int, G.WithShape(6), G.WithName("at"))
	p, x, y := Place{NewTape(), "x"}, m("x", 6, 3), m("y", 2, 3)
	_, err := Row(p, 2, 3, x)
	assert.EqualError(t, err, "x is (6, 3), want (2·T, D) with a token 3")
	_, err = StartState(p, y, x, at)
	assert.ErrorContains(t, err, "want one shape")
}
