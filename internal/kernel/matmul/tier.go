package matmul

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
)

// Variable is the environment variable with the tier that Use selects for "auto".
const Variable = "EURYALE_BLAS"

// Info describes a tier.
type Info struct {
	Name   string // "openblas", "builtin", "split" or "gonum"
	Detail string // the library or the CPU features it uses
	Hint   string // how to get a faster tier; empty if there is none
}

// tier computes one product in the calling goroutine.
type tier struct {
	info  Info
	sgemm func(product[float32])
	dgemm func(product[float64])
	// single and double are the kernels of sgemm and dgemm, nil for OpenBLAS and gonum.
	// bf16, bf16x2 and bf16x3 compute with operands of one, two and three bfloat16, int8
	// with 8-bit integers; they are nil unless that is faster.
	single, bf16, bf16x2, bf16x3, int8 *kernels[float32]
	double                             *kernels[float64]
	// anySplit is set if the bits of an element of C do not depend on how the product is
	// split.
	anySplit bool
}

// reduced returns the kernels of float32 products with rounded operands at the current
// precision, or nil if the operands are not rounded.
func (t *tier) reduced() *kernels[float32] {
	switch InUse() {
	case Medium, Int8:
		return t.bf16
	case High:
		return t.bf16x2
	}
	return t.bf16x3
}

// packed returns the kernels of float32 products with a packed operand, or nil if the tier
// does not read packed operands.
func (t *tier) packed() *kernels[float32] {
	if InUse() == Int8 && t.int8 != nil {
		return t.int8
	}
	if ks := t.reduced(); ks != nil {
		return ks
	}
	return t.single
}

// active is the current tier.
var active atomic.Pointer[tier]

// Before the first call of Use, the tier is that of "auto". Use reports an invalid
// environment variable.
func init() {
	t, err := choose("auto")
	if err != nil {
		t = fastest()
	}
	active.Store(t)
}

// Use sets the tier of all later products: "openblas", "builtin", "split", "gonum", or
// "auto" for the tier that the environment variable EURYALE_BLAS names, or else the
// fastest available. "split" is "builtin" with operands of two bfloat16 at High and three
// at Highest even if that is slower, to measure their effect on a model. An unknown or
// unavailable tier is an error and changes nothing.
func Use(name string) error {
	t, err := choose(name)
	if err != nil {
		return fmt.Errorf("matmul: %w", err)
	}
	active.Store(t)
	return nil
}

func choose(name string) (*tier, error) {
	if name == "auto" {
		name = os.Getenv(Variable)
		if name == "" || name == "auto" {
			return fastest(), nil
		}
		t, err := choose(name)
		if err != nil {
			err = fmt.Errorf("environment variable %s: %w", Variable, err)
		}
		return t, err
	}
	switch name {
	case "openblas":
		return openblasTier()
	case "builtin":
		if t := builtinTier(); t != nil {
			return t, nil
		}
		return nil, errors.New("there are no built-in kernels for this processor (they need amd64 with AVX2, FMA and BMI2): use auto, openblas or gonum")
	case "split":
		if t := splitTier(); t != nil {
			return t, nil
		}
		return nil, errors.New("this processor does not multiply bfloat16 (that needs amd64 with AVX512-BF16): use auto, openblas, builtin or gonum")
	case "gonum":
		return gonumTier(), nil
	}
	return nil, fmt.Errorf("unknown tier %q: use auto, openblas, builtin, split or gonum", name)
}

// fastest returns the tier of "auto": the built-in kernels if available, then
// OpenBLAS, then gonum. The built-in kernels need no library and were faster than
// OpenBLAS 0.3.21 (Cooperlake kernels) for nearly all shapes on an AMD EPYC of the
// Zen 5 family. One thread, float32, GFLOP/s, best of several alternating runs: 512³
// 241 against 203, 2048³ 214 against 186, 64³ 212 against 226 and with B transposed
// 213 against 154; with AVX2 only, against OpenBLAS's Haswell kernels, 512³ 110
// against 109. BenchmarkGemm compares them on other machines.
func fastest() *tier {
	if t := builtinTier(); t != nil {
		return t
	}
	if t, err := openblasTier(); err == nil {
		return t
	}
	return gonumTier()
}

// Tier returns the description of the current tier.
func Tier() Info { return active.Load().info }
