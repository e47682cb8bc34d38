package stock

import (
	"errors"
	"log"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func input(g *G.ExprGraph, dt tensor.Dtype, name string, shape ...int) *G.Node {
	return G.NewTensor(g, dt, len(shape), G.WithShape(shape...), G.WithName(name))
}

func must(t *testing.T) func(n *G.Node, err error) *G.Node {
	return func(n *G.Node, err error) *G.Node {
		require.NoError(t, err)
		return n
	}
}

// refusedOf is the first node of the graph that Check refuses.
func refusedOf(g *G.ExprGraph) *Refused {
	var r *Refused
	for _, n := range g.AllNodes() {
		if errors.As(Check(n), &r) {
			return r
		}
	}
	return nil
}

// Inputs without a name, or of one name and shape, are one node.
func TestUnnamedInputsAreOne(t *testing.T) {
	g := G.NewGraph()
	assert.Same(t, G.NewMatrix(g, tensor.Float64, G.WithShape(2, 3)), G.NewMatrix(g, tensor.Float64, G.WithShape(2, 3)))
	assert.Same(t, G.NewVector(g, tensor.Float64, G.WithShape(3)), G.NewVector(g, tensor.Float64, G.WithShape(3)))
	assert.Same(t, G.NewScalar(g, tensor.Float64), G.NewScalar(g, tensor.Float64))
	assert.Same(t, input(g, tensor.Float64, "a", 2, 3), input(g, tensor.Float64, "a", 2, 3))
	assert.NotSame(t, input(g, tensor.Float64, "a", 2, 3), input(g, tensor.Float64, "b", 2, 3))
	assert.NotSame(t, input(g, tensor.Float64, "a", 2, 3), input(g, tensor.Float64, "a", 3, 2))
}

// Random nodes of one shape and distribution are one node.
func TestRandomNodesAreOne(t *testing.T) {
	for _, f := range []func(g *G.ExprGraph) *G.Node{
		func(g *G.ExprGraph) *G.Node { return G.UniformRandomNode(g, tensor.Float64, 0, 1, 2, 3) },
		func(g *G.ExprGraph) *G.Node { return G.GaussianRandomNode(g, tensor.Float64, 0, 1, 2, 3) },
		func(g *G.ExprGraph) *G.Node { return G.BinomialRandomNode(g, tensor.Float64, 1, 0.5, 2, 3) },
	} {
		g := G.NewGraph()
		assert.Same(t, f(g), f(g))
		require.NotNil(t, refusedOf(g))
		assert.Contains(t, refusedOf(g).Why, "merged")
	}
}

// Long constants that print alike are one: the second one's value is lost.
func TestLongConstantsAreOne(t *testing.T) {
	add := must(t)
	g := G.NewGraph()
	x := input(g, tensor.Float64, "x", 300)
	a := add(G.Add(x, G.OneHotVector(100, 300, tensor.Float64)))
	assert.Same(t, a, add(G.Add(x, G.OneHotVector(200, 300, tensor.Float64))))
	require.NotNil(t, refusedOf(g))
	assert.Equal(t, "NewConstant", refusedOf(g).Op)

	g = G.NewGraph()
	z := input(g, tensor.Float64, "z", 60, 60)
	mask := func() *tensor.Dense { return tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(60, 60)) }
	other := mask()
	require.NoError(t, other.SetAt(5.0, 30, 30))
	b := add(G.Add(z, G.NewConstant(mask())))
	assert.Same(t, b, add(G.Add(z, G.NewConstant(other))))
	require.NotNil(t, refusedOf(g))

	g = G.NewGraph()
	x = input(g, tensor.Float64, "x", 5)
	c := add(G.Add(x, G.OneHotVector(1, 5, tensor.Float64)))
	assert.NotSame(t, c, add(G.Add(x, G.OneHotVector(2, 5, tensor.Float64))))
	assert.Nil(t, refusedOf(g), "short slices are distinct")

	g = G.NewGraph()
	x = input(g, tensor.Float64, "x", 300)
	d := add(G.Add(x, G.NewConstant(tensor.New(tensor.Of(tensor.Float64), tensor.WithShape(300)), G.WithName("zeros"))))
	assert.NotSame(t, d, add(G.Add(x, G.OneHotVector(2, 300, tensor.Float64, G.WithName("two")))))
	assert.Nil(t, refusedOf(g), "and those that have a name")
}

// A constant of float32 takes the place of one of float64 that prints alike.
func TestConstantsOfTwoTypesAreOne(t *testing.T) {
	add := must(t)
	g := G.NewGraph()
	x, y := input(g, tensor.Float32, "x", 3), input(g, tensor.Float64, "y", 3)
	add(G.Add(x, G.NewConstant(float32(2))))
	require.Nil(t, refusedOf(g))
	add(G.Add(y, G.NewConstant(2.0)))
	require.NotNil(t, refusedOf(g))
	assert.Equal(t, "NewConstant", refusedOf(g).Op)
}

// A second call of Grad returns the derivatives of the first cost, if the costs share a
// value.
func TestSecondGradIsTheFirst(t *testing.T) {
	add := must(t)
	g := G.NewGraph()
	x := input(g, tensor.Float64, "x", 3)
	h := add(G.Tanh(x))
	first, err := G.Grad(add(G.Sum(h)), x)
	require.NoError(t, err)
	second, err := G.Grad(add(G.Sum(add(G.Square(h)))), x)
	require.NoError(t, err)
	assert.Same(t, first[0], second[0])
	apart, err := G.Grad(add(G.Sum(add(G.Sin(x)))), x)
	require.NoError(t, err)
	assert.NotSame(t, first[0], apart[0])
}

// BinaryXent removes a node, and the graph then finds others by their numbers: operands
// are read from nodes.
func TestBinaryXentRemovesANode(t *testing.T) {
	add := must(t)
	g := G.NewGraph()
	p, y := input(g, tensor.Float64, "p", 3), input(g, tensor.Float64, "y", 3)
	add(G.BinaryXent(p, y))
	lost := 0
	for _, n := range g.AllNodes() {
		if g.Node(n.ID()) != n {
			lost++
		}
	}
	assert.Positive(t, lost)
	require.NotNil(t, refusedOf(g))
	assert.Equal(t, "Log", refusedOf(g).Op)
}

// The gradient of Dropout is 1-p times what it ought to be, over p.
func TestDropoutGradient(t *testing.T) {
	const p = 0.2
	g := G.NewGraph()
	x := input(g, tensor.Float64, "x", 3, 300)
	y := must(t)(G.Dropout(x, p))
	assert.Same(t, y, must(t)(G.Dropout(x, 0.5)), "two on one value are one")
	grads, err := G.Grad(must(t)(G.Sum(y)), x)
	require.NoError(t, err)
	var value, grad G.Value
	G.Read(y, &value)
	G.Read(grads[0], &grad)
	require.NoError(t, G.Let(x, tensor.Ones(tensor.Float64, 3, 300)))
	require.NoError(t, G.NewTapeMachine(g).RunAll())
	kept := 0
	for i, v := range value.Data().([]float64) {
		if v != 0 {
			kept++
			assert.InDelta(t, 1/(1-p), v, 1e-12)
			assert.InDelta(t, 1/p, grad.Data().([]float64)[i], 1e-12)
		}
	}
	assert.InDelta(t, 900*(1-p), kept, 90)
}

// Set is in no program: its left side stays as it was.
func TestSetDoesNotRun(t *testing.T) {
	g := G.NewGraph()
	a, b := input(g, tensor.Float64, "a", 3), input(g, tensor.Float64, "b", 3)
	G.Set(a, must(t)(G.Square(b)))
	require.NotNil(t, refusedOf(g))
	require.NoError(t, G.Let(a, tensor.New(tensor.WithBacking([]float64{1, 2, 3}))))
	require.NoError(t, G.Let(b, tensor.New(tensor.WithBacking([]float64{4, 5, 6}))))
	if err := G.NewTapeMachine(g).RunAll(); err == nil {
		assert.Equal(t, []float64{1, 2, 3}, a.Value().Data())
	}
}

// The derivative of a long Concat is made of Slices, which CheckDerivative finds.
func TestCheckDerivativeOfConcat(t *testing.T) {
	g := G.NewGraph()
	a, b := input(g, tensor.Float64, "a", 3, 128), input(g, tensor.Float64, "b", 3, 256)
	cost := must(t)(G.Sum(must(t)(G.Square(must(t)(G.Concat(1, a, b))))))
	forward := len(g.AllNodes())
	_, err := G.Grad(cost, a, b)
	require.NoError(t, err)
	var r *Refused
	for _, n := range g.AllNodes()[forward:] {
		if errors.As(CheckDerivative(n), &r) {
			break
		}
	}
	require.NotNil(t, r)
	assert.EqualError(t, r, "Slice of (3, 384): Gorgonia takes wrong ranges of axes longer than 256; use layers.Columns, layers.Rows")
}

// Losses that differ in their reduction are one node.
func TestCTCLossesAreOne(t *testing.T) {
	g := G.NewGraph()
	logs, targets := input(g, tensor.Float64, "l", 7, 2, 5), input(g, tensor.Int, "t", 2, 3)
	n, m := input(g, tensor.Int, "n", 2), input(g, tensor.Int, "m", 2)
	mean := must(t)(G.CTCLoss(logs, targets, n, m, G.ReductionMean))
	assert.Same(t, mean, must(t)(G.CTCLoss(logs, targets, n, m, G.ReductionSum)))
}

// GroupNorm prints tensors whenever its derivative runs.
func TestGroupNormPrints(t *testing.T) {
	var printed strings.Builder
	log.SetOutput(&printed)
	defer log.SetOutput(os.Stderr)
	for _, c := range networks() {
		if c.op == "GroupNorm" {
			o, err := c.observe()
			require.Equal(t, right, o, "%v", err)
		}
	}
	assert.Greater(t, printed.Len(), 1000)
}
