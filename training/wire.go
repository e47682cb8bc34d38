package training

import "math"

// roundToBFloat16 rounds values to the nearest bfloat16, to even where two are as near, in place.
func roundToBFloat16(x []float32) {
	for i, v := range x {
		x[i] = math.Float32frombits(uint32(bfloat16(v)) << 16)
	}
}

// bfloat16 returns the upper half of v's bits, rounded to nearest even. NaN stays NaN.
func bfloat16(v float32) uint16 {
	bits := math.Float32bits(v)
	if v != v {
		return uint16(bits>>16) | 0x40 // quiet: rounding could make it infinite
	}
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}

// toBFloat16 writes values that are bfloat16 already.
func toBFloat16(to []uint16, x []float32) {
	for i, v := range x {
		to[i] = uint16(math.Float32bits(v) >> 16)
	}
}

func fromBFloat16(to []float32, x []uint16) {
	for i, v := range x {
		to[i] = math.Float32frombits(uint32(v) << 16)
	}
}
