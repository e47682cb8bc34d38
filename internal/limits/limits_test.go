package limits

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/kernel/matmul"
	"euryale/internal/kernel/parallel"
)

// Any machine multiplies more than 0.1 GFLOP/s, and reads more than 0.1 GB/s.
func TestAll(t *testing.T) {
	rates, err := All(2)
	require.NoError(t, err)
	seen := map[Rate]bool{}
	for _, r := range rates {
		assert.Greater(t, r.Rate, 0.1, r.What)
		key := Rate{What: r.What, Threads: r.Threads}
		assert.False(t, seen[key], "%v is measured twice", key)
		seen[key] = true
	}
	for n := 1; n <= 2; n++ {
		assert.True(t, seen[Rate{What: "float32", Threads: n}])
		assert.True(t, seen[Rate{What: "reads", Threads: n}])
	}
	assert.Equal(t, Reads(2), Reads(2), "measured once")
	assert.Equal(t, matmul.Highest, matmul.InUse(), "as it was")
	assert.Positive(t, parallel.Threads())
	require.NoError(t, matmul.SetPrecision(matmul.Int8))
	defer func() { require.NoError(t, matmul.SetPrecision(matmul.Highest)) }()
	assert.Greater(t, Products(), 0.1)
}
