package vec

import "testing"

// eachTier runs f with every instruction set of the kernels that the processor supports.
func eachTier(t *testing.T, f func(t *testing.T)) {
	for _, name := range []string{"none", "avx2", "avx512"} {
		if withTier(name, func() { t.Run(name, f) }) {
			continue
		}
		t.Run(name, func(t *testing.T) { t.Skip("this processor has no " + name) })
	}
}

func eachTierBench(b *testing.B, f func(b *testing.B)) {
	for _, name := range []string{"none", "avx2", "avx512"} {
		withTier(name, func() { b.Run(name, f) })
	}
}

// withTier calls f with the named instruction set, and reports whether the processor supports it.
func withTier(name string, f func()) bool {
	any, wide := simd, vecWide
	defer func() { simd, vecWide = any, wide }()
	simd, vecWide = chooseSIMD(name)
	if simd != (name != "none") || vecWide != (name == "avx512") {
		return false
	}
	f()
	return true
}
