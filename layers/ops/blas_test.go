package ops

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/matmul"
)

func TestStockProductsUseTheTier(t *testing.T) {
	assert.Equal(t, any(matmul.BLAS()), any(G.WhichBLAS()))
	assert.Equal(t, any(matmul.BLAS()), any(tensor.WhichBLAS()))
	a := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float32{1, 2, 3, 4, 5, 6}))
	b := tensor.New(tensor.WithShape(3, 2), tensor.WithBacking([]float32{1, 0, 0, 1, 1, 1}))
	c, err := tensor.MatMul(a, b)
	require.NoError(t, err)
	assert.Equal(t, []float32{4, 5, 10, 11}, c.Data())
}
