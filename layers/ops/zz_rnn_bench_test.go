package ops

import (
	"euryale/internal/kernel"
	"math/rand/v2"
	"testing"
)

func BenchmarkShapes(b *testing.B) {
	r := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = rand.Float32() - 0.5
		}
		return x
	}
	kernel.SetThreads(1)
	for _, s := range []struct {
		n        string
		ta, tb   bool
		m, nn, k int
	}{
		{"fwd512", false, false, 25, 2048, 512}, {"bwd512NT", false, true, 25, 512, 2048}, {"bwd512NN", false, false, 25, 512, 2048}, {"dW512", true, false, 512, 2048, 1250}, {"in512", false, false, 1250, 2048, 512},
		{"fwd128", false, false, 25, 512, 128}, {"bwd128NT", false, true, 25, 128, 512}, {"bwd128NN", false, false, 25, 128, 512}, {"dW128", true, false, 128, 512, 1250}, {"in128", false, false, 1250, 512, 128},
		{"fwd512x50", false, false, 50, 2048, 512}, {"bwd512NTx50", false, true, 50, 512, 2048}, {"bwd512NNx50", false, false, 50, 512, 2048}} {
		b.Run(s.n, func(b *testing.B) {
			a, bb, c := r(s.m*s.k), r(s.k*s.nn), r(s.m*s.nn)
			lda, ldb := s.k, s.nn
			if s.ta {
				lda = s.m
			}
			if s.tb {
				ldb = s.k
			}
			for b.Loop() {
				kernel.Gemm(s.ta, s.tb, s.m, s.nn, s.k, 1, a, lda, bb, ldb, 0, c, s.nn)
			}
			b.ReportMetric(2*float64(s.m*s.nn*s.k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GF/s")
		})
	}
}
