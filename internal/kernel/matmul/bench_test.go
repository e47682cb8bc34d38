package matmul

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkGemm measures float32 products in GFLOP/s on every tier, with one
// thread and with two: squares in all transposes, then the shapes of training
// and of generation. The operands are random, because zeros are faster.
//
//	go test ./internal/kernel/matmul -run '^$' -bench 'Gemm/openblas/1/512x512x512'
func BenchmarkGemm(b *testing.B) {
	was := active.Load()
	defer active.Store(was)
	for _, c := range testTiers() {
		for _, threads := range []int{1, 2} {
			for _, size := range benchSizes() {
				for _, transposed := range size.transposes {
					name := fmt.Sprintf("%s/%d/%dx%dx%d%s", c.name, threads, size.m, size.n, size.k, transposed)
					b.Run(name, func(b *testing.B) {
						active.Store(c.tier)
						withThreads(b, threads)
						benchmarkGemm(b, size, transposed)
					})
				}
			}
		}
	}
}

type benchSize struct {
	m, n, k, count int
	transposes     []string
}

func benchSizes() []benchSize {
	var list []benchSize
	for _, n := range []int{16, 64, 128, 256, 512, 1024, 2048} {
		list = append(list, benchSize{n, n, n, 1, []string{"NN", "NT", "TN"}})
	}
	training := [][3]int{{384, 512, 128}, {384, 128, 512}, {128, 512, 384}, {2048, 1536, 384}, {2048, 384, 1536}, {384, 1536, 2048}}
	for _, s := range training {
		list = append(list, benchSize{s[0], s[1], s[2], 1, []string{"NN", "NT", "TN"}})
	}
	for _, s := range [][3]int{{64, 64, 32}, {64, 32, 64}, {256, 256, 64}, {256, 64, 256}} {
		list = append(list, benchSize{s[0], s[1], s[2], 24, []string{"NN", "NT", "TN"}})
	}
	for _, m := range []int{1, 2, 4, 8} {
		for _, s := range [][2]int{{384, 384}, {768, 3072}, {3072, 768}, {50257, 768}} {
			list = append(list, benchSize{m, s[0], s[1], 1, []string{"NN", "NT"}})
		}
	}
	return list
}

func benchmarkGemm(b *testing.B, s benchSize, transposed string) {
	r := rand.New(rand.NewPCG(1, 1))
	e := newExample[float32](r, transposed[0] == 'T', transposed[1] == 'T', s.m, s.n, s.k, 1, 0, 0, s.count)
	e.run()
	for b.Loop() {
		e.run()
	}
	flops := 2 * float64(s.m) * float64(s.n) * float64(s.k) * float64(s.count)
	b.ReportMetric(flops*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
}

// BenchmarkPrecision measures float32 squares at each precision that rounds operands,
// with two threads.
func BenchmarkPrecision(b *testing.B) {
	was := active.Load()
	defer active.Store(was)
	for _, c := range testTiers() {
		for _, p := range []Precision{Highest, High, Medium} {
			active.Store(c.tier)
			withPrecision(b, p)
			if p != Highest && Products() == "float32" {
				continue
			}
			for _, size := range benchSizes() {
				for _, transposed := range size.transposes {
					b.Run(fmt.Sprintf("%s/%s/%dx%dx%d%s", c.name, p, size.m, size.n, size.k, transposed), func(b *testing.B) {
						active.Store(c.tier)
						withThreads(b, 2)
						benchmarkGemm(b, size, transposed)
					})
				}
			}
		}
	}
}

// BenchmarkRows measures float32 products with few rows and packed matrices, which together
// are larger than the caches, as in a step of batched decoding; with two threads.
func BenchmarkRows(b *testing.B) {
	const n, k, count = 3072, 768, 24
	r := rand.New(rand.NewPCG(1, 1))
	e := newExample[float32](r, false, false, 128, n, k, 1, 0, 0, 1)
	for _, p := range []Precision{Highest, Medium, Int8} {
		withPrecision(b, p)
		packed := make([]Packed[float32], count)
		for i := range packed {
			packed[i].Pack(false, k, n, e.p.b, n, nil)
		}
		for _, m := range []int{1, 2, 4, 8, 16, 32, 64, 128} {
			b.Run(fmt.Sprintf("%s/%d", p, m), func(b *testing.B) {
				withThreads(b, 2)
				for b.Loop() {
					for i := range packed {
						GemmPacked(&packed[i], false, false, m, n, k, 1, e.p.a, k, e.p.b, n, 0, e.p.c, n)
					}
				}
				seconds := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
				b.ReportMetric(2*float64(m)*n*k*count/seconds, "GFLOP/s")
				b.ReportMetric(float64(len(packed[0].data))*4*count/seconds, "GB/s")
			})
		}
	}
}
