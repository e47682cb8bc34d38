package ops

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// editCase is x = 1…12 in three rows at positions 4, −1 and 5, with changes of each kind. Its result
// and gradient are computed by hand.
func editCase() (reference, build) {
	ones := []float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}
	r := reference{
		Floats: map[string]array{"x": {[]int{3, 4}, []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}},
		Ints:   map[string]array{"at": {[]int{3}, []float64{4, -1, 5}}},
		Gout:   array{[]int{3, 4}, ones},
		Out:    array{[]int{3, 4}, []float64{2, 4, 13, 4, 5, 6, 7, 8, 18, 20, 11, -1}},
		Grads:  map[string]array{"x": {[]int{3, 4}, []float64{2, 2, 1, 1, 1, 1, 1, 1, 2, 2, 1, 0}}},
	}
	changes := []Edited{
		{&Change{Op: Multiply, Value: Operand{Scale: 2}}, 0, 2},
		{&Change{Op: Increase, Value: Operand{Scale: 0.5, Rows: 1, Cols: 1, Data: []float32{20}}, At: [][2]int{{0, 1}, {4, 5}}}, 2, 3},
		{&Change{Op: Assign, Value: Operand{Scale: -1, Rows: 6, Cols: 1, Data: []float32{6, 5, 4, 3, -4, 1}}, At: [][2]int{{5, 9}}}, 3, 4},
	}
	return r, func(p Place, in map[string]*G.Node) (*G.Node, error) {
		return Edit(p, changes, EditRows{At: in["at"]}, in["x"])
	}
}

func TestEditByHand(t *testing.T) {
	r, f := editCase()
	agrees(t, r, f)
}

func TestEditGradientsByDifferences(t *testing.T) {
	r, f := editCase()
	differences(t, r, f)
}

// Of attention weights (two heads of three keys) only the keys that a row attends to change. A
// table of fewer keys is for the first ones.
func TestEditOfKeys(t *testing.T) {
	r := reference{
		Floats: map[string]array{"x": {[]int{2, 6}, []float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}}},
		Ints:   map[string]array{"at": {[]int{2}, []float64{0, 1}}, "lengths": {[]int{2}, []float64{1, 3}}},
		Gout:   array{[]int{2, 6}, []float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
		Out:    array{[]int{2, 6}, []float64{2, 1, 1, 4, 1, 1, 2, 3, 1, 4, 5, 1}},
		Grads:  map[string]array{"x": {[]int{2, 6}, []float64{2, 1, 1, 4, 1, 1, 2, 3, 1, 4, 5, 1}}},
	}
	f := func(p Place, in map[string]*G.Node) (*G.Node, error) {
		c := &Change{Op: Multiply, Value: Operand{Scale: 1, Rows: 1, Cols: 4, Data: []float32{2, 3, 4, 5}}}
		return Edit(p, []Edited{{c, 0, 6}}, EditRows{At: in["at"], Lengths: in["lengths"], Heads: 2}, in["x"])
	}
	agrees(t, r, f)
	differences(t, r, f)
}

// Fields of a change are read anew in every run.
func TestEditChangesBetweenRuns(t *testing.T) {
	r, _ := editCase()
	c := &Change{Op: Multiply, Value: Operand{Scale: 1}}
	k := newRig(t, tensor.Float32, r, func(p Place, in map[string]*G.Node) (*G.Node, error) {
		return Edit(p, []Edited{{c, 0, 4}}, EditRows{}, in["x"])
	})
	k.run()
	assert.Equal(t, r.Floats["x"].Data, numbers(k.out))
	*c = Change{Op: Assign, Value: Operand{Scale: 7}}
	k.run()
	assert.Equal(t, 7.0, numbers(k.out)[11])
}

func TestEditRefuses(t *testing.T) {
	r, _ := editCase()
	g := G.NewGraph()
	p := Place{NewTape(), "h0"}
	x := G.NewMatrix(g, tensor.Float32, G.WithShape(3, 4), G.WithName("x"))
	_, err := Edit(p, []Edited{{&Change{}, 2, 5}}, EditRows{}, x)
	assert.EqualError(t, err, "x is (3, 4), want columns 2 to 4")
	_, err = Edit(p, nil, EditRows{}, G.NewVector(g, tensor.Int, G.WithShape(3), G.WithName("ids")))
	assert.ErrorContains(t, err, "want a matrix or a vector of floating-point numbers")
	c := &Change{Op: Increase, Value: Operand{Scale: 1, Rows: 1, Cols: 3, Data: []float32{1, 2, 3}}}
	k := newRig(t, tensor.Float32, r, func(p Place, in map[string]*G.Node) (*G.Node, error) {
		return Edit(p, []Edited{{c, 0, 4}}, EditRows{}, in["x"])
	})
	k.tape.Begin()
	require.Error(t, k.vm.RunAll())
	assert.ErrorContains(t, k.tape.Err(), "x: the operand of += is (1, 3), and 4 columns are to be changed")
}
