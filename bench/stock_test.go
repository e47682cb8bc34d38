package bench

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/blas/gonum"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/layers/graph"
	"euryale/models"
)

// Stock ops use gonum's products, Gorgonia's default, which layers/ops replaces.
func init() {
	tensor.Use(gonum.Implementation{})
	G.Use(gonum.Implementation{})
}

// stock declares layers in Gorgonia's ops, for the benchmarks only: some of these ops are wrong for
// certain inputs (SoftMax uses the wrong maximum). The tests check that they are right for these inputs.
type stock struct {
	g       *G.ExprGraph
	weights *graph.Weights // values of the parameters, by path; they are copied
	params  G.Nodes
	b, t    int
}

func newStock(w *graph.Weights, b, t int) *stock {
	return &stock{g: G.NewGraph(), weights: w, b: b, t: t}
}

// input declares a matrix or vector of numbers.
func (s *stock) input(name string, x []float32, shape ...int) *G.Node {
	v := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(slices.Clone(x)))
	return G.NewTensor(s.g, tensor.Float32, len(shape), G.WithShape(shape...), G.WithName(name), G.WithValue(v))
}

// ids declares a vector of indices.
func (s *stock) ids(name string, v []int) *G.Node {
	return G.NewVector(s.g, tensor.Int, G.WithShape(len(v)), G.WithName(name), G.WithValue(tensor.New(tensor.WithBacking(slices.Clone(v)))))
}

// param declares columns from … to−1 of the parameter at path, all of them if to is 0. It copies the
// columns, because a Slice in the graph is wrong beyond index 256.
func (s *stock) param(path string, from, to int) *G.Node {
	p := s.weights.Get(path)
	shape, x := slices.Clone(p.Shape), p.Float32()
	if to > 0 {
		width := shape[len(shape)-1]
		var part []float32
		for r := 0; r < len(x); r += width {
			part = append(part, x[r+from:r+to]...)
		}
		shape[len(shape)-1], x = to-from, part
		path += string(rune('a' + from/(to-from)))
	}
	n := s.input(path, x, shape...)
	s.params = append(s.params, n)
	return n
}

func number(v float64) *G.Node { return G.NewConstant(float32(v)) }

func (s *stock) linear(path string, x *G.Node, from, to int) *G.Node {
	xw := G.Must(G.Mul(x, s.param(path+"/W", from, to)))
	return G.Must(G.BroadcastAdd(xw, s.param(path+"/b", from, to), nil, []byte{0}))
}

// gelu applies the tanh approximation of GELU.
func (s *stock) gelu(x *G.Node) *G.Node {
	inner := G.Must(G.Add(x, G.Must(G.Mul(G.Must(G.Cube(x)), number(0.044715)))))
	tanh := G.Must(G.Tanh(G.Must(G.Mul(inner, number(math.Sqrt(2/math.Pi))))))
	return G.Must(G.HadamardProd(G.Must(G.Mul(x, number(0.5))), G.Must(G.Add(tanh, number(1)))))
}

func (s *stock) mlp(path string, x *G.Node) *G.Node {
	return s.linear(path+"/out", s.gelu(s.linear(path+"/in", x, 0, 0)), 0, 0)
}

func (s *stock) layerNorm(path string, x *G.Node) *G.Node {
	rows, columns := []byte{1}, []byte{0}
	centred := G.Must(G.BroadcastSub(x, G.Must(G.Mean(x, 1)), nil, rows))
	variance := G.Must(G.Add(G.Must(G.Mean(G.Must(G.Square(centred)), 1)), number(1e-5)))
	unit := G.Must(G.BroadcastHadamardDiv(centred, G.Must(G.Sqrt(variance)), nil, rows))
	scaled := G.Must(G.BroadcastHadamardProd(unit, s.param(path+"/gain", 0, 0), nil, columns))
	return G.Must(G.BroadcastAdd(scaled, s.param(path+"/bias", 0, 0), nil, columns))
}

// attention is causal self-attention: the three products of qkv, softmax(q·kᵀ/√d + mask)·v for all
// heads as a batch of matrices, and proj.
func (s *stock) attention(path string, x *G.Node, heads int) *G.Node {
	dim := x.Shape()[1]
	split := func(i int, axes ...int) *G.Node {
		y := s.linear(path+"/qkv", x, i*dim, (i+1)*dim)
		return G.Must(G.Transpose(G.Must(G.Reshape(y, tensor.Shape{s.b, s.t, heads, dim / heads})), axes...))
	}
	q, k, v := split(0, 0, 2, 1, 3), split(1, 0, 2, 3, 1), split(2, 0, 2, 1, 3)
	scores := G.Must(G.Mul(G.Must(G.BatchedMatMul(q, k)), number(1/math.Sqrt(float64(dim/heads)))))
	weights := G.Must(G.SoftMax(G.Must(G.BroadcastAdd(scores, s.mask(), nil, []byte{0, 1}))))
	y := G.Must(G.Transpose(G.Must(G.BatchedMatMul(weights, v)), 0, 2, 1, 3))
	return s.linear(path+"/proj", G.Must(G.Reshape(y, tensor.Shape{s.b * s.t, dim})), 0, 0)
}

// mask returns the causal mask (1, 1, T, T): −10⁹ for later tokens, 0 for the others.
func (s *stock) mask() *G.Node {
	for _, n := range s.g.AllNodes() {
		if n.Name() == "mask" {
			return n
		}
	}
	x := make([]float32, s.t*s.t)
	for i := range x {
		if i%s.t > i/s.t {
			x[i] = -1e9
		}
	}
	return s.input("mask", x, 1, 1, s.t, s.t)
}

func (s *stock) block(path string, x *G.Node, heads int) *G.Node {
	x = G.Must(G.Add(x, s.attention(path+"/att", s.layerNorm(path+"/ln1", x), heads)))
	return G.Must(G.Add(x, s.mlp(path+"/mlp", s.layerNorm(path+"/ln2", x))))
}

// embedding returns the table at path, and its rows for ids.
func (s *stock) embedding(path string, ids *G.Node) (table, rows *G.Node) {
	table = s.param(path+"/W", 0, 0)
	return table, G.Must(G.ByIndices(table, ids, 0))
}

// crossEntropy returns the mean cross-entropy of logits and targets.
func (s *stock) crossEntropy(logits *G.Node, targets []int) *G.Node {
	n, vocab := logits.Shape()[0], logits.Shape()[1]
	x := make([]float32, n*vocab)
	for r, id := range targets {
		x[r*vocab+id] = -1 / float32(n)
	}
	return G.Must(G.Sum(G.Must(G.HadamardProd(s.input("targets", x, n, vocab), G.Must(G.LogSoftMax(logits))))))
}

// gpt returns the loss of a GPT with biases, a tied head and the tanh approximation of GELU.
func (s *stock) gpt(c *models.GPT, tokens, targets []int) *G.Node {
	positions := make([]int, len(tokens))
	for i := range positions {
		positions[i] = i % s.t
	}
	table, x := s.embedding("tok", s.ids("tokens", tokens))
	_, pos := s.embedding("pos", s.ids("positions", positions))
	x = G.Must(G.Add(x, pos))
	for i := range c.Layers {
		x = s.block("h"+string(rune('0'+i)), x, c.Heads)
	}
	return s.crossEntropy(G.Must(G.Mul(s.layerNorm("ln", x), G.Must(G.Transpose(table)))), targets)
}
