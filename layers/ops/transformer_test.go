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

// transformerBuild says how each case of transformer.json is declared.
func transformerBuild(name string) build {
	c := AttentionConfig{Sequences: 2, Heads: 3, KVHeads: 3}
	kind, rest, _ := strings.Cut(name, " ")
	if rest == "grouped" {
		c.Heads, c.KVHeads = 4, 2
	}
	return func(p Place, in map[string]*G.Node) (*G.Node, error) {
		switch name {
		case "rotary":
			return Rotary(p, 10000, 3, 4, in["x"], in["at"])
		case "rotary beside values":
			return Rotary(p, 100, 2, 6, in["x"], in["at"])
		case "alibi":
			return ALiBi(p, 2, in["s"], in["sees"])
		case "softmax masked":
			s, err := Mask(p, 2, in["s"], in["sees"])
			if err != nil {
				return nil, err
			}
			return Softmax(p, 2, s)
		}
		switch kind {
		case "swiglu":
			return SwiGLU(p, in["a"], in["b"])
		case "scale":
			return Scale(p, in["x"], 1.7)
		case "scores":
			return Scores(p, c, in["q"], in["k"])
		case "softmax":
			return Softmax(p, 2, in["s"])
		}
		return Mix(p, c, in["w"], in["v"])
	}
}

func TestTransformerOpsAgreeWithPyTorch(t *testing.T) {
	for name, r := range referencesIn(t, "transformer") {
		t.Run(name, func(t *testing.T) { agrees(t, r, transformerBuild(name)) })
	}
}

func TestTransformerGradientsByDifferences(t *testing.T) {
	for name, r := range referencesIn(t, "transformer") {
		t.Run(name, func(t *testing.T) { differences(t, r, transformerBuild(name)) })
	}
}

// SwiGLU, Scale and rotary positions are compositions of Gorgonia's own ops.
func TestTransformerOpsAgreeWithPlainOps(t *testing.T) {
	refs := referencesIn(t, "transformer")
	for name, f := range map[string]build{
		"swiglu": func(_ Place, in map[string]*G.Node) (*G.Node, error) {
			return G.HadamardProd(G.Must(G.HadamardProd(in["a"], G.Must(G.Sigmoid(in["a"])))), in["b"])
		},
		"scale":                func(_ Place, in map[string]*G.Node) (*G.Node, error) { return G.Mul(in["x"], constant(in["x"], 1.7)) },
		"rotary":               plainRotary(10000, 3, 4),
		"rotary beside values": plainRotary(100, 2, 6),
	} {
		t.Run(name, func(t *testing.T) { agrees(t, refs[name], f) })
	}
}

// plainRotary is x⊙cos + (x·J)⊙sin, where J turns each pair of columns (a, b) into (−b, a).
func plainRotary(base float64, heads, d int) build {
	return func(_ Place, in map[string]*G.Node) (*G.Node, error) {
		x, at := in["x"], in["at"].Value().Data().([]int)
		n, w := x.Shape()[0], x.Shape()[1]
		angle := func(i, j int) float64 {
			if at[i] < 0 || j >= heads*d {
				return 0
			}
			return float64(at[i]) * math.Pow(base, -2*float64(j%d/2)/float64(d))
		}
		turn := table(x, "J", w, w, func(i, j int) float64 {
			switch {
			case i == j+1 && j%2 == 0:
				return -1
			case j == i+1 && i%2 == 0:
				return 1
			}
			return 0
		})
		cos := table(x, "cos", n, w, func(i, j int) float64 { return math.Cos(angle(i, j)) })
		sin := table(x, "sin", n, w, func(i, j int) float64 { return math.Sin(angle(i, j)) })
		return G.Add(G.Must(G.HadamardProd(x, cos)), G.Must(G.HadamardProd(G.Must(G.Mul(x, turn)), sin)))
	}
}

// The steps one after another are the fused op, gradients and all, on PyTorch's cases
// of it.
func TestComposedAttentionEqualsFused(t *testing.T) {
	for name, c := range map[string]AttentionConfig{
		"causal":  {Sequences: 2, Heads: 3, KVHeads: 3},
		"padded":  {Sequences: 3, Heads: 2, KVHeads: 2},
		"grouped": {Sequences: 2, Heads: 4, KVHeads: 2},
		"alibi":   {Sequences: 2, Heads: 3, KVHeads: 3},
		"long":    {Sequences: 1, Heads: 1, KVHeads: 1},
	} {
		t.Run(name, func(t *testing.T) {
			agrees(t, references(t)["attention "+name], func(p Place, in map[string]*G.Node) (*G.Node, error) {
				s := G.Must(Scores(p, c, in["q"], in["k"]))
				if name == "alibi" {
					s = G.Must(ALiBi(p, c.Heads, s, in["sees"]))
				}
				w := G.Must(Softmax(p, c.Heads, G.Must(Mask(p, c.Heads, s, in["sees"]))))
				return Mix(p, c, w, in["v"])
			})
		})
	}
}

func TestTransformerOpsRefuse(t *testing.T) {
	g := G.NewGraph()
	node := func(shape ...int) *G.Node { return G.NewTensor(g, tensor.Float32, len(shape), G.WithShape(shape...)) }
	ints := func(n int) *G.Node { return G.NewVector(g, tensor.Int, G.WithShape(n)) }
	p := Place{NewTape(), "x"}
	for want, f := range map[string]func() (*G.Node, error){
		"a head has 5 columns: rotary positions rotate them in pairs": func() (*G.Node, error) { return Rotary(p, 10, 2, 5, node(3, 10), ints(3)) },
		"the base of rotary positions is 1, want more than 1":         func() (*G.Node, error) { return Rotary(p, 1, 2, 4, node(3, 10), ints(3)) },
		"x is (3, 7), want (N, 8) or wider for 2 heads of 4 columns":  func() (*G.Node, error) { return Rotary(p, 10, 2, 4, node(3, 7), ints(3)) },
		"the positions are (2) of int, want (3) of int":               func() (*G.Node, error) { return Rotary(p, 10, 2, 4, node(3, 8), ints(2)) },
		"the terms are (2, 3) and (3, 2), want one shape":             func() (*G.Node, error) { return SwiGLU(p, node(2, 3), node(3, 2)) },
		"q is (4, 6), k (4, 4), v (4, 4), want (2·T, H·d) and twice (2·C, K·d)": func() (*G.Node, error) {
			return Scores(p, AttentionConfig{Sequences: 2, Heads: 2, KVHeads: 2}, node(4, 6), node(4, 4))
		},
		"the scores are (4, 7), want (B·T, H·C) with H=2 heads": func() (*G.Node, error) { return Softmax(p, 2, node(4, 7)) },
		"lengths are (3) of int, want (4) of int":               func() (*G.Node, error) { return Mask(p, 2, node(4, 6), ints(3)) },
		"lengths are (5) of int, want (4) of int":               func() (*G.Node, error) { return ALiBi(p, 2, node(4, 6), ints(5)) },
		"the weights are (4, 5) and v (4, 6), want (2·T, H·C) and (2·C, K·d) with H=2 heads and K=2 key": func() (*G.Node, error) {
			return Mix(p, AttentionConfig{Sequences: 2, Heads: 2, KVHeads: 2}, node(4, 5), node(4, 6))
		},
	} {
		_, err := f()
		assert.ErrorContains(t, err, want)
	}
}

// A mask that shows more keys than there are is an error of the run that names the layer.
func TestMaskOutOfRange(t *testing.T) {
	g := G.NewGraph()
	s := G.NewMatrix(g, tensor.Float32, G.WithShape(1, 4), G.WithName("s"), G.WithValue(dense(tensor.Float32, array{[]int{1, 4}, make([]float64, 4)})))
	lengths := G.NewVector(g, tensor.Int, G.WithShape(1), G.WithName("sees"), G.WithValue(dense(tensor.Int, array{[]int{1}, []float64{3}})))
	tape := NewTape()
	_, err := Mask(Place{tape, "h0/att/mask"}, 2, s, lengths)
	require.NoError(t, err)
	require.Error(t, G.NewTapeMachine(g).RunAll())
	assert.EqualError(t, tape.Err(), "h0/att/mask: row 0 attends to 3 keys of 2")
}

// A block of queries may see more keys than the one after it, whose gradients are summed first.
func TestAttentionOfBlocksThatSeeLess(t *testing.T) {
	const rows, keys, d = blockRows + 8, 5, 2
	fill := func(n, seed int) array {
		a := array{Shape: []int{n, d}}
		for i := range n * d {
			a.Data = append(a.Data, math.Sin(float64(seed+3*i)))
		}
		return a
	}
	lengths := array{Shape: []int{rows}}
	for i := range rows {
		lengths.Data = append(lengths.Data, map[bool]float64{true: keys, false: 2}[i < blockRows])
	}
	r := reference{Floats: map[string]array{"q": fill(rows, 1), "k": fill(keys, 2), "v": fill(keys, 3)},
		Ints: map[string]array{"sees": lengths}, Gout: fill(rows, 4), Grads: map[string]array{}}
	c := AttentionConfig{Sequences: 1, Heads: 1, KVHeads: 1}
	parts := newRig(t, tensor.Float64, r, func(p Place, in map[string]*G.Node) (*G.Node, error) {
		return Mix(p, c, G.Must(Softmax(p, 1, G.Must(Mask(p, 1, G.Must(Scores(p, c, in["q"], in["k"])), in["sees"])))), in["v"])
	})
	parts.run()
	r.Out.Data = numbers(parts.out)
	for i, name := range parts.names {
		r.Grads[name] = array{Data: numbers(parts.grads[i].Value())}
	}
	agrees(t, r, func(p Place, in map[string]*G.Node) (*G.Node, error) {
		return Attention(p, c, in["q"], in["k"], in["v"], in["sees"])
	})
}
