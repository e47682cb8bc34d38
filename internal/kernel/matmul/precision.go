package matmul

import (
	"fmt"
	"sync/atomic"
)

// Precision is how exact products of float32 matrices must be, with the names and
// the meaning of torch.set_float32_matmul_precision, and one more: a permission, which a tier uses
// if that is faster on this machine. Sums are always float32, and products of
// float64 are not touched.
type Precision string

// The precisions.
const (
	// Highest keeps all 24 bits of the operands.
	Highest Precision = "highest"
	// High may split each operand in two bfloat16, which together have 16 bits.
	High Precision = "high"
	// Medium may round operands to bfloat16, which has 8 bits, nearest even. Numbers
	// below the smallest normal one, 1.2e-38, then count as zero.
	Medium Precision = "medium"
	// Int8 is Medium, and products with a packed operand may round both to 8-bit integers:
	// a row of A and a column of op(B) each to multiples of a 127th of its largest
	// magnitude. Their sums are exact, and numbers beyond 2e36 may become Inf. It is for
	// weights while they generate.
	Int8 Precision = "int8"
)

// Trainable tells whether gradients are exact enough to train with.
func (p Precision) Trainable() bool { return p != Int8 }

var precision atomic.Pointer[Precision]

// SetPrecision chooses the precision of all following products. An unknown name is
// an error; the precision then stays as it was. It is Highest at the start.
func SetPrecision(p Precision) error {
	if err := p.Check(); err != nil {
		return fmt.Errorf("matmul: the precision is %w", err)
	}
	precision.Store(&p)
	return nil
}

// DefaultPrecision returns the precision that training uses by default: High where that
// splits operands, which costs a model nothing that seeds do not (docs/precision.md), and
// else Highest.
func DefaultPrecision() Precision {
	if active.Load().split != nil {
		return High
	}
	return Highest
}

// Check returns an error that begins with the name if there is no such precision.
func (p Precision) Check() error {
	switch p {
	case Highest, High, Medium, Int8:
		return nil
	}
	return fmt.Errorf("%q: want highest, high, medium or int8", string(p))
}

// InUse is the precision last set.
func InUse() Precision {
	if p := precision.Load(); p != nil {
		return *p
	}
	return Highest
}

// Products says what the operands of large products are rounded to on this machine
// at the precision in use: "float32", "bfloat16", "two bfloat16" or "three bfloat16",
// whose sum they are, or "8-bit integers", if one is packed.
func Products() string {
	if ks := active.Load().packed(); ks != nil {
		return ks.operands
	}
	return "float32"
}
