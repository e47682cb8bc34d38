package ops

import (
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
		"causal":  {Lanes: 2, Heads: 3, KVHeads: 3},
		"padded":  {Lanes: 3, Heads: 2, KVHeads: 2},
		"grouped": {Lanes: 2, Heads: 4, KVHeads: 2},
		"alibi":   {Lanes: 2, Heads: 3, KVHeads: 3, ALiBi: true},
		"long":    {Lanes: 1, Heads: 1, KVHeads: 1},
		"packed":  {Lanes: 2, Heads: 3, KVHeads: 3},
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

func TestGradientsByDifferences(t *testing.T) {
	for name, r := range references(t) {
		if strings.Contains(name, "relu") {
			continue // its kink; PyTorch's values check it
		}
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
		"activate gelu_tanh": plainGELU,
		"add":                func(_ Place, in map[string]*G.Node) (*G.Node, error) { return G.Add(in["a"], in["b"]) },
		"mul":                func(_ Place, in map[string]*G.Node) (*G.Node, error) { return G.HadamardProd(in["a"], in["b"]) },
		"columns":            func(_ Place, in map[string]*G.Node) (*G.Node, error) { return G.Slice(in["x"], nil, G.S(2, 5)) },
		"layernorm":          plainLayerNorm,
		"rmsnorm":            plainRMSNorm,
		"attention long":     plainAttention,
	} {
		t.Run(name, func(t *testing.T) { agrees(t, refs[name], f) })
	}
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

// plainAttention is one causal head: softmax(q·kᵀ/√d + mask)·v, the softmax made of
// exponentials because Gorgonia's own is not safe.
func plainAttention(_ Place, in map[string]*G.Node) (*G.Node, error) {
	q := in["q"]
	n := q.Shape()[0]
	mask := array{Shape: []int{n, n}, Data: make([]float64, n*n)}
	for i := range mask.Data {
		if i%n <= i/n {
			mask.Data[i] = 1
		}
	}
	m := G.NewMatrix(q.Graph(), q.Dtype(), G.WithShape(n, n), G.WithName("mask"), G.WithValue(dense(q.Dtype(), mask)))
	s := G.Must(G.Mul(G.Must(G.Mul(q, G.Must(G.Transpose(in["k"])))), constant(q, 0.5773502691896258))) // 1/√3
	e := G.Must(G.HadamardProd(G.Must(G.Exp(s)), m))
	p := G.Must(G.BroadcastHadamardDiv(e, G.Must(G.Sum(e, 1)), nil, []byte{1}))
	return G.Mul(p, in["v"])
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
	w, err := AttentionWeights(Place{NewTape(), "w"}, AttentionConfig{Lanes: 2, Heads: 3, KVHeads: 3}, in["q"], in["k"], in["sees"])
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
