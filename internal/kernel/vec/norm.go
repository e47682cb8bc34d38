package vec

import (
	"math"

	"euryale/internal/kernel"
)

// LayerNorm writes y = (x − mean)·rstd·gain + bias for each row of x (rows×cols), with the row's mean
// and rstd = 1/√(variance + eps), variance over cols (Ba, Kiros and Hinton, 2016). gain and bias have
// cols elements, bias may be nil; mean and rstd receive one element per row. In float32 the error of sums
// of 768 elements is at most 2e-6, plus the rounding error mean·2⁻²⁴ of the subtraction. y may be x.
func LayerNorm[T kernel.Float](y, mean, rstd, x, gain, bias []T, rows, cols int, eps float64) {
	needs("LayerNorm", rows*cols, "y x", len(y), len(x))
	needs("LayerNorm", rows, "mean rstd", len(mean), len(rstd))
	needs("LayerNorm", cols, "gain", len(gain))
	if bias != nil {
		needs("LayerNorm", cols, "bias", len(bias))
	}
	if fast[T]() {
		vecLayerNorm(start(y), start(mean), start(rstd), start(x), start(gain), start(bias),
			rows, cols, 1/float32(cols), float32(eps))
		return
	}
	for r := range rows {
		xs, ys := x[r*cols:(r+1)*cols], y[r*cols:(r+1)*cols]
		m := Sum(xs) / float64(cols)
		var q float64
		for _, v := range xs {
			q += (float64(v) - m) * (float64(v) - m)
		}
		s := 1 / math.Sqrt(q/float64(cols)+eps)
		mean[r], rstd[r] = T(m), T(s)
		for j, v := range xs {
			h := (float64(v) - m) * s * float64(gain[j])
			if bias != nil {
				h += float64(bias[j])
			}
			ys[j] = T(h)
		}
	}
}

// LayerNormGrad computes the gradient of LayerNorm, from x, mean and rstd of the forward pass. With
// x̂ = (x − mean)·rstd and t = dy·gain, for each row
//
//	dx = rstd·(t − avg(t) − x̂·avg(t·x̂))
//
// and, overwritten with the sum over the rows, dgain = Σ dy·x̂, dbias = Σ dy. dbias may be nil, dx may
// be dy; dgain and dbias have cols elements and must not overlap the others. In float32 the errors are at
// most 2e-6 of max(1, |value|).
func LayerNormGrad[T kernel.Float](dx, dgain, dbias, dy, x, mean, rstd, gain []T, rows, cols int) {
	needs("LayerNormGrad", rows*cols, "dx dy x", len(dx), len(dy), len(x))
	needs("LayerNormGrad", rows, "mean rstd", len(mean), len(rstd))
	needs("LayerNormGrad", cols, "dgain gain", len(dgain), len(gain))
	if dbias != nil {
		needs("LayerNormGrad", cols, "dbias", len(dbias))
	}
	clear(dgain)
	clear(dbias)
	if fast[T]() {
		vecLayerNormGrad(start(dx), start(dgain), start(dbias), start(dy), start(x), start(mean), start(rstd), start(gain),
			rows, cols, 1/float32(cols))
		return
	}
	for r := range rows {
		normGradRow(dx[r*cols:(r+1)*cols], dgain, dbias, dy[r*cols:(r+1)*cols], x[r*cols:(r+1)*cols], gain,
			float64(mean[r]), float64(rstd[r]), true)
	}
}

// normGradRow computes one row of the gradient of a normalisation; centred is true for LayerNorm, which
// subtracts the mean, and false for RMSNorm.
func normGradRow[T kernel.Float](dx, dgain, dbias, dy, x, gain []T, m, s float64, centred bool) {
	var st, sth float64
	for j, v := range x {
		h, d := (float64(v)-m)*s, float64(dy[j])
		dgain[j] += T(d * h)
		if dbias != nil {
			dbias[j] += dy[j]
		}
		t := d * float64(gain[j])
		st += t
		sth += t * h
	}
	n := float64(len(x))
	if !centred {
		st = 0
	}
	for j, v := range x {
		h := (float64(v) - m) * s
		dx[j] = T(s * (float64(dy[j])*float64(gain[j]) - st/n - h*sth/n))
	}
}

// RMSNorm writes y = x·rstd·gain for each row of x (rows×cols) with rstd = 1/√(avg(x²) + eps) (Zhang and
// Sennrich, 2019). gain has cols elements; rstd receives one element per row. In float32 the errors are at
// most 1e-6 of max(1, |value|). y may be x.
func RMSNorm[T kernel.Float](y, rstd, x, gain []T, rows, cols int, eps float64) {
	needs("RMSNorm", rows*cols, "y x", len(y), len(x))
	needs("RMSNorm", rows, "rstd", len(rstd))
	needs("RMSNorm", cols, "gain", len(gain))
	if fast[T]() {
		vecRMSNorm(start(y), start(rstd), start(x), start(gain), rows, cols, 1/float32(cols), float32(eps))
		return
	}
	for r := range rows {
		xs, ys := x[r*cols:(r+1)*cols], y[r*cols:(r+1)*cols]
		s := 1 / math.Sqrt(SumSquares(xs)/float64(cols)+eps)
		rstd[r] = T(s)
		for j, v := range xs {
			ys[j] = T(float64(v) * s * float64(gain[j]))
		}
	}
}

// RMSNormGrad computes the gradient of RMSNorm, from x and rstd of the forward pass: with x̂ = x·rstd and
// t = dy·gain, for each row dx = rstd·(t − x̂·avg(t·x̂)), and dgain = Σ dy·x̂ over the rows, overwritten.
// dx may be dy; dgain must not overlap the others. In float32 the errors are at most 4e-6 of
// max(1, |value|).
func RMSNormGrad[T kernel.Float](dx, dgain, dy, x, rstd, gain []T, rows, cols int) {
	needs("RMSNormGrad", rows*cols, "dx dy x", len(dx), len(dy), len(x))
	needs("RMSNormGrad", rows, "rstd", len(rstd))
	needs("RMSNormGrad", cols, "dgain gain", len(dgain), len(gain))
	clear(dgain)
	if fast[T]() {
		vecRMSNormGrad(start(dx), start(dgain), start(dy), start(x), start(rstd), start(gain), rows, cols, 1/float32(cols))
		return
	}
	for r := range rows {
		normGradRow(dx[r*cols:(r+1)*cols], dgain, nil, dy[r*cols:(r+1)*cols], x[r*cols:(r+1)*cols], gain,
			0, float64(rstd[r]), false)
	}
}
