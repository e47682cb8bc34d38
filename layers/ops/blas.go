package ops

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/matmul"
)

// Gorgonia's own products run on the same tier of arithmetic as the fused ops.
func init() {
	tensor.Use(matmul.BLAS())
	G.Use(matmul.BLAS())
}
