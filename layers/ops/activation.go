package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"euryale/internal/kernel/vec"
)

// Activation is an elementwise activation function.
type Activation string

// The activations.
const (
	Identity Activation = ""
	ReLU     Activation = "relu"
	ReLU2    Activation = "relu2"     // max(x, 0)² (So et al. 2021)
	GELU     Activation = "gelu"      // x·Φ(x), Φ by the error function (Hendrycks and Gimpel 2016)
	GELUTanh Activation = "gelu_tanh" // the same paper's approximation by tanh, as in GPT-2
	SiLU     Activation = "silu"      // x·σ(x)
	Tanh     Activation = "tanh"
	Sigmoid  Activation = "sigmoid"
)

// Activate applies act to every value of x.
func Activate(p Place, act Activation, x *G.Node) (*G.Node, error) {
	if _, err := activationOf[float32](act); err != nil || act == Identity {
		return x, err
	}
	y, err := apply(p, activateSpec[float32](act, x), activateSpec[float64](act, x), x)
	return byRows(y, err, func(in G.Nodes) (*G.Node, error) { return Activate(p, act, in[0]) })
}

func activateSpec[T Float](act Activation, x *G.Node) spec[T] {
	f, _ := activationOf[T](act)
	return mapSpec(x, function[T]{f.f, f.grad})
}

// activation is the kernels of an elementwise function, of its derivative, and of both fused
// with the addition of a bias.
type activation[T Float] struct {
	f    func(y, z []T)
	grad func(dz, z, y, dy []T)                // computed from the input z or the output y, whichever is cheaper
	bias func(y, z []T, rows, cols int, b []T) // z += b, y = f(z)
	// slope computes y = f(z+b) and z = f'(z+b). Nil if that is not cheaper than grad later.
	slope func(y, z []T, rows, cols int, b []T)
}

func activationOf[T Float](act Activation) (activation[T], error) {
	fromInput := func(g func(dx, x, dy []T)) func(dz, z, y, dy []T) {
		return func(dz, z, _, dy []T) { g(dz, z, dy) }
	}
	fromOutput := func(g func(dx, y, dy []T)) func(dz, z, y, dy []T) {
		return func(dz, _, y, dy []T) { g(dz, y, dy) }
	}
	then := func(f func(y, x []T)) func(y, z []T, rows, cols int, b []T) {
		return func(y, z []T, rows, cols int, b []T) {
			vec.Bias(z, rows, cols, b)
			f(y, z)
		}
	}
	switch act {
	case Identity: // in place: y is z
		return activation[T]{bias: func(y, _ []T, rows, cols int, b []T) { vec.Bias(y, rows, cols, b) }}, nil
	case ReLU:
		return activation[T]{vec.ReLU[T], fromInput(vec.ReLUGrad[T]), vec.BiasReLU[T], nil}, nil
	case ReLU2:
		return relu2[T](), nil
	case GELU:
		return activation[T]{vec.GELU[T], fromInput(vec.GELUGrad[T]), vec.BiasGELU[T], vec.BiasGELUSlope[T]}, nil
	case GELUTanh:
		return activation[T]{vec.GELUTanh[T], fromInput(vec.GELUTanhGrad[T]), vec.BiasGELUTanh[T], vec.BiasGELUTanhSlope[T]}, nil
	case SiLU:
		return activation[T]{vec.SiLU[T], fromInput(vec.SiLUGrad[T]), then(vec.SiLU[T]), nil}, nil
	case Tanh:
		return activation[T]{vec.Tanh[T], fromOutput(vec.TanhGrad[T]), then(vec.Tanh[T]), nil}, nil
	case Sigmoid:
		return activation[T]{vec.Sigmoid[T], fromOutput(vec.SigmoidGrad[T]), then(vec.Sigmoid[T]), nil}, nil
	}
	return activation[T]{}, fmt.Errorf("no activation is called %q: relu, relu2, gelu, gelu_tanh, silu, tanh or sigmoid", act)
}

// relu2 is the square of ReLU, whose derivative is 2·ReLU.
func relu2[T Float]() activation[T] {
	return activation[T]{
		f: func(y, z []T) {
			vec.ReLU(y, z)
			vec.Mul(y, y, y)
		},
		grad: func(dz, z, _, dy []T) {
			vec.ReLUGrad(dz, z, dy)
			vec.Mul(dz, dz, z)
			vec.Scale(dz, dz, 2)
		},
		bias: func(y, z []T, rows, cols int, b []T) {
			vec.BiasReLU(y, z, rows, cols, b)
			vec.Mul(y, y, y)
		},
		slope: func(y, z []T, rows, cols int, b []T) {
			vec.BiasReLU(y, z, rows, cols, b)
			vec.Scale(z, y, 2)
			vec.Mul(y, y, y)
		},
	}
}
