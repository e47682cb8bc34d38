package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/vec"
)

// Scan says how a recurrence goes through its rows, which are B sequences of T tokens. A row
// whose position is −1 is padding: the state passes it unchanged.
type Scan struct {
	Sequences int  // B
	Reverse   bool // from each sequence's last token to its first
}

// scan is a Scan with its geometry. Inside a scan rows lie step by step, so that the
// product of a step is one matrix product on rows that are neighbours.
type scan struct {
	Scan
	steps, hidden int
}

// recurrent checks what recurrences have in common: z has gates·H columns and prev
// state·H.
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

// rows is B·T.
func (s scan) rows() int { return s.Sequences * s.steps }

// row is the row of a sequence that step k reads.
func (s scan) row(k, seq int) int {
	if s.Reverse {
		k = s.steps - 1 - k
	}
	return seq*s.steps + k
}

// runs calls live for each run of sequences that have a token at step k, and idle for each
// run of those that have none.
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

// collect adds columns from, from+1 … of step k of y (B·T, ld) to sum (B, width).
func collect[T Float](s scan, k int, sum, y []T, ld, from, width int) {
	for b := range s.Sequences {
		row := sum[b*width : (b+1)*width]
		vec.Add(row, row, y[s.row(k, b)*ld+from:][:width])
	}
}

// span is the part of x, with width values a sequence, that belongs to sequences from to to−1.
func span[T Float](x []T, from, to, width int) []T { return x[from*width : to*width] }

// nth is the i-th block of n values of x.
func nth[T Float](x []T, i, n int) []T { return x[i*n : (i+1)*n] }
