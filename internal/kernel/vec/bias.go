package vec

import "euryale/internal/kernel"

// Bias adds the row vector b (cols) to each row of z (rows×cols), in place. If b is nil, it does nothing.
func Bias[T kernel.Float](z []T, rows, cols int, b []T) {
	checkBias("Bias", len(z), len(z), rows, cols, b)
	if b == nil {
		return
	}
	for r := range rows {
		row := z[r*cols : (r+1)*cols]
		Add(row, row, b)
	}
}

// BiasReLU adds b (cols, may be nil) to each row of z (rows×cols), in place, and writes y = ReLU(z).
// y may be z.
func BiasReLU[T kernel.Float](y, z []T, rows, cols int, b []T) {
	checkBias("BiasReLU", len(y), len(z), rows, cols, b)
	if fast[T]() && b != nil {
		for i := 0; i < len(z); i += cols {
			vecBiasReLU(start(y[i:]), start(z[i:]), start(b), cols)
		}
		return
	}
	Bias(z, rows, cols, b)
	ReLU(y, z)
}

// BiasGELU does the same as BiasReLU with GELU.
func BiasGELU[T kernel.Float](y, z []T, rows, cols int, b []T) {
	checkBias("BiasGELU", len(y), len(z), rows, cols, b)
	if fast[T]() && b != nil {
		for i := 0; i < len(z); i += cols {
			vecBiasGELU(start(y[i:]), start(z[i:]), start(b), cols)
		}
		return
	}
	Bias(z, rows, cols, b)
	GELU(y, z)
}

// BiasGELUTanh does the same as BiasReLU with GELUTanh.
func BiasGELUTanh[T kernel.Float](y, z []T, rows, cols int, b []T) {
	checkBias("BiasGELUTanh", len(y), len(z), rows, cols, b)
	if fast[T]() && b != nil {
		for i := 0; i < len(z); i += cols {
			vecBiasGELUTanh(start(y[i:]), start(z[i:]), start(b), cols)
		}
		return
	}
	Bias(z, rows, cols, b)
	GELUTanh(y, z)
}

// BiasGELUSlope writes y = GELU(z+b), and overwrites z with GELU'(z+b), for the gradient. b (cols) may be
// nil.
func BiasGELUSlope[T kernel.Float](y, z []T, rows, cols int, b []T) {
	checkBias("BiasGELUSlope", len(y), len(z), rows, cols, b)
	if fast[T]() {
		biasRows(y, z, cols, b, func(y, z, b *float32, n int) { vecBiasGELUSlope(y, z, b, n) })
		return
	}
	Bias(z, rows, cols, b)
	GELU(y, z)
	slopes(z, geluSlope)
}

// BiasGELUTanhSlope does the same as BiasGELUSlope with GELUTanh.
func BiasGELUTanhSlope[T kernel.Float](y, z []T, rows, cols int, b []T) {
	checkBias("BiasGELUTanhSlope", len(y), len(z), rows, cols, b)
	if fast[T]() {
		biasRows(y, z, cols, b, func(y, z, b *float32, n int) { vecBiasGELUTanhSlope(y, z, b, n) })
		return
	}
	Bias(z, rows, cols, b)
	GELUTanh(y, z)
	slopes(z, geluTanhSlope)
}

// biasRows calls f for every row of z or, if b is nil, for parts of z with a bias of zeros.
func biasRows[T kernel.Float](y, z []T, cols int, b []T, f func(y, z, b *float32, n int)) {
	bias := start(b)
	if b == nil {
		bias, cols = &noBias[0], len(noBias)
	}
	for i := 0; i < len(z); i += cols {
		f(start(y[i:]), start(z[i:]), bias, min(cols, len(z)-i))
	}
}

var noBias [1024]float32

func slopes[T kernel.Float](z []T, slope func(float64) float64) {
	for i, v := range z {
		z[i] = T(slope(float64(v)))
	}
}

func checkBias[T kernel.Float](function string, ny, nz, rows, cols int, b []T) {
	needs(function, rows*cols, "y z", ny, nz)
	if b != nil {
		needs(function, cols, "b", len(b))
	}
}
