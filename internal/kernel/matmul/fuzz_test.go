package matmul

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"euryale/internal/kernel"
)

// FuzzGemm checks that any arguments give the same product on every tier, or a panic
// with a *kernel.Error; A, B and C are three ranges of one buffer.
func FuzzGemm(f *testing.F) {
	f.Add(false, false, 3, 4, 5, 5, 4, 4, 0, 20, 40, 60)
	f.Add(true, true, 17, 33, 2, 17, 2, 40, 0, 40, 110, 900)
	f.Add(false, true, -1, 4, 5, 0, 4, 4, 0, 1, 2, 3)
	f.Add(false, false, 4, 3, 4, 10, 10, 10, 0, 4, 7, 40)
	tiers := testTiers()
	f.Fuzz(func(t *testing.T, transA, transB bool, m, n, k, lda, ldb, ldc, a, b, c, size int) {
		for _, x := range []int{m, n, k, lda, ldb, ldc} {
			if x > 100 {
				t.Skip("only slow")
			}
		}
		if min(a, b, c) < 0 || max(a, b, c) > size || size > 1<<16 {
			t.Skip("not slices")
		}
		was := active.Load()
		defer active.Store(was)
		var first []float64
		for _, tier := range tiers {
			active.Store(tier.tier)
			buffer := make([]float64, size)
			for i := range buffer {
				buffer[i] = float64(i%7 - 3) // small integers: exact in any order
			}
			onlyRefuses(t, func() {
				Gemm(transA, transB, m, n, k, 1, buffer[a:], lda, buffer[b:], ldb, 0, buffer[c:], ldc)
			})
			if first == nil {
				first = buffer
			}
			require.Equal(t, first, buffer, tier.name)
		}
	})
}

// onlyRefuses runs call, which may panic, but only with a *kernel.Error.
func onlyRefuses(t *testing.T, call func()) {
	defer func() {
		if value := recover(); value != nil {
			var e *kernel.Error
			err, _ := value.(error)
			require.True(t, errors.As(err, &e), "panic with %v", value)
		}
	}()
	call()
}
