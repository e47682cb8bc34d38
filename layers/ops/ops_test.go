package ops

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// builds says how each case of reference.json is declared with the ops of this package.
func builds(name string) build {
	kind, rest, _ := strings.Cut(name, " ")
	switch kind {
	case "linear", "linearT":
		return func(p Place, in map[string]*G.Node) (*G.Node, error) {
			act := Activation(rest)
			if in["b"] == nil || rest == "of one row" {
				act = Identity
			}
			if kind == "linearT" {
				return LinearT(p, act, in["x"], in["w"], in["b"])
			}
			return Linear(p, act, in["x"], in["w"], in["b"])
		}
	case "activate":
		return func(p Place, in map[string]*G.Node) (*G.Node, error) { return Activate(p, Activation(rest), in["x"]) }
	case "gather":
		return func(p Place, in map[string]*G.Node) (*G.Node, error) { return Gather(p, in["table"], in["ids"]) }
	case "columns":
		return func(p Place, in map[string]*G.Node) (*G.Node, error) { return Columns(p, in["x"], 2, 5) }
	case "add":
		return func(p Place, in map[string]*G.Node) (*G.Node, error) { return Add(p, in["a"], in["b"]) }
	case "mul":
		return func(p Place, in map[string]*G.Node) (*G.Node, error) { return Mul(p, in["a"], in["b"]) }
	case "layernorm":
		return func(p Place, in map[string]*G.Node) (*G.Node, error) {
			return LayerNorm(p, 1e-5, in["x"], in["gain"], in["bias"])
		}
	case "rmsnorm":
		return func(p Place, in map[string]*G.Node) (*G.Node, error) { return RMSNorm(p, 1e-5, in["x"], in["gain"]) }
	case "headnorm":
		return func(p Place, in map[string]*G.Node) (*G.Node, error) {
			return HeadRMSNorm(p, 1e-5, in["x"], in["gain"])
		}
	case "attention":
		return attentionBuild(rest)
	case "cross":
		return func(p Place, in map[string]*G.Node) (*G.Node, error) {
			smoothing := 0.0
			if strings.HasSuffix(rest, "smoothed") {
				smoothing = 0.1
			}
			return CrossEntropy(p, smoothing, in["logits"], in["targets"])
		}
	}
	return nil
}

func attentionBuild(name string) build {
	c := map[string]AttentionConfig{
		"causal":  {Sequences: 2, Heads: 3, KVHeads: 3},
		"padded":  {Sequences: 3, Heads: 2, KVHeads: 2},
		"grouped": {Sequences: 2, Heads: 4, KVHeads: 2},
		"alibi":   {Sequences: 2, Heads: 3, KVHeads: 3, ALiBi: true},
		"long":    {Sequences: 1, Heads: 1, KVHeads: 1},
		"packed":  {Sequences: 2, Heads: 3, KVHeads: 3},

		"window":        {Sequences: 2, Heads: 4, KVHeads: 2, Window: 3},
		"window long":   {Sequences: 1, Heads: 1, KVHeads: 1, Window: 9},
		"window padded": {Sequences: 3, Heads: 2, KVHeads: 2, Window: 2},
	}[name]
	return func(p Place, in map[string]*G.Node) (*G.Node, error) {
		if name == "packed" {
			return AttentionOf(p, c, in["qkv"], in["sees"])
		}
		return Attention(p, c, in["q"], in["k"], in["v"], in["sees"])
	}
}

func TestAgreesWithPyTorch(t *testing.T) {
	for name, r := range references(t) {
		t.Run(name, func(t *testing.T) { agrees(t, r, builds(name)) })
	}
}

// No value of these cases is near the kink of ReLU, where there is no derivative: the
// smallest before one is 0.02, and a step is 10⁻⁵.
func TestGradientsByDifferences(t *testing.T) {
	for name, r := range references(t) {
		t.Run(name, func(t *testing.T) { differences(t, r, builds(name)) })
	}
}

// The ops agree with compositions of Gorgonia's own ops, where those are right.
func TestAgreesWithPlainOps(t *testing.T) {
	refs := references(t)
	for name, f := range map[string]build{
		"linear tanh": func(_ Place, in map[string]*G.Node) (*G.Node, error) {
			return G.Tanh(G.Must(G.BroadcastAdd(G.Must(G.Mul(in["x"], in["w"])), in["b"], nil, []byte{0})))
		},
		"linearT": func(_ Place, in map[string]*G.Node) (*G.Node, error) {
			return G.Mul(in["x"], G.Must(G.Transpose(in["w"])))
		},
		"activate relu":    func(_ Place, in map[string]*G.Node) (*G.Node, error) { return G.Rectify(in["x"]) },
		"activate sigmoid": func(_ Place, in map[string]*G.Node) (*G.Node, error) { return G.Sigmoid(in["x"]) },
		"activate silu": func(_ Place, in map[string]*G.Node) (*G.Node, error) {
			return G.HadamardProd(in["x"], G.Must(G.Sigmoid(in["x"])))
		},
		"activate gelu_tanh":     plainGELU,
		"add":                    func(_ Place, in map[string]*G.Node) (*G.Node, error) { return G.Add(in["a"], in["b"]) },
		"mul":                    func(_ Place, in map[string]*G.Node) (*G.Node, error) { return G.HadamardProd(in["a"], in["b"]) },
		"columns":                func(_ Place, in map[string]*G.Node) (*G.Node, error) { return G.Slice(in["x"], nil, G.S(2, 5)) },
		"layernorm":              plainLayerNorm,
		"rmsnorm":                plainRMSNorm,
		"activate gelu":          plainExactGELU,
		"gather":                 plainGather,
		"cross entropy":          plainCrossEntropy(0),
		"cross entropy smoothed": plainCrossEntropy(0.1),
		"attention causal":       plainAttention(AttentionConfig{Sequences: 2, Heads: 3, KVHeads: 3}),
		"attention grouped":      plainAttention(AttentionConfig{Sequences: 2, Heads: 4, KVHeads: 2}),
		"attention alibi":        plainAttention(AttentionConfig{Sequences: 2, Heads: 3, KVHeads: 3, ALiBi: true}),
		"attention long":         plainAttention(AttentionConfig{Sequences: 1, Heads: 1, KVHeads: 1}),
	} {
		t.Run(name, func(t *testing.T) { agrees(t, refs[name], f) })
	}
}

// table declares numbers of like's type.
func table(like *G.Node, name string, rows, cols int, f func(i, j int) float64) *G.Node {
	a := array{Shape: []int{rows, cols}}
	for i := range rows * cols {
		a.Data = append(a.Data, f(i/cols, i%cols))
	}
	return G.NewMatrix(like.Graph(), like.Dtype(), G.WithShape(rows, cols), G.WithName(name), G.WithValue(dense(like.Dtype(), a)))
}

func constant(like *G.Node, v float64) *G.Node {
	if like.Dtype() == tensor.Float32 {
		return G.NewConstant(float32(v))
	}
	return G.NewConstant(v)
}

// plainGELU is x/2·(1+tanh(√(2/π)·(x+0.044715·x³))).
func plainGELU(_ Place, in map[string]*G.Node) (*G.Node, error) {
	x := in["x"]
	inner := G.Must(G.Add(x, G.Must(G.Mul(G.Must(G.Cube(x)), constant(x, 0.044715)))))
	tanh := G.Must(G.Tanh(G.Must(G.Mul(inner, constant(x, 0.7978845608028654)))))
	return G.HadamardProd(G.Must(G.Mul(x, constant(x, 0.5))), G.Must(G.Add(tanh, constant(x, 1))))
}

func plainLayerNorm(_ Place, in map[string]*G.Node) (*G.Node, error) {
	x := in["x"]
	over := []byte{1}
	centred := G.Must(G.BroadcastSub(x, G.Must(G.Mean(x, 1)), nil, over))
	variance := G.Must(G.Add(G.Must(G.Mean(G.Must(G.Square(centred)), 1)), constant(x, 1e-5)))
	unit := G.Must(G.BroadcastHadamardDiv(centred, G.Must(G.Sqrt(variance)), nil, over))
	return G.BroadcastAdd(G.Must(G.BroadcastHadamardProd(unit, in["gain"], nil, []byte{0})), in["bias"], nil, []byte{0})
}

func plainRMSNorm(_ Place, in map[string]*G.Node) (*G.Node, error) {
	x := in["x"]
	mean := G.Must(G.Add(G.Must(G.Mean(G.Must(G.Square(x)), 1)), constant(x, 1e-5)))
	unit := G.Must(G.BroadcastHadamardDiv(x, G.Must(G.Sqrt(mean)), nil, []byte{1}))
	return G.BroadcastHadamardProd(unit, in["gain"], nil, []byte{0})
}

// plainExactGELU is x/2·(1+erf(x/√2)), with erf z = 2/√π·e^(−z²)·Σ z·(2z²)ⁿ/(1·3·…·(2n+1)):
// 80 terms, all of one sign, are enough for |z| ≤ 4.
func plainExactGELU(_ Place, in map[string]*G.Node) (*G.Node, error) {
	x := in["x"]
	z := G.Must(G.Mul(x, constant(x, math.Sqrt2/2)))
	square := G.Must(G.Square(z))
	term, sum := z, z
	for n := 1.0; n < 80; n++ {
		term = G.Must(G.HadamardProd(term, G.Must(G.Mul(square, constant(x, 2/(2*n+1))))))
		sum = G.Must(G.Add(sum, term))
	}
	erf := G.Must(G.HadamardProd(sum, G.Must(G.Mul(G.Must(G.Exp(G.Must(G.Neg(square)))), constant(x, 2/math.Sqrt(math.Pi))))))
	return G.HadamardProd(G.Must(G.Mul(x, constant(x, 0.5))), G.Must(G.Add(erf, constant(x, 1))))
}

// plainGather is ByIndices, which knows no padding, and a mask.
func plainGather(_ Place, in map[string]*G.Node) (*G.Node, error) {
	e, ids := in["table"], in["ids"].Value().Data().([]int)
	known := array{Shape: []int{len(ids)}}
	for _, id := range ids {
		known.Data = append(known.Data, float64(max(id, 0)))
	}
	rows := G.Must(G.ByIndices(e, G.NewVector(e.Graph(), tensor.Int, G.WithShape(len(ids)), G.WithName("known"), G.WithValue(dense(tensor.Int, known))), 0))
	return G.HadamardProd(rows, table(e, "mask", len(ids), e.Shape()[1], func(i, _ int) float64 {
		if ids[i] < 0 {
			return 0
		}
		return 1
	}))
}

// plainCrossEntropy is m·log Σ eˣ − Σ p·x, with p the wanted shares, m their sum: 1 or, of
// a row without a target, 0.
func plainCrossEntropy(smoothing float64) build {
	return func(_ Place, in map[string]*G.Node) (*G.Node, error) {
		x, ids := in["logits"], in["targets"].Value().Data().([]int)
		n, v := x.Shape()[0], x.Shape()[1]
		share := func(i, j int) float64 {
			switch ids[i] {
			case -1:
				return 0
			case j:
				return 1 - smoothing + smoothing/float64(v)
			}
			return smoothing / float64(v)
		}
		p := table(x, "shares", n, v, share)
		lse := G.Must(G.Log(G.Must(G.Sum(G.Must(G.Exp(x)), 1))))
		return G.Sub(G.Must(G.HadamardProd(G.Must(G.Sum(p, 1)), lse)), G.Must(G.Sum(G.Must(G.HadamardProd(p, x)), 1)))
	}
}

// plainAttention is head by head softmax(q·kᵀ/√d + bias)·v, the softmax made of
// exponentials because Gorgonia's own is not safe, and a mask of zeros and ones. A row must
// see something.
func plainAttention(c AttentionConfig) build {
	return func(_ Place, in map[string]*G.Node) (*G.Node, error) {
		lengths := in["sees"].Value().Data().([]int)
		var sequences G.Nodes
		for seq := range c.Sequences {
			var heads G.Nodes
			for head := range c.Heads {
				heads = append(heads, plainHead(c, in, lengths, seq, head))
			}
			sequences = append(sequences, beside(1, heads))
		}
		return beside(0, sequences), nil
	}
}

// beside is a concatenation, if there is more than one.
func beside(axis int, parts G.Nodes) *G.Node {
	if len(parts) == 1 {
		return parts[0]
	}
	return G.Must(G.Concat(axis, parts...))
}

func plainHead(c AttentionConfig, in map[string]*G.Node, lengths []int, seq, head int) *G.Node {
	t, keys, d := in["q"].Shape()[0]/c.Sequences, in["k"].Shape()[0]/c.Sequences, in["q"].Shape()[1]/c.Heads
	part := func(name string, rows, head int) *G.Node {
		return G.Must(G.Slice(in[name], G.S(seq*rows, (seq+1)*rows), G.S(head*d, (head+1)*d)))
	}
	kv := head / (c.Heads / c.KVHeads)
	q, k, v := part("q", t, head), part("k", keys, kv), part("v", keys, kv)
	s := G.Must(G.Mul(G.Must(G.Mul(q, G.Must(G.Transpose(k)))), constant(q, 1/math.Sqrt(float64(d)))))
	if c.ALiBi { // Press et al. 2022: of 8 heads the slopes are 1/2, 1/4, …
		slope := math.Pow(2, -8/float64(c.Heads)*float64(head+1))
		s = G.Must(G.Add(s, table(q, fmt.Sprint("bias", seq, head), t, keys, func(i, j int) float64 { return -slope * float64(i-j) })))
	}
	seen := table(q, fmt.Sprint("seen", seq, head), t, keys, func(i, j int) float64 {
		if j < lengths[seq*t+i] {
			return 1
		}
		return 0
	})
	e := G.Must(G.HadamardProd(G.Must(G.Exp(s)), seen))
	return G.Must(G.Mul(G.Must(G.BroadcastHadamardDiv(e, G.Must(G.Sum(e, 1)), nil, []byte{1})), v))
}

// Weights of attention are what attention mixes with.
func TestAttentionWeightsMix(t *testing.T) {
	r := references(t)["attention causal"]
	k := newRig(t, tensor.Float64, r, attentionBuild("causal"))
	k.run()
	g := G.NewGraph()
	in := map[string]*G.Node{}
	for _, name := range []string{"q", "k"} {
		in[name] = G.NewMatrix(g, tensor.Float64, G.WithShape(r.Floats[name].Shape...), G.WithName(name), G.WithValue(dense(tensor.Float64, r.Floats[name])))
	}
	in["sees"] = G.NewVector(g, tensor.Int, G.WithShape(14), G.WithName("sees"), G.WithValue(dense(tensor.Int, r.Ints["sees"])))
	w, err := AttentionWeights(Place{NewTape(), "w"}, AttentionConfig{Sequences: 2, Heads: 3, KVHeads: 3}, in["q"], in["k"], in["sees"])
	require.NoError(t, err)
	var v G.Value
	G.Read(w, &v)
	require.NoError(t, G.NewTapeMachine(g).RunAll())
	p, values, out := numbers(v), r.Floats["v"].Data, numbers(k.out)
	for row := range 14 {
		for col := range 15 {
			head, mixed, sum := col/5, 0.0, 0.0
			for c := range 7 {
				weight := p[(row*3+head)*7+c]
				sum += weight
				mixed += weight * values[(row/7*7+c)*15+col]
			}
			assert.InDelta(t, 1, sum, 1e-12)
			assert.InDelta(t, out[row*15+col], mixed, 1e-12)
		}
	}
}
