package ops

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"euryale/internal/kernel/vec"
)

// Function is an elementwise function.
type Function string

// The functions.
const (
	Exp      Function = "exp"
	Log      Function = "log"  // natural
	Sqrt     Function = "sqrt" // its derivative is infinite at 0
	Square   Function = "square"
	Abs      Function = "abs"       // its derivative at 0 is 0
	OneMinus Function = "one_minus" // 1 − x
)

// Map applies f to every value of x.
//
//	x: (…) → (…)
func Map(p Place, f Function, x *G.Node) (*G.Node, error) {
	a, err := functionOf[float32](f)
	if err != nil {
		return nil, err
	}
	b, _ := functionOf[float64](f)
	y, err := apply(p, mapSpec(x, a), mapSpec(x, b), x)
	return byRows(y, err, func(in G.Nodes) (*G.Node, error) { return Map(p, f, in[0]) })
}

// Clip limits the values of x to lo…hi. Its derivative is 1 from lo to hi and 0 outside.
//
//	x: (…) → (…)
func Clip(p Place, x *G.Node, lo, hi float64) (*G.Node, error) {
	if !(lo <= hi) {
		return nil, fmt.Errorf("the limits are %v and %v, want the lower one first", lo, hi)
	}
	y, err := apply(p, mapSpec(x, clip(float32(lo), float32(hi))), mapSpec(x, clip(lo, hi)), x)
	return byRows(y, err, func(in G.Nodes) (*G.Node, error) { return Clip(p, in[0], lo, hi) })
}

// AddScalar returns x + c.
//
//	x: (…) → (…)
func AddScalar(p Place, x *G.Node, c float64) (*G.Node, error) {
	y, err := apply(p, addScalarSpec(x, float32(c)), addScalarSpec(x, c), x)
	return byRows(y, err, func(in G.Nodes) (*G.Node, error) { return AddScalar(p, in[0], c) })
}

func addScalarSpec[T Float](x *G.Node, c T) spec[T] {
	f := inPieces(func(y, x []T) { vec.Add(y, fill(y, c), x) })
	return spec[T]{shape: x.Shape(), fwd: func(in []arg[T], y []T) { f(y, in[0].X) }, pass: []int{0}}
}

// function is the kernels of an elementwise function and its derivative.
type function[T Float] struct {
	f    func(y, x []T)
	grad func(dx, x, y, dy []T) // computed from the input x or the output y, whichever is cheaper
}

func functionOf[T Float](f Function) (function[T], error) {
	switch f {
	case Exp:
		return function[T]{vec.Exp[T], func(dx, _, y, dy []T) { vec.Mul(dx, y, dy) }}, nil
	case Square:
		return function[T]{func(y, x []T) { vec.Mul(y, x, x) }, func(dx, x, _, dy []T) {
			vec.Mul(dx, x, dy)
			vec.Scale(dx, dx, 2)
		}}, nil
	case Log:
		return function[T]{eachValue(func(x T) T { return T(math.Log(float64(x))) }), slope(func(x, _ T) T { return 1 / x })}, nil
	case Sqrt:
		return function[T]{eachValue(func(x T) T { return T(math.Sqrt(float64(x))) }), slope(func(_, y T) T { return 0.5 / y })}, nil
	case Abs:
		return function[T]{eachValue(func(x T) T { return T(math.Abs(float64(x))) }), slope(func(x, _ T) T { return sign(x) })}, nil
	case OneMinus:
		minus := func(y, x []T) { vec.Sub(y, fill(y, 1), x) }
		return function[T]{minus, func(dx, _, _, dy []T) { vec.Scale(dx, dy, -1) }}, nil
	}
	return function[T]{}, fmt.Errorf("no function is called %q: exp, log, sqrt, square, abs or one_minus", f)
}

func sign[T Float](x T) T {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x // 0, or NaN
}

func clip[T Float](lo, hi T) function[T] {
	inside := func(x, _ T) T {
		if x < lo || x > hi {
			return 0
		}
		return 1
	}
	return function[T]{eachValue(func(x T) T { return min(max(x, lo), hi) }), slope(inside)}
}

// eachValue returns the kernel that applies f to every value.
func eachValue[T Float](f func(x T) T) func(y, x []T) {
	return func(y, x []T) {
		for i, v := range x {
			y[i] = f(v)
		}
	}
}

// slope returns the kernel dx = dy·df(x, y).
func slope[T Float](df func(x, y T) T) func(dx, x, y, dy []T) {
	return func(dx, x, y, dy []T) {
		for i, d := range dy {
			dx[i] = d * df(x[i], y[i])
		}
	}
}

// mapSpec defines the op that applies f to every value of x.
func mapSpec[T Float](x *G.Node, f function[T]) spec[T] {
	forward := inPieces(f.f)
	return spec[T]{
		shape: x.Shape(),
		fwd:   func(in []arg[T], y []T) { forward(y, in[0].X) },
		backs: []back[T]{{of: []int{0}, do: func(in []arg[T], y, dy []T, g [][]T) {
			x, dx := in[0].X, g[0]
			pieces(len(y), func(from, to int) { f.grad(dx[from:to], x[from:to], y[from:to], dy[from:to]) })
		}}},
	}
}
