package vec

import (
	"fmt"

	"euryale/internal/kernel"
)

// RotateForm selects the pairs of elements of a head that Rotate rotates.
type RotateForm int

const (
	// Interleaved pairs elements 2i and 2i+1, as llama2.c and the RoFormer paper do.
	Interleaved RotateForm = iota
	// HalfSplit pairs elements i and i+dim/2, as GPT-NeoX and Hugging Face's Llama do.
	HalfSplit
)

// Rotate applies rotary position embeddings (Su et al., 2021) in place: each row of x (rows×heads·dim at
// stride ld) consists of heads, and in each head pair i = (a, b) of row r becomes
//
//	(a·cos − b·sin, a·sin + b·cos)  with cos, sin at [r·dim/2 + i]
//
// cos and sin have rows×dim/2 elements; dim is even. In float32 the errors are at most 3e-7 of
// max(1, |value|).
func Rotate[T kernel.Float](x, cos, sin []T, rows, heads, dim, ld int, form RotateForm) {
	checkRotate("Rotate", x, cos, sin, rows, heads, dim, ld, form)
	rotate(x, cos, sin, rows, heads, dim, ld, form, 1)
}

// RotateBack rotates by the negative angles: the inverse and the gradient of Rotate.
func RotateBack[T kernel.Float](x, cos, sin []T, rows, heads, dim, ld int, form RotateForm) {
	checkRotate("RotateBack", x, cos, sin, rows, heads, dim, ld, form)
	rotate(x, cos, sin, rows, heads, dim, ld, form, -1)
}

func checkRotate[T kernel.Float](function string, x, cos, sin []T, rows, heads, dim, ld int, form RotateForm) {
	checkMatrix(function, "x", len(x), rows, heads*dim, ld)
	if dim%2 != 0 {
		panic(fmt.Sprintf("vec.%s: a head has %d elements: the number must be even", function, dim))
	}
	if form != Interleaved && form != HalfSplit {
		panic(fmt.Sprintf("vec.%s: %d is not a RotateForm", function, form))
	}
	atLeast(function, "cos", len(cos), rows*dim/2)
	atLeast(function, "sin", len(sin), rows*dim/2)
}

func rotate[T kernel.Float](x, cos, sin []T, rows, heads, dim, ld int, form RotateForm, sign T) {
	if heads*dim == 0 {
		return
	}
	if fast[T]() {
		for r := range rows {
			t := r * dim / 2
			if form == HalfSplit {
				vecRotateHalves(start(x[r*ld:]), start(cos[t:]), start(sin[t:]), heads, dim/2, float32(sign))
			} else {
				vecRotatePairs(start(x[r*ld:]), start(cos[t:]), start(sin[t:]), heads, dim/2, float32(sign))
			}
		}
		return
	}
	step, apart := 2, 1
	if form == HalfSplit {
		step, apart = 1, dim/2
	}
	for r := range rows {
		c, s := cos[r*dim/2:(r+1)*dim/2], sin[r*dim/2:(r+1)*dim/2]
		for h := range heads {
			head := x[r*ld+h*dim : r*ld+(h+1)*dim]
			for i := range c {
				a, b := &head[i*step], &head[i*step+apart]
				*a, *b = *a*c[i]-*b*sign*s[i], *a*sign*s[i]+*b*c[i]
			}
		}
	}
}
