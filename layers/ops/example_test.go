package ops_test

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/layers/ops"
)

// An op stands at a place in a graph; errors and pictures name it by its path.
func ExampleLinear() {
	g, tape := G.NewGraph(), ops.NewTape()
	matrix := func(name string, rows, cols int, values ...float64) *G.Node {
		v := tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(values))
		return G.NewMatrix(g, tensor.Float64, G.WithName(name), G.WithShape(rows, cols), G.WithValue(v))
	}
	x, w := matrix("x", 1, 2, 1, 2), matrix("w", 2, 2, 1, 2, 3, 1)
	y, err := ops.Linear(ops.Place{Tape: tape, Path: "h0/in"}, ops.ReLU, x, w, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	grads, err := G.Grad(G.Must(G.Sum(y)), w)
	if err != nil {
		fmt.Println(err)
		return
	}
	err = G.NewTapeMachine(g, G.WithEngine(tape)).RunAll()
	fmt.Println(y.Value().Data(), grads[0].Value().Data(), ops.PlaceOf(y), err)

	_, err = ops.Linear(ops.Place{Tape: tape, Path: "h0/in"}, ops.ReLU, w, x, nil)
	fmt.Println(err)
	// Output:
	// [7 4] [1 1 2 2] h0/in <nil>
	// x is (2, 2), and W takes 1 columns
}
