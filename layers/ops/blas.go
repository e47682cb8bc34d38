package ops

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/matmul"
)

// Gorgonia's stock products use the same matrix kernels as the fused ops.
func init() {
	tensor.Use(matmul.BLAS())
	G.Use(matmul.BLAS())
}
