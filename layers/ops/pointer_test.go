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

// pointers says how each case of pointer.json is declared.
func pointers(name string) build {
	return func(p Place, in map[string]*G.Node) (*G.Node, error) {
		if name == "covered scores" {
			return AdditiveScores(p, 3, in["q"], in["k"], in["u"], in["sees"], in["coverage"], in["w"])
		}
		tokens, err := Numbers(p, in["tokens"], in["logits"])
		if err != nil {
			return nil, err
		}
		return Pointer(p, tokens.Shape()[0]/in["weights"].Shape()[1], in["logits"], in["gate"], in["weights"], tokens)
	}
}

func TestPointerAgreesWithPyTorch(t *testing.T) {
	for name, r := range referencesIn(t, "pointer") {
		t.Run(name, func(t *testing.T) { agrees(t, r, pointers(name)) })
	}
}

// A weight of 0 is at the edge of what is defined, so that rows of weights are left out that have one.
func TestPointerGradientsByDifferences(t *testing.T) {
	for _, name := range []string{"pointer repeats", "covered scores"} {
		r := referencesIn(t, "pointer")[name]
		if name == "pointer repeats" {
			for i, w := range r.Floats["weights"].Data {
				r.Floats["weights"].Data[i] = w + 0.1
			}
		}
		t.Run(name, func(t *testing.T) { differences(t, r, pointers(name)) })
	}
}

// The mixture composed of other ops, from probabilities: log(g·softmax + (1−g)·copies).
func TestPointerAgreesWithComposedOps(t *testing.T) {
	for name, r := range referencesIn(t, "pointer") {
		if strings.HasPrefix(name, "pointer") && name != "pointer empty" {
			agrees(t, r, func(p Place, in map[string]*G.Node) (*G.Node, error) {
				v, c := in["logits"].Shape()[1], in["weights"].Shape()[1]
				tokens := G.Must(Numbers(p, in["tokens"], in["logits"]))
				copies := G.Must(CopyDistribution(p, tokens.Shape()[0]/c, v, in["weights"], tokens))
				g := G.Must(Activate(p, Sigmoid, in["gate"]))
				generated := G.Must(Mul(p, G.Must(Softmax(p, 1, in["logits"])), g))
				return Map(p, Log, G.Must(Add(p, generated, G.Must(Mul(p, copies, G.Must(Map(p, OneMinus, g)))))))
			})
		}
	}
}

// Logits far apart, gates that are shut and weights that are tiny leave the log-probabilities and gradients
// finite, and the probabilities of a row add up to 1.
func TestPointerIsStable(t *testing.T) {
	r := referencesIn(t, "pointer")["pointer"]
	copy(r.Floats["logits"].Data, []float64{1e4, -1e4, 0, 3, 50, -80, 80})
	copy(r.Floats["gate"].Data, []float64{200, -200, 1e4, -30})
	copy(r.Floats["weights"].Data[4:], []float64{1, 1e-38, 0, 0})
	k := newRig(t, tensor.Float32, r, pointers("pointer"))
	k.run()
	out := numbers(k.out)
	for row := range 4 {
		sum := 0.0
		for _, l := range out[row*7 : row*7+7] {
			require.False(t, math.IsNaN(l) || math.IsInf(l, 0), "%v", out)
			sum += math.Exp(l)
		}
		assert.InDelta(t, 1, sum, 1e-5)
	}
	for i, name := range k.names {
		for _, d := range numbers(k.grads[i].Value()) {
			assert.False(t, math.IsNaN(d) || math.IsInf(d, 0), name)
		}
	}
}

// Weights on the diagonal cost nothing; off it they cost 1 − exp(−(n/N − t/T)²/(2·width²)).
func TestOffDiagonal(t *testing.T) {
	weights := []float64{1, 0, 0 /**/, 0, 0.5, 0.5 /**/, 0.25, 0.75, 9 /**/, 1, 1, 1}
	r := reference{Floats: map[string]array{"weights": {[]int{4, 3}, weights}}, Gout: array{[]int{4, 1}, []float64{1, 2, 3, 4}},
		Ints: map[string]array{"at": {[]int{4}, []float64{0, 1, 0, -1}}, "lengths": {[]int{4}, []float64{2, 2, 1, 1}}, "sources": {[]int{4}, []float64{3, 3, 2, 2}}}}
	declare := func(p Place, in map[string]*G.Node) (*G.Node, error) {
		return OffDiagonal(p, 0.2, in["weights"], in["at"], in["lengths"], in["sources"])
	}
	k := newRig(t, tensor.Float64, r, declare)
	k.run()
	far := func(x float64) float64 { return 1 - math.Exp(-x*x/0.08) }
	near(t, []float64{0, 0.5*far(1.0/3-0.5) + 0.5*far(2.0/3-0.5), 0.75 * far(0.5), 0}, numbers(k.out), 1e-12, "costs")
	differences(t, r, declare)
	_, err := OffDiagonal(Place{NewTape(), "x"}, 0, nil, nil, nil, nil)
	assert.EqualError(t, err, "the width of the diagonal is 0, want more than 0")
}

func TestPointerErrors(t *testing.T) {
	in := inputs(map[string][]int{"logits": {4, 7}, "gate": {4, 1}, "weights": {4, 3}, "tokens": {6, 1}, "few": {5, 1}}, map[string][]int{"ids": {1, 2, 3}})
	p := Place{NewTape(), "copy"}
	_, err := Pointer(p, 2, in["logits"], in["gate"], in["weights"], in["few"])
	assert.EqualError(t, err, "the logits are (4, 7), the weights (4, 3) and the tokens (5, 1), want (N, V), (N, C) and (2·C, 1), with N a multiple of 2")
	_, err = Pointer(p, 2, in["logits"], in["tokens"], in["weights"], in["tokens"])
	assert.EqualError(t, err, "the gate is (6, 1), want (4, 1)")
	_, err = Numbers(p, in["gate"], in["gate"])
	assert.EqualError(t, err, "the ids are (4, 1) of float32, want (N) of int")
	r := referencesIn(t, "pointer")["pointer"]
	r.Ints["tokens"].Data[0] = 7
	k := newRig(t, tensor.Float64, r, pointers("pointer"))
	k.tape.Begin()
	require.Error(t, k.vm.RunAll())
	assert.ErrorContains(t, k.tape.Err(), "row 0 can copy the id 7 of a vocabulary of 7")
}
