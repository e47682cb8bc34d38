package matmul

import (
	"fmt"
	"sync/atomic"
)

// Precision is the precision of products of float32 matrices, with the names and the
// meaning of torch.set_float32_matmul_precision, and in addition Int8. It permits a tier to
// round operands, which the tier does only if that is faster on this machine. Sums are
// always float32, and products of float64 are not affected.
type Precision string

// The precisions.
const (
	// Highest keeps all 24 bits of the operands.
	Highest Precision = "highest"
	// High permits splitting each operand into the sum of two bfloat16, with 16 bits.
	High Precision = "high"
	// Medium permits rounding operands to bfloat16, which has 8 bits, to nearest even.
	// Denormals (below 1.2e-38) are then flushed to zero.
	Medium Precision = "medium"
	// Int8 is Medium, but products with a packed operand may quantize both operands to 8-bit
	// integers: each row of A and each column of op(B) to multiples of 1/127 of its largest
	// magnitude. The integer sums are exact; numbers beyond 2e36 may become Inf. It is meant
	// for generation.
	Int8 Precision = "int8"
)

// Trainable reports whether gradients are precise enough for training.
func (p Precision) Trainable() bool { return p != Int8 }

var precision atomic.Pointer[Precision]

// SetPrecision sets the precision of all later products. An unknown name is an error and
// changes nothing. The initial precision is Highest.
func SetPrecision(p Precision) error {
	if err := p.Check(); err != nil {
		return fmt.Errorf("matmul: the precision is %w", err)
	}
	precision.Store(&p)
	return nil
}

// DefaultPrecision returns the default precision of training: High if that splits operands,
// else Highest. Splitting changes the loss of a model no more than another seed
// (docs/precision.md).
func DefaultPrecision() Precision {
	if active.Load().bf16x2 != nil {
		return High
	}
	return Highest
}

// Check returns an error that begins with the name unless p is one of the precisions.
func (p Precision) Check() error {
	switch p {
	case Highest, High, Medium, Int8:
		return nil
	}
	return fmt.Errorf("%q: want highest, high, medium or int8", string(p))
}

// InUse returns the current precision.
func InUse() Precision {
	if p := precision.Load(); p != nil {
		return *p
	}
	return Highest
}

// Products returns the type that the operands of large products are rounded to on this
// machine at the current precision: "float32", "bfloat16", "two bfloat16" or "three
// bfloat16" (the sum of so many), or "8-bit integers" (of products with a packed operand).
func Products() string {
	if ks := active.Load().packed(); ks != nil {
		return ks.operands
	}
	return "float32"
}
