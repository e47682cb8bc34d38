package matmul

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
)

// Variable is the environment variable that names the tier where the program
// asks for "auto".
const Variable = "EURYALE_BLAS"

// Info describes the tier in use.
type Info struct {
	Name   string // "openblas", "builtin", "split" or "gonum"
	Detail string // the library or the CPU features it uses
	Hint   string // how to get a faster one; empty if there is none
}

// tier computes one product in the calling goroutine.
type tier struct {
	info  Info
	sgemm func(product[float32])
	dgemm func(product[float64])
	// single and double are the kernels behind sgemm and dgemm, if these are of this
	// package; half, split and whole compute with operands of one bfloat16, of two and of
	// three, and bytes with 8-bit integers, if that is faster.
	single, half, split, whole, bytes *kernels[float32]
	double                            *kernels[float64]
	// anySplit is set if an element of C has the same bits however the product
	// around it is cut.
	anySplit bool
}

// reduced are the kernels of float32 products at the precision in use, if it lets
// operands be rounded and that is faster.
func (t *tier) reduced() *kernels[float32] {
	switch InUse() {
	case Medium, Int8:
		return t.half
	case High:
		return t.split
	}
	return t.whole
}

// packed are the kernels of float32 products with a packed operand; nil: it is not read.
func (t *tier) packed() *kernels[float32] {
	if InUse() == Int8 && t.bytes != nil {
		return t.bytes
	}
	if ks := t.reduced(); ks != nil {
		return ks
	}
	return t.single
}

// active is the tier every product runs on.
var active atomic.Pointer[tier]

// Before the first Use, products run on what "auto" stands for; a wrong name
// in the environment is reported by Use.
func init() {
	t, err := choose("auto")
	if err != nil {
		t = fastest()
	}
	active.Store(t)
}

// Use chooses the tier of all following products: "openblas", "builtin",
// "split", "gonum", or "auto" for the one the environment variable EURYALE_BLAS
// names and else for the fastest there is. "split" is "builtin" with operands in two
// parts at High and in three at Highest even where that is slower: it shows what
// they cost a model. An unknown name and a tier this machine does not have are errors; the tier then
// stays as it was.
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
		return nil, errors.New("no built-in kernels for this processor (they need amd64 with AVX2, FMA and BMI2); use auto, openblas or gonum")
	case "split":
		if t := splitTier(); t != nil {
			return t, nil
		}
		return nil, errors.New("nothing here multiplies bfloat16 (it needs amd64 with AVX512-BF16); use auto, openblas, builtin or gonum")
	case "gonum":
		return gonumTier(), nil
	}
	return nil, fmt.Errorf("unknown tier %q; use auto, openblas, builtin, split or gonum", name)
}

// fastest is what "auto" stands for: the built-in kernels wherever there are
// any, then OpenBLAS, then gonum. On the machine measured, an AMD EPYC of the
// Zen 5 family with OpenBLAS 0.3.21 (Cooperlake kernels), they need no library
// and are the faster in nearly all shapes. One thread, float32, GFLOP/s, best
// of several alternating runs: 512³ 241 against 203, 2048³ 214 against 186,
// 64³ 212 against 226 and with B transposed 213 against 154; with AVX2 only,
// against OpenBLAS's Haswell kernels, 512³ 110 against 109. BenchmarkGemm
// compares them on other machines.
func fastest() *tier {
	if t := builtinTier(); t != nil {
		return t
	}
	if t, err := openblasTier(); err == nil {
		return t
	}
	return gonumTier()
}

// Tier describes the tier in use.
func Tier() Info { return active.Load().info }
