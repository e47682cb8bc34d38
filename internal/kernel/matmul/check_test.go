package matmul

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/kernel"
)

// complaint returns the message of the *kernel.Error that call panics with.
func complaint(t *testing.T, call func()) (message string) {
	t.Helper()
	defer func() {
		var e *kernel.Error
		err, _ := recover().(error)
		require.True(t, errors.As(err, &e), "want a panic with a *kernel.Error, got %v", err)
		message = e.Error()
	}()
	call()
	return ""
}

func TestGemmBadArguments(t *testing.T) {
	s := func(n int) []float32 { return make([]float32, n) }
	buffer := s(100)
	for want, call := range map[string]func(){
		"negative size: m=-1":         func() { Gemm(false, false, -1, 2, 2, 1, s(4), 2, s(4), 2, 0, s(4), 2) },
		"count=-2":                    func() { GemmBatch(-2, false, false, 2, 2, 2, 1, s(4), 2, 4, s(4), 2, 4, 0, s(4), 2, 4) },
		"leading dimension of A is 1": func() { Gemm(false, false, 2, 2, 2, 1, s(4), 1, s(4), 2, 0, s(4), 2) },
		"leading dimension of B is 2": func() { Gemm(false, true, 2, 2, 3, 1, s(6), 3, s(6), 2, 0, s(4), 2) },
		"leading dimension of C is 0": func() { Gemm(false, false, 2, 0, 2, 1, s(4), 2, nil, 1, 0, nil, 0) },
		"A has 5 elements, 2×3":       func() { Gemm(false, false, 2, 2, 3, 1, s(5), 3, s(6), 2, 0, s(4), 2) },
		"A has 6 elements, 3×2":       func() { Gemm(true, false, 2, 2, 3, 1, s(6), 3, s(6), 2, 0, s(4), 2) },
		"B has 5 elements":            func() { Gemm(false, false, 2, 2, 3, 1, s(6), 3, s(5), 2, 0, s(4), 2) },
		"C has 3 elements":            func() { Gemm(false, false, 2, 2, 3, 1, s(6), 3, s(6), 2, 0, s(3), 2) },
		"needs 16":                    func() { GemmBatch(4, false, false, 2, 2, 2, 1, s(15), 2, 4, s(16), 2, 4, 0, s(16), 2, 4) },
		"stride of B is -4":           func() { GemmBatch(2, false, false, 2, 2, 2, 1, s(8), 2, 4, s(8), 2, -4, 0, s(8), 2, 4) },
		"stride of A is 4611686018427387904": func() {
			GemmBatch(5, false, false, 2, 2, 2, 1, s(8), 2, 1<<62, s(20), 2, 4, 0, s(20), 2, 4)
		},
		"matrices C overlap":                   func() { GemmBatch(2, false, false, 2, 2, 2, 1, s(8), 2, 4, s(8), 2, 4, 0, s(8), 2, 3) },
		"C shares elements with A":             func() { Gemm(false, false, 2, 2, 2, 1, buffer, 2, s(4), 2, 0, buffer[3:], 2) },
		"C shares elements with B":             func() { Gemm(false, false, 2, 2, 2, 1, s(4), 2, buffer[3:], 2, 0, buffer, 2) },
		"more than 2147483647":                 func() { Gemm(false, false, 1, 1, 1, 1, s(4), 1<<31, s(4), 1, 0, s(4), 1) },
		"C shares elements with A: use a sepa": func() { Gemm(false, false, 4, 3, 4, 1, buffer, 10, s(12), 3, 0, buffer[3:], 10) },
		"C shares elements with B: use a sepa": func() { Gemm(false, false, 4, 3, 4, 1, s(16), 4, buffer[9:], 10, 0, buffer, 10) },
	} {
		t.Run(want, func(t *testing.T) {
			assert.Contains(t, complaint(t, call), want)
		})
	}
}

// TestGemmSideBySide checks operands and results that are column ranges of one
// buffer, and interleaved results of a batch.
func TestGemmSideBySide(t *testing.T) {
	everyTier(t, func(t *testing.T) {
		// Rows of 10: A in columns 0-1, B in 2-3, two results in 4-5 and 6-7.
		buffer := make([]float64, 20)
		copy(buffer, []float64{1, 2, 5, 6, 0, 0, 0, 0, -1, -1})
		copy(buffer[10:], []float64{3, 4, 7, 8, 0, 0, 0, 0, -1, -1})
		GemmBatch(2, false, false, 2, 2, 2, 1, buffer, 10, 0, buffer[2:], 10, 0, 0, buffer[4:], 10, 2)
		// [1 2; 3 4]·[5 6; 7 8] = [19 22; 43 50]
		assert.Equal(t, []float64{1, 2, 5, 6, 19, 22, 19, 22, -1, -1, 3, 4, 7, 8, 43, 50, 43, 50, -1, -1}, buffer)
	})
}
