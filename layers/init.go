package layers

import (
	"math"
	"math/rand/v2"
	"slices"

	"euryale/layers/graph"
)

// Init returns the initial values of a parameter.
type Init = graph.Init

// Normal samples from a normal distribution with mean 0 and standard deviation std.
func Normal(std float64) Init {
	return func(rng *rand.Rand, shape []int) []float64 {
		v := make([]float64, size(shape))
		for i := range v {
			v[i] = std * rng.NormFloat64()
		}
		return v
	}
}

// Uniform samples uniformly from −bound to bound.
func Uniform(bound float64) Init {
	return func(rng *rand.Rand, shape []int) []float64 {
		v := make([]float64, size(shape))
		for i := range v {
			v[i] = bound * (2*rng.Float64() - 1)
		}
		return v
	}
}

// Glorot samples uniformly with variance 2/(in+out) (Glorot and Bengio 2010).
func Glorot() Init {
	return func(rng *rand.Rand, shape []int) []float64 {
		return Uniform(math.Sqrt(6/float64(shape[0]+shape[len(shape)-1])))(rng, shape)
	}
}

// Fill sets every value to c.
func Fill(c float64) Init {
	return func(_ *rand.Rand, shape []int) []float64 { return slices.Repeat([]float64{c}, size(shape)) }
}

func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}
