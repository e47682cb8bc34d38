package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// Add, Sub, Mul and Div take operands of one shape, or broadcast one of them, on either side,
// to (N, D): a row (D) or (1, D), a column (N, 1), or a single value (1) or (1, 1).

// Add returns a + b.
//
//	a, b: (N, D), or one of them (D), (1, D), (N, 1), (1) or (1, 1) → (N, D)
func Add(s *Scope, a, b *G.Node) *G.Node { return s.Must(ops.Add(s.At("add"), a, b)) }

// Sub returns a − b.
//
//	a, b: (N, D), or one of them (D), (1, D), (N, 1), (1) or (1, 1) → (N, D)
func Sub(s *Scope, a, b *G.Node) *G.Node { return s.Must(ops.Sub(s.At("sub"), a, b)) }

// Mul returns the elementwise product a ⊙ b. MatMul is the matrix product.
//
//	a, b: (N, D), or one of them (D), (1, D), (N, 1), (1) or (1, 1) → (N, D)
func Mul(s *Scope, a, b *G.Node) *G.Node { return s.Must(ops.Mul(s.At("mul"), a, b)) }

// Div returns the elementwise quotient a ⊘ b.
//
//	a, b: (N, D), or one of them (D), (1, D), (N, 1), (1) or (1, 1) → (N, D)
func Div(s *Scope, a, b *G.Node) *G.Node { return s.Must(ops.Div(s.At("div"), a, b)) }

// Max returns the elementwise maximum of a and b. The gradient goes to the larger value, and
// half of it to each where they are equal.
//
//	a, b: (N, D) → (N, D)
func Max(s *Scope, a, b *G.Node) *G.Node { return s.Must(ops.Max(s.At("max"), a, b)) }

// Min returns the elementwise minimum of a and b. The gradient goes to the smaller value, and
// half of it to each where they are equal.
//
//	a, b: (N, D) → (N, D)
func Min(s *Scope, a, b *G.Node) *G.Node { return s.Must(ops.Min(s.At("min"), a, b)) }

// MatMul returns the matrix product a·b.
//
//	a: (N, K), b: (K, M) → (N, M)
func MatMul(s *Scope, a, b *G.Node) *G.Node { return s.Must(ops.MatMul(s.At("matmul"), a, b)) }

// MatMulT returns a·bᵀ, the products of every row of a with every row of b. For activations
// that includes rows of different sequences; Scores multiplies within each sequence.
//
//	a: (N, K), b: (M, K) → (N, M)
func MatMulT(s *Scope, a, b *G.Node) *G.Node { return s.Must(ops.MatMulT(s.At("matmul"), a, b)) }

// TMatMul returns aᵀ·b, a sum over rows. For activations that is a sum over the tokens of all
// sequences, as in SumRows.
//
//	a: (N, K), b: (N, M) → (K, M)
func TMatMul(s *Scope, a, b *G.Node) *G.Node { return s.Must(ops.TMatMul(s.At("matmul"), a, b)) }
