package layers

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"euryale/layers/graph"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
)

// build declares a graph of 2 sequences of 3 tokens, with an activation x of (6, 8).
func build(t *testing.T, f graph.Frame, declare func(s *Scope, x *G.Node)) (*graph.Graph, *graph.Weights, error) {
	t.Helper()
	if f.B == 0 {
		f.B, f.T = 2, 3
	}
	w := graph.NewWeights(1)
	g, err := graph.Build(w, f, func(s *Scope) { declare(s, Embedding(s.Sub("tok"), s.Tokens(), 7, 8)) })
	return g, w, err
}

// A layer that cannot be built says which it is, and what it was given.
func TestBuildErrors(t *testing.T) {
	for name, c := range map[string]struct {
		frame   graph.Frame
		declare func(s *Scope, x *G.Node)
		want    string
	}{
		"heads":        {declare: func(s *Scope, x *G.Node) { CausalSelfAttention(s.Sub("h0/att"), x, 3, 0) }, want: "h0/att: x is (6, 8), and D=8 is not a multiple of heads=3"},
		"twice":        {declare: func(s *Scope, x *G.Node) { Linear(s.Sub("a"), x, 3); Linear(s.Sub("a"), x, 3) }, want: `a: "a/W" is declared twice, first at build_test.go:`},
		"shared":       {declare: func(s *Scope, x *G.Node) { TiedHead(s.Sub("head"), x, "tok/V") }, want: `head: no layer has declared the parameter "tok/V" yet`},
		"sum":          {declare: func(s *Scope, x *G.Node) { Add(s.Sub("r"), x, Linear(s.Sub("a"), x, 3)) }, want: "r: the terms are (6, 8) and (6, 3), want equal shapes"},
		"rows":         {declare: func(s *Scope, x *G.Node) { Head(s.Sub("head"), Linear(s.Sub("a"), s.Param("p", Fill(0), 5, 8), 3), 7) }, want: "head: x is (5, 3), want (B·T, D) with B=2 and T=3"},
		"dropout":      {declare: func(s *Scope, x *G.Node) { Dropout(s.Sub("d"), x, 1.5) }, want: "d: dropout is 1.5"},
		"activation":   {declare: func(s *Scope, x *G.Node) { MLP(s.Sub("mlp"), x, 9, "squiggle") }, want: `mlp: no activation is called "squiggle"`},
		"source":       {declare: func(s *Scope, x *G.Node) { s.Sub("enc").Source() }, want: "enc: the graph was built without a source"},
		"context":      {declare: func(s *Scope, x *G.Node) { Positions(s.Sub("pos"), 2, 8) }, want: "pos: T=3 tokens exceed the context length of 2"},
		"stock":        {declare: func(s *Scope, x *G.Node) { o := s.Sub("odd"); o.Must(G.Mul(x, o.Param("W", Fill(0), 5, 5))) }, want: "odd: "},
		"tied shape":   {declare: func(s *Scope, x *G.Node) { TiedHead(s.Sub("head"), Linear(s.Sub("a"), x, 5), "tok/W") }, want: "head: x is (6, 5), and W takes 8 columns"},
		"no sequences": {frame: graph.Frame{B: -1, T: 3}, declare: func(*Scope, *G.Node) {}, want: "model: the frame has B=-1 sequences"},
		"empty shape":  {declare: func(s *Scope, x *G.Node) { Linear(s.Sub("a"), x, 0) }, want: "a: W: the shape is [8 0]"},
		"history": {frame: graph.Frame{B: 2, T: 3, Memory: graph.NewMemory(2, 9), Gradient: true}, declare: func(s *Scope, x *G.Node) { CausalSelfAttention(s.Sub("att"), x, 2, 0) },
			want: "att: keys is a history, which has no gradient"},
		"memory of another size": {frame: graph.Frame{B: 2, T: 3, Memory: graph.NewMemory(3, 9)}, declare: func(s *Scope, x *G.Node) { CausalSelfAttention(s.Sub("att"), x, 2, 0) },
			want: "att: keys is a history of (3·9, 8) in memory, want a history of (2·9, 8)"},
	} {
		t.Run(name, func(t *testing.T) {
			_, w, err := build(t, c.frame, c.declare)
			var e *graph.Error
			require.ErrorAs(t, err, &e)
			assert.ErrorContains(t, err, c.want)
			assert.Empty(t, w.All(), "a failed build left parameters")
		})
	}
}

// Any panic of a definition is an error that names the last layer and the line; its cause is kept.
func TestPanicsAreErrors(t *testing.T) {
	mine := errors.New("mine")
	_, w, err := build(t, graph.Frame{}, func(*Scope, *G.Node) { panic(mine) })
	require.ErrorIs(t, err, mine)
	assert.Regexp(t, `^tok: the definition panicked at build_test\.go:\d+, after this layer: mine$`, err.Error())
	assert.Empty(t, w.All())
	_, _, err = build(t, graph.Frame{}, func(*Scope, *G.Node) { panic("boom") })
	assert.ErrorContains(t, err, "after this layer: boom")
}

// A nil node is refused by the layer that reads it.
func TestNilNodes(t *testing.T) {
	for want, declare := range map[string]func(s *Scope, x *G.Node){
		"linear: ":    func(s *Scope, x *G.Node) { Linear(s, nil, 3) },
		"attention: ": func(s *Scope, x *G.Node) { CausalSelfAttention(s, nil, 2, 0) },
		"norm: ":      func(s *Scope, x *G.Node) { LayerNorm(s, nil) },
		"mlp: ":       func(s *Scope, x *G.Node) { MLP(s, nil, 8, "gelu") },
		"add: ":       func(s *Scope, x *G.Node) { Add(s, x, nil) },
		"product: ":   func(s *Scope, x *G.Node) { MatMul(s, nil, x) },
		"concat: ":    func(s *Scope, x *G.Node) { Concat(s, x, nil) },
		"lstm: ":      func(s *Scope, x *G.Node) { LSTM(s, nil, RecurrentConfig{Hidden: 4}) },
		"recur: ":     func(s *Scope, x *G.Node) { Recur(s, nil, 4, func(x, h *G.Node) *G.Node { return h }) },
		"history: ":   func(s *Scope, x *G.Node) { s.History("keys", nil) },
		"tap: ":       func(s *Scope, x *G.Node) { s.Tap("t", nil) },
		"out: ":       func(s *Scope, x *G.Node) { s.Out(nil) },
		"loss: ":      func(s *Scope, x *G.Node) { CrossEntropy(s, nil, 0) },
		"binary: ":    func(s *Scope, x *G.Node) { s.Binary(G.Add, x, nil) },
		"unary: ":     func(s *Scope, x *G.Node) { s.Unary(G.Tanh, nil) },
		"source: ":    func(s *Scope, x *G.Node) { NewSourceAttention(s, nil, 4, Dot) },
		"residual: ":  func(s *Scope, x *G.Node) { Residual(s, x, nil, 0) },
		"positions: ": func(s *Scope, x *G.Node) { Add(s, nil, Positions(s, 8, 8)) },
	} {
		name, _, _ := strings.Cut(want, "/")
		_, _, err := build(t, graph.Frame{}, func(s *Scope, x *G.Node) { declare(s.Sub(strings.TrimSuffix(name, ": ")), x) })
		require.Error(t, err, want)
		assert.True(t, strings.HasPrefix(err.Error(), want+"a node "), "%s: %v", want, err)
	}
	_, _, err := build(t, graph.Frame{}, func(s *Scope, x *G.Node) { G.Must(G.Tanh(nil)) })
	require.Error(t, err)
	assert.Regexp(t, `^tok: the definition panicked at build_test\.go:\d+, after this layer: a node or a scope is nil`, err.Error())
}

// The error of a stock op whose message has no shapes has those of the values declared last.
func TestMustHasShapes(t *testing.T) {
	_, _, err := build(t, graph.Frame{}, func(s *Scope, x *G.Node) {
		y := Linear(s.Sub("a"), x, 3)
		s.Sub("own").Must(G.Mul(y, s.Sub("own").Param("W", Fill(1), 5, 2)))
	})
	require.Error(t, err)
	assert.Regexp(t, `^own: gorgonia\.Mul at build_test\.go:\d+: Inner dimensions do not match up \(declared last: own/W \(5, 2\), a \(6, 3\), tok \(6, 8\)\)$`, err.Error())
	_, _, err = build(t, graph.Frame{}, func(s *Scope, x *G.Node) { s.Must(G.Add(x, Linear(s.Sub("a"), x, 3))) })
	assert.ErrorContains(t, err, "Shape mismatch: (6, 8) and (6, 3)")
	assert.NotContains(t, err.Error(), "declared last")
}

// A parameter's first value follows from seed and path, whatever else is declared.
func TestFirstValues(t *testing.T) {
	value := func(declare func(s *Scope, x *G.Node)) []float32 {
		_, w, err := build(t, graph.Frame{}, declare)
		require.NoError(t, err)
		return w.Get("b/W").Float32()
	}
	one := value(func(s *Scope, x *G.Node) { Linear(s.Sub("b"), x, 5) })
	two := value(func(s *Scope, x *G.Node) { Linear(s.Sub("a"), x, 4); Linear(s.Sub("b"), x, 5) })
	assert.Equal(t, one, two)
	square := 0.0
	for _, v := range value(func(s *Scope, x *G.Node) { Linear(s.Sub("b"), x, 5000) }) {
		square += float64(v) * float64(v) / 40000
	}
	assert.InDelta(t, 1.0/8, square, 0.005, "variance 1/in, over 40,000 values")
}

func TestInits(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	spread := func(init Init) (top, variance float64) {
		v := init(rng, []int{200, 100})
		for _, x := range v {
			top = max(top, math.Abs(x))
			variance += x * x / float64(len(v))
		}
		return top, variance
	}
	top, variance := spread(Uniform(0.5))
	assert.InDelta(t, 0.5, top, 1e-3)
	assert.InDelta(t, 0.25/3, variance, 2e-3)
	top, variance = spread(Glorot())
	assert.InDelta(t, math.Sqrt(6.0/300), top, 1e-3)
	assert.InDelta(t, 2.0/300, variance, 2e-4)
	_, variance = spread(Fill(3))
	assert.InDelta(t, 9, variance, 1e-9)
}

func TestTapsListNearNames(t *testing.T) {
	g, _, err := build(t, graph.Frame{}, func(s *Scope, x *G.Node) { CausalSelfAttention(s.Sub("h0/att"), x, 2, 0) })
	require.NoError(t, err)
	n, err := g.Tap("h0/att/weights")
	require.NoError(t, err)
	assert.Equal(t, []int{6, 2 * 3}, []int(n.Shape()))
	_, err = g.Tap("h0/att/weight")
	assert.ErrorContains(t, err, `no layer computes "h0/att/weight"; similar names: ["h0/att/weights"`)
	assert.Contains(t, g.Taps(), "h0/att")
}

func TestFeedErrors(t *testing.T) {
	g, _, err := build(t, graph.Frame{}, func(s *Scope, x *G.Node) { CrossEntropy(s, Linear(s.Sub("a"), x, 7), 0) })
	require.NoError(t, err)
	for want, f := range map[string]graph.Feed{
		"5 tokens, want B=2 sequences of T=3":     {Tokens: []int{1, 2, 3, 4, 5}},
		"sequence 1: token 2 comes after padding": {Tokens: []int{1, 2, 3, 4, -1, 5}},
		"sequence 0: token 0 is -2":               {Tokens: []int{-2, 2, 3, 4, 5, 6}},
		"2 targets for 6 tokens":                  {Tokens: []int{1, 2, 3, 4, 5, 6}, Targets: []int{1, 2}},
	} {
		assert.ErrorContains(t, g.Feed(f), want)
	}
	assert.NoError(t, g.Feed(graph.Feed{Tokens: []int{-1, -1, -1, 4, 5, 6}}), "a sequence may sit out")
}

func TestWeights(t *testing.T) {
	w := graph.NewWeights(1)
	require.NoError(t, w.Add("tok/W", []int{7, 8}, make([]float32, 56)))
	assert.ErrorContains(t, w.Add("tok/W", []int{7, 8}, make([]float32, 56)), "occurs twice")
	assert.ErrorContains(t, w.Add("x", []int{7, 8}, make([]float32, 5)), "but 5 values")
	w.Freeze()
	f := graph.Frame{B: 1, T: 2}
	_, err := graph.Build(w, f, func(s *Scope) { Linear(s.Sub("a"), Embedding(s.Sub("tok"), s.Tokens(), 7, 8), 3) })
	assert.ErrorContains(t, err, "a: W: the weights have no such parameter; the graph wants [8 3]")
	_, err = graph.Build(w, f, func(s *Scope) { Embedding(s.Sub("tok"), s.Tokens(), 7, 9) })
	assert.ErrorContains(t, err, "tok: W: the weights have shape [7 8], the graph wants [7 9]")
}
