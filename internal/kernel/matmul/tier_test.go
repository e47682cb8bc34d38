package matmul

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/blas"
)

// keepTier restores the active tier after the test.
func keepTier(t *testing.T) {
	t.Helper()
	was := active.Load()
	t.Cleanup(func() { active.Store(was) })
}

func TestUse(t *testing.T) {
	keepTier(t)
	t.Setenv(Variable, "")
	require.NoError(t, Use("gonum"))
	assert.Equal(t, "gonum", Tier().Name)
	assert.NotEmpty(t, Tier().Hint, "gonum is never the fastest")
	err := Use("blast")
	assert.EqualError(t, err, `matmul: unknown tier "blast": use auto, openblas, builtin, split or gonum`)
	assert.Equal(t, "gonum", Tier().Name, "an error must not change the tier")
	require.NoError(t, Use("auto"))
	if builtinTier() != nil {
		assert.Equal(t, "builtin", Tier().Name)
	}
	t.Setenv(Variable, "gonum")
	require.NoError(t, Use("auto"))
	assert.Equal(t, "gonum", Tier().Name)
	t.Setenv(Variable, "cuda")
	assert.ErrorContains(t, Use("auto"), `environment variable EURYALE_BLAS: unknown tier "cuda"`)
}

func TestUseOpenBLAS(t *testing.T) {
	if _, err := openblasTier(); err != nil {
		t.Skip(err)
	}
	keepTier(t)
	require.NoError(t, Use("openblas"))
	assert.Equal(t, "openblas", Tier().Name)
	assert.Contains(t, Tier().Detail, "one thread per call")
}

func TestBLAS(t *testing.T) {
	everyTier(t, func(t *testing.T) {
		var s blas.Float32 = BLAS()
		var d blas.Float64 = BLAS()
		c32, c64 := []float32{0, 0}, []float64{0, 0}
		s.Sgemm(blas.NoTrans, blas.Trans, 2, 1, 2, 1, []float32{1, 2, 3, 4}, 2, []float32{5, 6}, 2, 0, c32, 1)
		d.Dgemm(blas.NoTrans, blas.NoTrans, 2, 1, 2, 1, []float64{1, 2, 3, 4}, 2, []float64{5, 6}, 1, 0, c64, 1)
		assert.Equal(t, []float32{17, 39}, c32) // 1·5+2·6, 3·5+4·6
		assert.Equal(t, []float64{17, 39}, c64)
		// A = [1 2 3; 4 5 6] with x = (1, 2) or (1, 2, 3).
		a32, a64 := []float32{1, 2, 3, 4, 5, 6}, []float64{1, 2, 3, 4, 5, 6}
		y32, y64 := []float32{10, 10}, []float64{10, 10, 10}
		s.Sgemv(blas.NoTrans, 2, 3, 1, a32, 3, []float32{1, 2, 3}, 1, 1, y32, 1)
		d.Dgemv(blas.Trans, 2, 3, 1, a64, 3, []float64{1, 2}, 1, 1, y64, 1)
		assert.Equal(t, []float32{24, 42}, y32)
		assert.Equal(t, []float64{19, 22, 25}, y64)
		s.Sgemv(blas.NoTrans, 2, 3, 1, a32, 3, []float32{1, 0, 2, 0, 3}, 2, 0, y32, 1)
		assert.Equal(t, []float32{14, 32}, y32)
		d.Dgemv(blas.NoTrans, 2, 3, 1, a64, 3, []float64{1, 2, 3}, 1, 0, y64, 2)
		assert.Equal(t, []float64{14, 22, 32}, y64)
	})
}

func TestPeak(t *testing.T) {
	rate := Peak()
	assert.False(t, math.IsInf(rate, 0) || math.IsNaN(rate))
	assert.Greater(t, rate, 0.1)
	assert.Equal(t, rate, Peak(), "measured once")
}
