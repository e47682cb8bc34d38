package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/vec"
)

// Scan is the order in which a recurrence reads the rows of B sequences of T tokens. Rows with
// position −1 are padding and keep the state.
type Scan struct {
	Sequences int  // B
	Reverse   bool // from each sequence's last token to its first
}

// scan is a Scan with the operands' sizes. Scratch of a scan is (T·B, ·), step by step, so that
// the rows of a step are contiguous and their product is one matrix product.
type scan struct {
	Scan
	steps, hidden int
}

// recurrent checks the operands' shapes: z has gates·H columns and prev state·H.
func (s Scan) recurrent(gates, state int, z, w, prev, at *G.Node) (scan, error) {
	if z.Dims() != 2 || w.Dims() != 2 || prev.Dims() != 2 || at.Dims() != 1 || at.Dtype() != tensor.Int {
		return scan{}, fmt.Errorf("z is %v, W %v, the state %v and positions %v of %v, want three matrices and a vector of int",
			z.Shape(), w.Shape(), prev.Shape(), at.Shape(), at.Dtype())
	}
	rows, h := z.Shape()[0], w.Shape()[0]
	if s.Sequences < 1 || rows%s.Sequences != 0 || at.Shape()[0] != rows || z.Shape()[1] != gates*h || w.Shape()[1] != gates*h ||
		prev.Shape()[0] != s.Sequences || prev.Shape()[1] != state*h {
		return scan{}, fmt.Errorf("z is %v, W %v, the state %v and positions %v, want (%d·T, %d·H), (H, %d·H), (%d, %d·H) and (%d·T)",
			z.Shape(), w.Shape(), prev.Shape(), at.Shape(), s.Sequences, gates, gates, s.Sequences, state, s.Sequences)
	}
	return scan{s, rows / s.Sequences, h}, nil
}

// rows returns B·T.
func (s scan) rows() int { return s.Sequences * s.steps }

// flops returns the operations of multiplying every row by w.
func (s scan) flops(w *G.Node) float64 {
	return 2 * float64(s.rows()) * float64(w.Shape().TotalSize())
}

// row returns the row of a sequence that step k reads.
func (s scan) row(k, seq int) int {
	if s.Reverse {
		k = s.steps - 1 - k
	}
	return seq*s.steps + k
}

// runs calls live for each range of consecutive sequences that have a token at step k, and idle
// for each range of those that have padding.
func (s scan) runs(k int, at []int, live, idle func(from, to int)) {
	for from := 0; from < s.Sequences; {
		padded := at[s.row(k, from)] < 0
		to := from + 1
		for to < s.Sequences && at[s.row(k, to)] < 0 == padded {
			to++
		}
		if padded {
			idle(from, to)
		} else {
			live(from, to)
		}
		from = to
	}
}

// gather copies step k of x (B·T, width) to dst (B, width).
func gather[T Float](s scan, k int, dst, x []T, width int) {
	for b := range s.Sequences {
		copy(dst[b*width:(b+1)*width], x[s.row(k, b)*width:])
	}
}

// scatter copies src (B, width) to columns from, from+1 … of step k of y (B·T, ld).
func scatter[T Float](s scan, k int, y []T, ld, from int, src []T, width int) {
	for b := range s.Sequences {
		copy(y[s.row(k, b)*ld+from:], src[b*width:(b+1)*width])
	}
}

// accumulate adds columns from, from+1 … of step k of y (B·T, ld) to sum (B, width).
func accumulate[T Float](s scan, k int, sum, y []T, ld, from, width int) {
	for b := range s.Sequences {
		row := sum[b*width : (b+1)*width]
		vec.Add(row, row, y[s.row(k, b)*ld+from:][:width])
	}
}

// span returns the part of x (B, width) of sequences from to to−1.
func span[T Float](x []T, from, to, width int) []T { return x[from*width : to*width] }

// nth returns the i-th block of n values of x.
func nth[T Float](x []T, i, n int) []T { return x[i*n : (i+1)*n] }
