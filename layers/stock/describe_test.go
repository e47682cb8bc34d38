package stock

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

var shapeText = regexp.MustCompile(`\(\d+(, \d+)*\)`)

// What Gorgonia says when operands do not fit: some messages have both shapes, some one,
// some none.
func TestDescribe(t *testing.T) {
	for _, c := range []struct {
		f      string
		build  func(a, b, v *G.Node) (*G.Node, error) // (4, 3), (4, 2), (5)
		says   string
		shapes int
	}{
		{"Add", func(a, b, v *G.Node) (*G.Node, error) { return G.Add(a, b) }, "Shape mismatch: (4, 3) and (4, 2)", 2},
		{"HadamardProd", func(a, b, v *G.Node) (*G.Node, error) { return G.HadamardProd(a, v) }, "Shape mismatch: (4, 3) and (5)", 2},
		{"Gt", func(a, b, v *G.Node) (*G.Node, error) { return G.Gt(a, b, true) }, "Shape mismatch: (4, 3) and (4, 2)", 2},
		{"MaxBetween", func(a, b, v *G.Node) (*G.Node, error) { return G.MaxBetween(a, b) }, "same shape. Got (4, 3) and (4, 2)", 2},
		{"Mul", func(a, b, v *G.Node) (*G.Node, error) { return G.Mul(a, b) }, "Inner dimensions do not match up", 0},
		{"Mul", func(a, b, v *G.Node) (*G.Node, error) { return G.Mul(a, v) }, "Incompatible shapes: (4, 3) and (5)", 2},
		{"BroadcastAdd", func(a, b, v *G.Node) (*G.Node, error) { return G.BroadcastAdd(a, v, nil, []byte{0}) }, "Shape mismatch: (4, 3) and (4, 5)", 2},
		{"BroadcastAdd", func(a, b, v *G.Node) (*G.Node, error) { return G.BroadcastAdd(a, v, nil, []byte{2}) }, "a has shape (4, 3)", 1},
		{"Auto", func(a, b, v *G.Node) (*G.Node, error) { return G.Auto(G.BroadcastAdd, a, v) }, "shapes (4, 3) and (5) should have the same dimensions", 2},
		{"Concat", func(a, b, v *G.Node) (*G.Node, error) { return G.Concat(0, a, b) }, "Expected 3, got 2", 0},
		{"Concat", func(a, b, v *G.Node) (*G.Node, error) { return G.Concat(0, a, v) }, "to have 2 dimensions. Got 1", 0},
		{"Reshape", func(a, b, v *G.Node) (*G.Node, error) { return G.Reshape(a, tensor.Shape{5, 2}) }, "Expected 12, got 10", 0},
		{"Transpose", func(a, b, v *G.Node) (*G.Node, error) { return G.Transpose(a, 0, 1, 2) }, "requested transposes is 3", 0},
		{"Tensordot", func(a, b, v *G.Node) (*G.Node, error) { return G.Tensordot([]int{1}, []int{0}, a, b) }, "Dimension mismatch", 0},
		{"Sum", func(a, b, v *G.Node) (*G.Node, error) { return G.Sum(a, 2) }, "not a valid axis for shape (4, 3)", 1},
	} {
		g := G.NewGraph()
		a := G.NewMatrix(g, tensor.Float64, G.WithShape(4, 3), G.WithName("a"))
		b := G.NewMatrix(g, tensor.Float64, G.WithShape(4, 2), G.WithName("b"))
		v := G.NewVector(g, tensor.Float64, G.WithShape(5), G.WithName("v"))
		n, err := c.build(a, b, v)
		require.Error(t, err, c.f)
		assert.Nil(t, n, c.f)

		var call *CallError
		require.ErrorAs(t, Describe(err), &call, "%s: %+v", c.f, err)
		assert.Equal(t, c.f, call.Func)
		assert.Equal(t, "describe_test.go", call.File)
		assert.Greater(t, call.Line, 25)
		assert.Contains(t, call.Error(), fmt.Sprintf("gorgonia.%s at describe_test.go:%d: ", c.f, call.Line))
		assert.Contains(t, call.Error(), c.says)
		assert.NotContains(t, call.Error(), "Failed to infer shape")
		assert.Len(t, shapeText.FindAllString(call.Error(), -1), c.shapes, call.Error())
		assert.ErrorIs(t, call, err)
	}
	g := G.NewGraph()
	a := G.NewMatrix(g, tensor.Float64, G.WithShape(4, 3), G.WithName("a"))
	called := reflect.ValueOf(G.Mul).Call([]reflect.Value{reflect.ValueOf(a), reflect.ValueOf(a)}) // as an interpreter calls it
	assert.Contains(t, Describe(called[1].Interface().(error)).Error(), "gorgonia.Mul at describe_test.go:")
	assert.Equal(t, "gorgonia.Mul in a cell of the notebook: x", (&CallError{Func: "Mul", File: Cell, Err: errors.New("x")}).Error())
	other := errors.New("of another origin")
	assert.Equal(t, other, Describe(other))
}

// A range beyond its axis is no error but a panic, and unequal shapes in Div are another.
func TestBuildsThatPanic(t *testing.T) {
	g := G.NewGraph()
	a := G.NewMatrix(g, tensor.Float64, G.WithShape(4, 3), G.WithName("a"))
	b := G.NewMatrix(g, tensor.Float64, G.WithShape(4, 2), G.WithName("b"))
	assert.Panics(t, func() { _, _ = G.Slice(a, nil, G.S(2, 5)) })
	assert.Panics(t, func() { _, _ = G.Div(a, b) })
}
