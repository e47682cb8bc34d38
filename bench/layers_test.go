package bench

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/layers"
	"euryale/layers/graph"
)

// The sizes of gpt-char-cpu.
const (
	sequences, tokens = 12, 64
	rows              = sequences * tokens
	dim, heads        = 128, 4
	vocab             = 65
)

// layer is one layer in both forms, from x (rows, width).
type layer struct {
	name  string
	width int
	fused func(s *layers.Scope, x *G.Node) *G.Node
	stock func(s *stock, x *G.Node) *G.Node
}

var targets = newNoise(sequences, tokens, vocab).batch.Targets

// layersToTime are what a GPT is made of.
var layersToTime = []layer{
	{"linear", dim,
		func(s *layers.Scope, x *G.Node) *G.Node { return layers.Linear(s.Sub("l"), x, 3*dim) },
		func(s *stock, x *G.Node) *G.Node { return s.linear("l", x, 0, 0) }},
	{"linear-gelu", dim,
		func(s *layers.Scope, x *G.Node) *G.Node {
			return layers.LinearAct(s.Sub("l"), x, 4*dim, "gelu_tanh", false)
		},
		func(s *stock, x *G.Node) *G.Node { return s.gelu(s.linear("l", x, 0, 0)) }},
	{"layernorm", dim,
		func(s *layers.Scope, x *G.Node) *G.Node { return layers.LayerNorm(s.Sub("l"), x) },
		func(s *stock, x *G.Node) *G.Node { return s.layerNorm("l", x) }},
	{"attention", dim,
		func(s *layers.Scope, x *G.Node) *G.Node {
			return layers.CausalSelfAttention(s.Sub("l"), x, heads, 0)
		},
		func(s *stock, x *G.Node) *G.Node { return s.attention("l", x, heads) }},
	{"cross-entropy", vocab,
		func(s *layers.Scope, x *G.Node) *G.Node { return layers.MeanLoss(s, layers.CrossEntropy(s, x, 0)) },
		func(s *stock, x *G.Node) *G.Node { return s.crossEntropy(x, targets) }},
	{"embedding", vocab,
		func(s *layers.Scope, _ *G.Node) *G.Node { return layers.Embedding(s.Sub("l"), s.Targets(), vocab, dim) },
		func(s *stock, _ *G.Node) *G.Node { _, y := s.embedding("l", s.ids("ids", targets)); return y }},
	{"block", dim,
		func(s *layers.Scope, x *G.Node) *G.Node {
			att := layers.CausalSelfAttention(s.Sub("l/att"), layers.LayerNorm(s.Sub("l/ln1"), x), heads, 0)
			x = layers.Add(s.Sub("l/att"), x, att)
			return layers.Add(s.Sub("l/mlp"), x, layers.MLP(s.Sub("l/mlp"), layers.LayerNorm(s.Sub("l/ln2"), x), 4*dim, "gelu_tanh"))
		},
		func(s *stock, x *G.Node) *G.Node { return s.block("l", x, heads) }},
}

// program is a compiled graph of one layer: its output, and with gradients those of x
// and all parameters.
type program struct {
	vm     G.VM
	names  []string
	values []*G.Value // if they are read
}

func (p *program) run() error { p.vm.Reset(); return p.vm.RunAll() }

// compile prunes a graph to y, and to the gradients of what wrt lists. To read values
// copies them, so that programs to be timed do not.
func compile(y *G.Node, wrt G.Nodes, read bool, opts ...G.VMOpt) (*program, error) {
	return compileAll(G.Nodes{y}, G.Nodes{gradientOf(y)}, wrt, read, opts...)
}

// compileAll is compile for several outputs, whose gradients are dy.
func compileAll(y, dy, wrt G.Nodes, read bool, opts ...G.VMOpt) (*program, error) {
	p, outputs := &program{}, slices.Clone(y)
	for i := range y {
		p.names = append(p.names, fmt.Sprintf("y%d", i))
	}
	if len(wrt) > 0 {
		grads, err := G.Backpropagate(y, dy, wrt)
		if err != nil {
			return nil, err
		}
		outputs = append(outputs, grads...)
		for _, n := range wrt {
			p.names = append(p.names, n.Name())
		}
	}
	if read {
		for i, n := range outputs {
			p.values = append(p.values, new(G.Value))
			outputs[i] = G.Read(n, p.values[i])
		}
	}
	g := y[0].Graph()
	prog, loc, err := G.CompileFunction(g, g.ExactSubgraphRoots(outputs...).Inputs(), outputs)
	if err != nil {
		return nil, err
	}
	p.vm = G.NewTapeMachine(g, append(opts, G.WithPrecompiled(prog, loc))...)
	return p, nil
}

// gradientOf is an input for the gradient of y.
func gradientOf(y *G.Node) *G.Node {
	if y.Dims() == 0 {
		return G.NewScalar(y.Graph(), tensor.Float32, G.WithName("dy"), G.WithValue(float32(1)))
	}
	shape := y.Shape()
	v := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(wave(2.3, shape.TotalSize())))
	return G.NewTensor(y.Graph(), tensor.Float32, len(shape), G.WithShape(shape...), G.WithName("dy"), G.WithValue(v))
}

// wave is a fixed signal.
func wave(frequency float64, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(math.Sin(float64(i) * frequency))
	}
	return x
}

// fusedProgram is the layer in our ops.
func (l layer) fusedProgram(w *graph.Weights, gradient, read bool) (*program, error) {
	var x, y *G.Node
	values := wave(1.7, rows*l.width)
	g, err := graph.Build(w, graph.Frame{B: sequences, T: tokens}, func(s *layers.Scope) {
		x = s.Const("x", []int{rows, l.width}, func(i int) float64 { return float64(values[i]) })
		y = l.fused(s, x)
	})
	if err != nil {
		return nil, err
	}
	if err := g.Feed(graph.Feed{Tokens: make([]int, rows), Targets: targets}); err != nil {
		return nil, err
	}
	return compile(y, l.wanted(gradient, x, g.Params()), read, G.WithEngine(g.Tape()))
}

// stockProgram is the layer in Gorgonia's ops, with the same parameters.
func (l layer) stockProgram(w *graph.Weights, gradient, read bool) (*program, error) {
	s := newStock(w, sequences, tokens)
	x := s.input("x", wave(1.7, rows*l.width), rows, l.width)
	y := l.stock(s, x)
	return compile(y, l.wanted(gradient, x, s.params), read)
}

// wanted is what a layer's gradients are taken of: x and the parameters.
func (l layer) wanted(gradient bool, x *G.Node, params G.Nodes) G.Nodes {
	switch {
	case !gradient:
		return nil
	case l.name == "embedding": // x takes no part in it
		return params
	}
	return append(G.Nodes{x}, params...)
}

// BenchmarkLayers times each layer beside the same in stock ops. Both run on one tape
// machine; fused ops hand work to idle threads, and so do gonum's products.
func BenchmarkLayers(b *testing.B) {
	for _, l := range layersToTime {
		for _, pass := range []string{"forward", "both"} {
			w := graph.NewWeights(1)
			for _, side := range []struct {
				name  string
				build func(w *graph.Weights, gradient, read bool) (*program, error)
			}{{"fused", l.fusedProgram}, {"stock", l.stockProgram}} {
				b.Run(l.name+"/"+pass+"/"+side.name, func(b *testing.B) {
					p, err := side.build(w, pass == "both", false)
					require.NoError(b, err)
					loop(b, p.run)
				})
			}
		}
	}
}

// loop times f, after one run that makes buffers.
func loop(b *testing.B, f func() error) {
	require.NoError(b, f())
	b.ReportAllocs()
	for b.Loop() {
		if err := f(); err != nil {
			b.Fatal(err)
		}
	}
}

// What is timed side by side computes the same: outputs and all gradients, twice. The
// fused attention's qkv is one matrix, whose parts the stock one has apart.
func TestStockLayersAgree(t *testing.T) {
	for _, l := range layersToTime {
		t.Run(l.name, func(t *testing.T) {
			w := graph.NewWeights(1)
			fused, err := l.fusedProgram(w, true, true)
			require.NoError(t, err)
			other, err := l.stockProgram(w, true, true)
			require.NoError(t, err)
			for range 2 {
				require.NoError(t, fused.run())
				require.NoError(t, other.run())
				agree(t, fused.read(), other.read())
			}
		})
	}
}

// read is the program's values by name.
func (p *program) read() map[string][]float32 {
	m := map[string][]float32{}
	for i, name := range p.names {
		switch v := (*p.values[i]).(type) {
		case *tensor.Dense:
			m[name] = v.Float32s()
		case *G.F32:
			m[name] = []float32{float32(*v)}
		}
	}
	return m
}

// agree compares values by name, to 10⁻⁴ of the largest: what float32 leaves of sums of
// some thousand terms in another order.
func agree(t *testing.T, want, got map[string][]float32) {
	compared := 0
	for name, v := range got {
		u := want[name]
		if u == nil {
			continue // a part of a matrix
		}
		compared++
		require.Len(t, v, len(u), name)
		largest, worst := 0.0, 0.0
		for i := range u {
			largest = max(largest, math.Abs(float64(u[i])))
			worst = max(worst, math.Abs(float64(u[i]-v[i])))
		}
		assert.LessOrEqual(t, worst, 1e-4*largest, name)
		assert.Greater(t, largest, 0.0, name)
	}
	assert.NotZero(t, compared)
}
