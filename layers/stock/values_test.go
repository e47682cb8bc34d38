package stock

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// valueOf is x as a value for n.
func valueOf(n *G.Node, x []float64) G.Value {
	var backing any
	switch n.Dtype() {
	case tensor.Int:
		s := make([]int, len(x))
		for i, v := range x {
			s[i] = int(v)
		}
		backing = s
	case tensor.Float32:
		s := make([]float32, len(x))
		for i, v := range x {
			s[i] = float32(v)
		}
		if n.IsScalar() {
			return G.NewF32(s[0])
		}
		backing = s
	default:
		if n.IsScalar() {
			return G.NewF64(x[0])
		}
		backing = append([]float64(nil), x...)
	}
	return tensor.New(tensor.WithShape(n.Shape().Clone()...), tensor.WithBacking(backing))
}

// floats are the elements of a value in the order of its axes.
func floats(v G.Value) (x []float64) {
	if d, ok := v.(*tensor.Dense); ok {
		if d.RequiresIterator() || !d.DataOrder().IsContiguous() {
			v = d.Materialize().(*tensor.Dense)
		}
	}
	switch s := v.Data().(type) {
	case []float64:
		return append(x, s...)
	case []float32:
		for _, e := range s {
			x = append(x, float64(e))
		}
	case []int:
		for _, e := range s {
			x = append(x, float64(e))
		}
	case []bool:
		for _, e := range s {
			x = append(x, truth(e))
		}
	case float64:
		return []float64{s}
	case float32:
		return []float64{float64(s)}
	case int:
		return []float64{float64(s)}
	case bool:
		return []float64{truth(s)}
	default:
		panic(fmt.Sprintf("a value of %T", s))
	}
	return x
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
