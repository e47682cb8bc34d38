package ops

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel"
)

// Gorgonia's own products run on the same tier of arithmetic as the fused ops.
func init() {
	tensor.Use(kernel.BLAS())
	G.Use(kernel.BLAS())
}
