package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Op defines a custom fused op: a forward function and its derivative, on slices. Like the ops
// of this package it runs as one instruction, in buffers of the memory planner, and its panics
// become errors that name the layer. Scope.Apply declares it.
type Op struct {
	Name string // last part of the path, in errors and pictures
	// Shape returns the shape of the result. Nil: the shape of the first operand.
	Shape func(in ...tensor.Shape) (tensor.Shape, error)
	// Float64 is required, since it checks the gradients. If Float32 is missing, float32 graphs
	// convert their values and run Float64.
	Float64 Kernel[float64]
	Float32 Kernel[float32]
}

// Kernel computes an Op in one floating-point type.
type Kernel[T Float] struct {
	// Forward writes the result into out.
	Forward func(in []Arg[T], out []T)
	// Backward writes the gradient of operand i into din[i], given dout, the gradient of the
	// result. It must overwrite every value. din[i] is nil for an operand of integers. With a
	// nil Backward the op has no derivative.
	Backward func(in []Arg[T], out, dout []T, din [][]T)
}

// Names without type parameters, for notebooks, whose interpreter has no generics.
type (
	Kernel32 = Kernel[float32]
	Kernel64 = Kernel[float64]
	Arg32    = Arg[float32]
	Arg64    = Arg[float64]
)

// Apply declares a custom op on its operands.
func Apply(p Place, o Op, in ...*G.Node) (*G.Node, error) {
	if o.Float64.Forward == nil {
		return nil, fmt.Errorf("the op %s has no Float64.Forward", o.Name)
	}
	if len(in) == 0 {
		return nil, fmt.Errorf("the op %s has no operands", o.Name)
	}
	shape := in[0].Shape()
	if o.Shape != nil {
		shapes := make([]tensor.Shape, len(in))
		for i, n := range in {
			shapes[i] = n.Shape()
		}
		var err error
		if shape, err = o.Shape(shapes...); err != nil {
			return nil, err
		}
	}
	narrow := o.Float32
	if narrow.Forward == nil {
		narrow = converted(o.Float64)
	}
	return apply(p, narrow.spec(shape, in), o.Float64.spec(shape, in), in...)
}

func (k Kernel[T]) spec(shape tensor.Shape, in G.Nodes) spec[T] {
	s := spec[T]{shape: shape, fwd: k.Forward}
	if k.Backward == nil {
		return s
	}
	var of []int
	for i, n := range in {
		if n.Dtype() != tensor.Int {
			of = append(of, i)
		}
	}
	din := make([][]T, len(in))
	s.backs = []back[T]{{of: of, do: func(a []arg[T], out, dout []T, gin [][]T) {
		for j, i := range of {
			din[i] = gin[j]
		}
		k.Backward(a, out, dout, din)
	}}}
	return s
}

// converted returns a float32 kernel that runs k in float64.
func converted(k Kernel[float64]) Kernel[float32] {
	var in []Arg[float64]
	var out, dout []float64
	var din [][]float64
	enter := func(a []Arg[float32]) {
		if in == nil {
			in = make([]Arg[float64], len(a))
		}
		for i := range a {
			in[i].I, in[i].X = a[i].I, widen(in[i].X, a[i].X)
		}
	}
	c := Kernel[float32]{Forward: func(a []Arg[float32], y []float32) {
		enter(a)
		out = widen(out, y)
		k.Forward(in, out)
		narrow(y, out)
	}}
	if k.Backward == nil {
		return c
	}
	c.Backward = func(a []Arg[float32], y, dy []float32, g [][]float32) {
		enter(a)
		out, dout = widen(out, y), widen(dout, dy)
		if din == nil {
			din = make([][]float64, len(g))
		}
		for i := range g {
			din[i] = widen(din[i], g[i])
		}
		k.Backward(in, out, dout, din)
		for i := range g {
			narrow(g[i], din[i])
		}
	}
	return c
}

// widen copies x to dst, allocating dst if its size differs.
func widen(dst []float64, x []float32) []float64 {
	if len(dst) != len(x) {
		dst = make([]float64, len(x))
	}
	for i, v := range x {
		dst[i] = float64(v)
	}
	return dst
}

func narrow(dst []float32, x []float64) {
	for i, v := range x {
		dst[i] = float32(v)
	}
}
