package vec

import (
	"math"

	"euryale/internal/kernel"
)

// AdamWStep holds the parameters of one step of AdamW. Correct1 and Correct2 are the bias corrections
// 1−β1ᵗ and 1−β2ᵗ of step t; the gradient is first multiplied by GScale (clipping, averaging).
type AdamWStep struct {
	LR, Beta1, Beta2, Eps, Decay, Correct1, Correct2, GScale float64
}

// AdamW updates w, m and v by one step (Loshchilov and Hutter, 2019): with g' = g·GScale,
//
//	m = β1·m + (1−β1)·g',  v = β2·v + (1−β2)·g'²
//	w = w − LR·( (m/Correct1) / (√(v/Correct2) + Eps) + Decay·w )
//
// In float32 the error is at most 2e-7 of max(1, |value|); in assembly denormal moments are flushed to 0.
// All four slices have the same length and do not overlap.
func AdamW[T kernel.Float](w, g, m, v []T, o AdamWStep) {
	sameLength("AdamW", len(w), len(g), len(m), len(v))
	keep := 1 - o.LR*o.Decay
	if fast[T]() {
		vecAdamW(start(w), start(g), start(m), start(v), len(w), float32(o.GScale), float32(o.Beta1), float32(1-o.Beta1),
			float32(o.Beta2), float32(1-o.Beta2), float32(o.LR/o.Correct1), float32(1/o.Correct2), float32(o.Eps), float32(keep))
		return
	}
	for i := range w {
		gs := float64(g[i]) * o.GScale
		mi := o.Beta1*float64(m[i]) + (1-o.Beta1)*gs
		vi := o.Beta2*float64(v[i]) + (1-o.Beta2)*gs*gs
		m[i], v[i] = T(mi), T(vi)
		w[i] = T(float64(w[i])*keep - o.LR*(mi/o.Correct1)/(math.Sqrt(vi/o.Correct2)+o.Eps))
	}
}
