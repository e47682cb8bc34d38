package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"euryale/internal/kernel/vec"
)

// CausalConv returns the causal depthwise convolution of each sequence with a kernel of K
// tokens: y_t = Σ_k W_k ⊙ x_{t−K+1+k} + b. prev holds the K−1 tokens before the first, oldest
// first. Rows of padding are skipped; their result is zero. b may be nil.
//
//	x: (B·T, D), W: (K, D), prev: (B, (K−1)·D), at: (B·T) int, b: (D) → (B·T, D)
func CausalConv(p Place, sequences int, x, w, prev, at, b *G.Node) (*G.Node, error) {
	s, n, err := sequencesOf(sequences, x, prev, at)
	if err != nil {
		return nil, err
	}
	if w.Dims() != 2 || w.Shape()[0] != n+1 || w.Shape()[1] != s.width {
		return nil, fmt.Errorf("the weights are %v and the state %v, want (K, %d) and (%d, (K−1)·%d)", w.Shape(), prev.Shape(), s.width, sequences, s.width)
	}
	p.Tape.readAsMatrix(w)
	nodes := G.Nodes{x, w, prev, at}
	if b != nil {
		if b.Shape().TotalSize() != s.width {
			return nil, fmt.Errorf("b is %v, want (%d)", b.Shape(), s.width)
		}
		nodes = append(nodes, b)
	}
	return apply(p, convSpec[float32](s, n+1, b != nil), convSpec[float64](s, n+1, b != nil), nodes...)
}

// conv holds the sizes and scratch of one CausalConv.
type conv[T Float] struct {
	layout
	taps    int   // K
	tokens  []int // (B, T), the rows of each sequence that are not padding
	lengths []int // (B), the number of those rows
	product []T   // (B, D)
}

func convSpec[T Float](s layout, taps int, bias bool) spec[T] {
	c := &conv[T]{s, taps, make([]int, s.sequences*s.steps), make([]int, s.sequences), make([]T, s.sequences*s.width)}
	flops := 2 * float64(s.sequences*s.steps*s.width) * float64(taps)
	sp := spec[T]{
		shape: s.shape(),
		flops: flops,
		fwd:   c.forward,
		backs: []back[T]{
			{of: []int{0, 2}, reads: []int{1, 3}, flops: flops, do: c.inputGrads},
			{of: []int{1}, reads: []int{0, 2, 3}, flops: flops, do: c.weightGrad},
		},
	}
	if bias {
		sp.backs = append(sp.backs, back[T]{of: []int{4}, reads: []int{3}, do: func(in []arg[T], _, dy []T, g [][]T) {
			clear(g[0])
			for r, at := range in[3].I {
				if at >= 0 {
					vec.Add(g[0], g[0], nth(dy, r, s.width))
				}
			}
		}})
	}
	return sp
}

// find sets tokens and lengths from the positions.
func (c *conv[T]) find(at []int) {
	for seq := range c.sequences {
		n := 0
		for r := seq * c.steps; r < (seq+1)*c.steps; r++ {
			if at[r] >= 0 {
				c.tokens[seq*c.steps+n] = r
				n++
			}
		}
		c.lengths[seq] = n
	}
}

// before returns the row, of x or prev, that W_k multiplies for a sequence's i-th token.
func (c *conv[T]) before(x, prev []T, seq, i, k int) []T {
	j := i - (c.taps - 1) + k
	if j < 0 {
		return nth(prev, seq*(c.taps-1)+c.taps-1+j, c.width)
	}
	return nth(x, c.tokens[seq*c.steps+j], c.width)
}

func (c *conv[T]) forward(in []arg[T], y []T) {
	c.find(in[3].I)
	c.eachChunk(func(seq, from, to int) {
		product := nth(c.product, seq, c.width)[from:to]
		for t := range c.steps {
			if r := seq*c.steps + t; in[3].I[r] < 0 {
				clear(nth(y, r, c.width)[from:to])
			}
		}
		for i := range c.lengths[seq] {
			sum := nth(y, c.tokens[seq*c.steps+i], c.width)[from:to]
			for k := range c.taps {
				vec.Mul(product, nth(in[1].X, k, c.width)[from:to], c.before(in[0].X, in[2].X, seq, i, k)[from:to])
				switch {
				case k > 0:
					vec.Add(sum, sum, product)
				case len(in) > 4:
					vec.Add(sum, product, in[4].X[from:to])
				default:
					copy(sum, product)
				}
			}
		}
	})
}

func (c *conv[T]) inputGrads(in []arg[T], _, dy []T, g [][]T) {
	c.find(in[3].I)
	clear(g[0])
	clear(g[1])
	c.eachChunk(func(seq, from, to int) {
		product := nth(c.product, seq, c.width)[from:to]
		for i := range c.lengths[seq] {
			for k := range c.taps {
				vec.Mul(product, nth(in[1].X, k, c.width)[from:to], nth(dy, c.tokens[seq*c.steps+i], c.width)[from:to])
				dx := c.before(g[0], g[1], seq, i, k)[from:to]
				vec.Add(dx, dx, product)
			}
		}
	})
}

// weightGrad sums in the order of the rows, so that the result does not depend on the number
// of workers, which split columns.
func (c *conv[T]) weightGrad(in []arg[T], _, dy []T, g [][]T) {
	c.find(in[3].I)
	clear(g[0])
	all := layout{1, c.sequences * c.steps, c.width}
	all.eachChunk(func(_, from, to int) {
		product := c.product[from:to]
		for seq := range c.sequences {
			for i := range c.lengths[seq] {
				for k := range c.taps {
					vec.Mul(product, nth(dy, c.tokens[seq*c.steps+i], c.width)[from:to], c.before(in[0].X, in[2].X, seq, i, k)[from:to])
					dw := nth(g[0], k, c.width)[from:to]
					vec.Add(dw, dw, product)
				}
			}
		}
	})
}
