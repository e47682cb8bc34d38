package vec

import "testing"

// The benchmarks of element-wise kernels use 4096 elements, in L1 or L2, unless their name has another size.
const benchElements = 4096

func BenchmarkMap(b *testing.B) {
	x, y, dy := gaussian(benchElements, 1, 2), make([]float32, benchElements), gaussian(benchElements, 2, 1)
	for _, c := range []struct {
		name string
		run  func()
	}{
		{"Exp", func() { Exp(y, x) }},
		{"Tanh", func() { Tanh(y, x) }},
		{"Sigmoid", func() { Sigmoid(y, x) }},
		{"ReLU", func() { ReLU(y, x) }},
		{"GELU", func() { GELU(y, x) }},
		{"GELUTanh", func() { GELUTanh(y, x) }},
		{"SiLU", func() { SiLU(y, x) }},
		{"ReLUGrad", func() { ReLUGrad(y, x, dy) }},
		{"GELUGrad", func() { GELUGrad(y, x, dy) }},
		{"GELUTanhGrad", func() { GELUTanhGrad(y, x, dy) }},
		{"SiLUGrad", func() { SiLUGrad(y, x, dy) }},
		{"TanhGrad", func() { TanhGrad(y, x, dy) }},
		{"SigmoidGrad", func() { SigmoidGrad(y, x, dy) }},
		{"SwiGLU", func() { SwiGLU(y, x, dy) }},
		{"ExpShift", func() { ExpShift(y, x, 3, 0.5) }},
		{"Dropout", func() { Dropout(y, x, 0.2, 1, 0) }},
		{"DropoutAdd", func() { DropoutAdd(y, x, dy, 0.2, 1, 0) }},
		{"Add", func() { Add(y, x, dy) }},
		{"Sub", func() { Sub(y, x, dy) }},
		{"Mul", func() { Mul(y, x, dy) }},
		{"Scale", func() { Scale(y, x, 0.5) }},
		{"Axpy", func() { Axpy(y, 1e-9, x) }},
		{"Sum", func() { Sum(x) }},
		{"Dot", func() { Dot(x, dy) }},
		{"SumSquares", func() { SumSquares(x) }},
		{"LogSumExp", func() { LogSumExp(x) }},
	} {
		benchmark(b, c.name, benchElements, c.run)
	}
}

// benchmark runs one kernel in each tier; bytes/s are elements read, four bytes each.
func benchmark(b *testing.B, name string, elements int, run func()) {
	b.Run(name, func(b *testing.B) {
		eachTierBench(b, func(b *testing.B) {
			b.SetBytes(int64(4 * elements))
			for b.Loop() {
				run()
			}
		})
	})
}

func BenchmarkBias(b *testing.B) {
	const rows, cols = 8, 512
	z, y, bias := gaussian(rows*cols, 1, 1), make([]float32, rows*cols), make([]float32, cols)
	benchmark(b, "Bias", rows*cols, func() { Bias(z, rows, cols, bias) })
	benchmark(b, "ReLU", rows*cols, func() { BiasReLU(y, z, rows, cols, bias) })
	benchmark(b, "GELU", rows*cols, func() { BiasGELU(y, z, rows, cols, bias) })
	benchmark(b, "GELUTanh", rows*cols, func() { BiasGELUTanh(y, z, rows, cols, bias) })
	slope := make([]float32, rows*cols)
	benchmark(b, "GELUSlope", rows*cols, func() { BiasGELUSlope(y, slope, rows, cols, bias) })
	benchmark(b, "GELUSlopeNoBias", rows*cols, func() { BiasGELUSlope(y, slope, rows, cols, nil) })
}

// BenchmarkNorm uses 64 rows of 128 or 768: ns/op divided by 64 is ns per row.
func BenchmarkNorm(b *testing.B) {
	for _, cols := range []int{128, 768} {
		const rows = 64
		x, y, dy := gaussian(rows*cols, 1, 1), make([]float32, rows*cols), gaussian(rows*cols, 2, 1)
		gain, bias, dgain, dbias := ones(cols), ones(cols), ones(cols), ones(cols)
		mean, rstd := make([]float32, rows), make([]float32, rows)
		size := map[int]string{128: "128", 768: "768"}[cols]
		benchmark(b, "Layer"+size, rows*cols, func() { LayerNorm(y, mean, rstd, x, gain, bias, rows, cols, 1e-5) })
		benchmark(b, "LayerGrad"+size, rows*cols, func() {
			LayerNormGrad(y, dgain, dbias, dy, x, mean, rstd, gain, rows, cols)
		})
		benchmark(b, "RMS"+size, rows*cols, func() { RMSNorm(y, rstd, x, gain, rows, cols, 1e-5) })
		benchmark(b, "RMSGrad"+size, rows*cols, func() { RMSNormGrad(y, dgain, dy, x, rstd, gain, rows, cols) })
		benchmark(b, "ColumnSums"+size, rows*cols, func() { ColumnSums(dgain, x, rows, cols, cols) })
	}
}

// BenchmarkSoftmax uses the triangle of causal attention: 64 rows of 64 or 256 of 256 with 1, 2, 3, … entries.
func BenchmarkSoftmax(b *testing.B) {
	for _, size := range []int{64, 256} {
		x, p, n := gaussian(size*size, 1, 1), gaussian(size*size, 2, 1), make([]int, size)
		for r := range n {
			n[r] = r + 1
		}
		lse, y := make([]float32, size), make([]float32, size*size)
		name := map[int]string{64: "64", 256: "256"}[size]
		benchmark(b, "Rows"+name, size*size, func() { copy(y, x); SoftmaxRows(y, size, size, size, n, 0.125, lse) })
		benchmark(b, "RowsFull"+name, size*size, func() { copy(y, x); SoftmaxRows(y, size, size, size, nil, 0.125, lse) })
		benchmark(b, "Again"+name, size*size, func() { copy(y, x); SoftmaxAgain(y, size, size, size, n, 0.125, lse) })
		benchmark(b, "Grad"+name, size*size, func() { copy(y, x); SoftmaxGradRows(y, p, size, size, size, n, lse, 0.125) })
	}
	x := gaussian(50257, 1, 1)
	benchmark(b, "LogSumExp50257", len(x), func() { LogSumExp(x) })
}

func BenchmarkAdamW(b *testing.B) {
	o := AdamWStep{LR: 1e-3, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, Decay: 0.1, Correct1: 0.9, Correct2: 0.5, GScale: 1}
	for _, c := range []struct {
		name string
		n    int
	}{{"4096", benchElements}, {"memory4M", 1 << 22}} {
		w, g, m, v := gaussian(c.n, 1, 1), gaussian(c.n, 2, 1), make([]float32, c.n), make([]float32, c.n)
		benchmark(b, c.name, c.n, func() { AdamW(w, g, m, v, o) })
	}
}

// BenchmarkCell uses 16 rows of 256 cells, 4096 in total.
func BenchmarkCell(b *testing.B) {
	const rows, h = 16, 256
	z, zh, c, tc := gaussian(rows*4*h, 1, 1), gaussian(rows*4*h, 2, 1), gaussian(rows*h, 3, 1), make([]float32, rows*h)
	out, dz, d := make([]float32, rows*h), make([]float32, rows*4*h), gaussian(rows*h, 4, 1)
	benchmark(b, "LSTM", rows*h, func() { LSTMCell(z, c, d, tc, out, rows, h, 4*h, h, h) })
	benchmark(b, "LSTMGrad", rows*h, func() { LSTMCellGrad(dz, d, z, c, tc, out, rows, h, 4*h, h, h) })
	benchmark(b, "GRU", rows*h, func() { GRUCell(z, zh, c, out, rows, h, 3*h, h) })
	benchmark(b, "GRUGrad", rows*h, func() { GRUCellGrad(dz, dz, d, z, zh, c, out, rows, h, 3*h, h) })
}

// BenchmarkRotate uses 16 rows of 4 heads of 64, 4096 elements.
func BenchmarkRotate(b *testing.B) {
	const rows, heads, dim = 16, 4, 64
	cos, sin := angles(rows, dim/2)
	x := gaussian(rows*heads*dim, 1, 1)
	benchmark(b, "Interleaved", len(x), func() { Rotate(x, cos, sin, rows, heads, dim, heads*dim, Interleaved) })
	benchmark(b, "HalfSplit", len(x), func() { Rotate(x, cos, sin, rows, heads, dim, heads*dim, HalfSplit) })
}
