package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// Add, Sub, Mul and Div take operands of one shape. Or one of them is (N, D) and the other,
// on either side, serves all rows, all columns or all values: a row (D) or (1, D), a column
// (N, 1), a single value (1) or (1, 1).

// Add returns a + b.
//
//	a, b: (N, D), or one of them (D), (1, D), (N, 1), (1) or (1, 1) → (N, D)
func Add(s *Scope, a, b *G.Node) *G.Node { return s.Must(ops.Add(s.At("add"), a, b)) }

// Sub returns a − b.
//
//	a, b: (N, D), or one of them (D), (1, D), (N, 1), (1) or (1, 1) → (N, D)
func Sub(s *Scope, a, b *G.Node) *G.Node { return s.Must(ops.Sub(s.At("sub"), a, b)) }

// Mul returns a ⊙ b, value by value. MatMul is the matrix product.
//
//	a, b: (N, D), or one of them (D), (1, D), (N, 1), (1) or (1, 1) → (N, D)
func Mul(s *Scope, a, b *G.Node) *G.Node { return s.Must(ops.Mul(s.At("mul"), a, b)) }

// Div returns a ⊘ b, value by value.
//
//	a, b: (N, D), or one of them (D), (1, D), (N, 1), (1) or (1, 1) → (N, D)
func Div(s *Scope, a, b *G.Node) *G.Node { return s.Must(ops.Div(s.At("div"), a, b)) }

// Max returns the larger of a and b, value by value. The gradient goes to the larger, and
// half of it to each where they are equal.
//
//	a, b: (N, D) → (N, D)
func Max(s *Scope, a, b *G.Node) *G.Node { return s.Must(ops.Max(s.At("max"), a, b)) }

// Min returns the smaller of a and b, value by value. The gradient goes to the smaller, and
// half of it to each where they are equal.
//
//	a, b: (N, D) → (N, D)
func Min(s *Scope, a, b *G.Node) *G.Node { return s.Must(ops.Min(s.At("min"), a, b)) }

// MatMul returns the matrix product a·b. N·K·M multiplications count as a Linear's do.
//
//	a: (N, K), b: (K, M) → (N, M)
func MatMul(s *Scope, a, b *G.Node) *G.Node { return s.Must(ops.MatMul(s.At("matmul"), a, b)) }

// MatMulT returns a·bᵀ: the products of each row of a with each row of b. Rows of a batch
// are those of all its sequences; Scores multiplies within each.
//
//	a: (N, K), b: (M, K) → (N, M)
func MatMulT(s *Scope, a, b *G.Node) *G.Node { return s.Must(ops.MatMulT(s.At("matmul"), a, b)) }

// TMatMul returns aᵀ·b, a sum over rows. Rows of a batch are those of all its sequences,
// as in SumRows.
//
//	a: (N, K), b: (N, M) → (K, M)
func TMatMul(s *Scope, a, b *G.Node) *G.Node { return s.Must(ops.TMatMul(s.At("matmul"), a, b)) }
