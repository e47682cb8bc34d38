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

// alignments says how each case of additive.json is declared.
func alignments(name string) build {
	sequences := map[string]int{"ragged": 3, "step": 2, "causal": 1}[name[strings.Index(name, " ")+1:]]
	return func(p Place, in map[string]*G.Node) (*G.Node, error) {
		if strings.HasPrefix(name, "dot") {
			return Attention(p, AttentionConfig{Sequences: sequences, Heads: 1, KVHeads: 1, Raw: true}, in["q"], in["k"], in["k"], in["sees"])
		}
		return AdditiveAttention(p, sequences, in["q"], in["k"], in["u"], in["values"], in["sees"])
	}
}

func TestAdditiveAgreesWithPyTorch(t *testing.T) {
	for name, r := range referencesIn(t, "additive") {
		t.Run(name, func(t *testing.T) { agrees(t, r, alignments(name)) })
	}
}

func TestAdditiveGradientsByDifferences(t *testing.T) {
	for name, r := range referencesIn(t, "additive") {
		t.Run(name, func(t *testing.T) { differences(t, r, alignments(name)) })
	}
}

// One query's scores, made of Gorgonia's own ops: u·tanh(q+k), a softmax of exponentials,
// and the mix.
func TestAdditiveAgreesWithPlainOps(t *testing.T) {
	r := referencesIn(t, "additive")["additive causal"]
	only := func(a array, rows int) array {
		return array{[]int{rows, a.Shape[1]}, a.Data[:rows*a.Shape[1]]}
	}
	r.Floats["q"], r.Ints["sees"], r.Gout = only(r.Floats["q"], 1), array{[]int{1}, []float64{3}}, only(r.Gout, 1)
	plain := newRig(t, tensor.Float64, r, func(_ Place, in map[string]*G.Node) (*G.Node, error) {
		m := G.Must(G.Tanh(G.Must(G.BroadcastAdd(in["k"], in["q"], nil, []byte{0}))))
		e := G.Must(G.Exp(G.Must(G.Mul(in["u"], G.Must(G.Transpose(m)))))) // (1, 3)
		return G.Mul(G.Must(G.BroadcastHadamardDiv(e, G.Must(G.Sum(e, 1)), nil, []byte{1})), in["values"])
	})
	fused := newRig(t, tensor.Float64, r, alignments("additive causal"))
	plain.run()
	fused.run()
	near(t, numbers(plain.out), numbers(fused.out), 1e-12, "output")
	for i, name := range fused.names {
		near(t, numbers(plain.grads[i].Value()), numbers(fused.grads[i].Value()), 1e-12, "gradient of "+name)
	}
}

// The weights that follow from the scores are those that values are mixed with, and huge scores leave
// them finite.
func TestAdditiveScoresMix(t *testing.T) {
	r := referencesIn(t, "additive")["additive ragged"]
	for i := range r.Floats["u"].Data {
		r.Floats["u"].Data[i] *= 1e6
	}
	k := newRig(t, tensor.Float64, r, alignments("additive ragged"))
	k.run()
	g := G.NewGraph()
	in := map[string]*G.Node{}
	for _, name := range []string{"q", "k", "u"} {
		a := r.Floats[name]
		in[name] = G.NewMatrix(g, tensor.Float64, G.WithShape(a.Shape...), G.WithName(name), G.WithValue(dense(tensor.Float64, a)))
	}
	lengths := G.NewVector(g, tensor.Int, G.WithShape(6), G.WithName("sees"), G.WithValue(dense(tensor.Int, r.Ints["sees"])))
	at := Place{NewTape(), "w"}
	scores, err := AdditiveScores(at, 3, in["q"], in["k"], in["u"], lengths, nil, nil)
	require.NoError(t, err)
	w := G.Must(Softmax(at, 1, G.Must(Mask(at, 1, scores, lengths))))
	var v G.Value
	G.Read(w, &v)
	require.NoError(t, G.NewTapeMachine(g).RunAll())
	p, out := numbers(v), numbers(k.out)
	for row := range 6 {
		sum := 0.0
		for col := range 11 {
			mixed := 0.0
			for c := range 5 {
				mixed += p[row*5+c] * r.Floats["values"].Data[(row/2*5+c)*11+col]
			}
			assert.InDelta(t, out[row*11+col], mixed, 1e-12)
		}
		for c := range 5 {
			sum += p[row*5+c]
		}
		assert.InDelta(t, math.Min(1, r.Ints["sees"].Data[row]), sum, 1e-12)
	}
}

func TestAdditiveErrors(t *testing.T) {
	g := G.NewGraph()
	m := func(name string, rows, cols int) *G.Node {
		return G.NewMatrix(g, tensor.Float32, G.WithShape(rows, cols), G.WithName(name))
	}
	lengths := G.NewVector(g, tensor.Int, G.WithShape(6), G.WithName("sees"))
	p, q, k, u := Place{NewTape(), "x"}, m("q", 6, 7), m("k", 15, 7), m("u", 1, 7)
	_, err := AdditiveAttention(p, 3, q, k, u, m("few", 14, 2), lengths)
	assert.EqualError(t, err, "values are (14, 2), and keys (15, 7): want a value for each key")
	_, err = AdditiveAttention(p, 4, q, k, u, m("v", 15, 2), lengths)
	assert.EqualError(t, err, "q is (6, 7), k (15, 7), u (1, 7) and lengths (6) of int, want (4·T, A), (4·C, A), (A) and (4·T) of int")
	_, err = AdditiveScores(p, 3, q, k, m("u8", 1, 8), lengths, nil, nil)
	assert.ErrorContains(t, err, "want (3·T, A)")
	_, err = AdditiveScores(p, 3, q, k, u, lengths, m("c", 6, 4), m("w", 1, 7))
	assert.EqualError(t, err, "the coverage is (6, 4), want (6, 5), and w (7)")
}
