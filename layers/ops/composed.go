package ops

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/matmul"
	"euryale/internal/kernel/parallel"
	"euryale/internal/kernel/vec"
)

// Scores, ALiBi, Mask, Softmax and Mix are the steps of Attention as separate ops, for models
// that change a step. Scores and weights are (B·T, H·C): a row for each query, and for each
// head C columns, one for each key of the row's sequence.

// Scores returns q·kᵀ/√d for each head (Vaswani et al. 2017, eq. 1), or q·kᵀ if c.Raw is set.
//
//	q: (B·T, H·d), k: (B·C, K·d) → (B·T, H·C)
func Scores(p Place, c AttentionConfig, q, k *G.Node) (*G.Node, error) {
	a, err := c.geometry(q, k, k)
	if err != nil {
		return nil, err
	}
	return apply(p, scoresSpec[float32](a), scoresSpec[float64](a), q, k)
}

// product returns the operations of one product of a row for each query and one for each key.
func (a attention) product() float64 {
	return 2 * float64(a.Sequences*a.Heads*a.d) * float64(a.t) * float64(a.c)
}

// eachHead calls f for each sequence and query head. Heads that share a head of keys and values
// run in order, all others concurrently.
func (a attention) eachHead(f func(seq, kv, head int)) {
	group := a.Heads / a.KVHeads
	parallel.Each(a.Sequences*a.KVHeads, func(i int) {
		seq, kv := i/a.KVHeads, i%a.KVHeads
		for head := kv * group; head < (kv+1)*group; head++ {
			f(seq, kv, head)
		}
	})
}

// headOf returns x from the first value of a head of a sequence, in a matrix with n rows for
// each sequence and w columns for each head.
func headOf[T Float](x []T, seq, n, head, w, heads int) []T { return x[seq*n*heads*w+head*w:] }

func scoresSpec[T Float](a attention) spec[T] {
	ldq, ldk, lds := a.Heads*a.d, a.KVHeads*a.d, a.Heads*a.c
	scale := T(1 / math.Sqrt(float64(a.d)))
	if a.Raw {
		scale = 1
	}
	q := func(x []T, seq, head int) []T { return headOf(x, seq, a.t, head, a.d, a.Heads) }
	k := func(x []T, seq, kv int) []T { return headOf(x, seq, a.c, kv, a.d, a.KVHeads) }
	s := func(x []T, seq, head int) []T { return headOf(x, seq, a.t, head, a.c, a.Heads) }
	return spec[T]{
		shape: tensor.Shape{a.Sequences * a.t, lds},
		flops: a.product(),
		fwd: func(in []arg[T], y []T) {
			a.eachHead(func(seq, kv, head int) {
				matmul.Gemm(false, true, a.t, a.c, a.d, scale, q(in[0].X, seq, head), ldq, k(in[1].X, seq, kv), ldk, 0, s(y, seq, head), lds)
			})
		},
		backs: []back[T]{{of: []int{0, 1}, flops: 2 * a.product(), do: func(in []arg[T], _, dy []T, g [][]T) {
			clear(g[1])
			a.eachHead(func(seq, kv, head int) {
				ds := s(dy, seq, head)
				matmul.Gemm(false, false, a.t, a.d, a.c, scale, ds, lds, k(in[1].X, seq, kv), ldk, 0, q(g[0], seq, head), ldq)
				matmul.Gemm(true, false, a.c, a.d, a.t, scale, ds, lds, q(in[0].X, seq, head), ldq, 1, k(g[1], seq, kv), ldk)
			})
		}}},
	}
}

// Mask returns scores with −∞ for the keys that row r must not attend to: those from
// lengths[r] on.
//
//	scores: (B·T, H·C), lengths: (B·T) int → (B·T, H·C)
func Mask(p Place, heads int, scores, lengths *G.Node) (*G.Node, error) {
	return MaskWindow(p, heads, 0, scores, lengths)
}

// MaskWindow is Mask that also has −∞ for the keys before the last window ones of a row; 0: all.
func MaskWindow(p Place, heads, window int, scores, lengths *G.Node) (*G.Node, error) {
	c, err := checkLengths(heads, scores, lengths)
	if err != nil {
		return nil, err
	}
	return apply(p, maskSpec[float32](scores, heads, c, window), maskSpec[float64](scores, heads, c, window), scores, lengths)
}

// ALiBi lowers each head's scores by its slope times the distance of the key from the last key
// that the row attends to, which with causal lengths is the row itself (Press et al. 2022). The
// slope of head h of H is 2^(−8(h+1)/H).
//
//	scores: (B·T, H·C), lengths: (B·T) int → (B·T, H·C)
func ALiBi(p Place, heads int, scores, lengths *G.Node) (*G.Node, error) {
	c, err := checkLengths(heads, scores, lengths)
	if err != nil {
		return nil, err
	}
	return apply(p, alibiSpec[float32](scores, heads, c), alibiSpec[float64](scores, heads, c), scores, lengths)
}

func alibiSpec[T Float](scores *G.Node, heads, c int) spec[T] {
	return spec[T]{
		shape: scores.Shape(),
		fwd: func(in []arg[T], y []T) {
			for r, n := range in[1].I {
				for head := range heads {
					at, slope := (r*heads+head)*c, alibiSlope(head, heads)
					for i, x := range in[0].X[at : at+c] {
						y[at+i] = x - T(slope*float64(n-1-i))
					}
				}
			}
		},
		pass: []int{0},
	}
}

// checkLengths checks the shapes of scores and lengths and returns C, the columns of a head.
func checkLengths(heads int, scores, lengths *G.Node) (int, error) {
	c, err := headColumns(heads, scores)
	if err == nil && (lengths.Dtype() != tensor.Int || lengths.Shape().TotalSize() != scores.Shape()[0]) {
		err = fmt.Errorf("lengths are %v of %v, want (%d) of int", lengths.Shape(), lengths.Dtype(), scores.Shape()[0])
	}
	return c, err
}

// headColumns returns C, the columns of a head.
func headColumns(heads int, scores *G.Node) (int, error) {
	if scores.Dims() != 2 || heads < 1 || scores.Shape()[1]%heads != 0 {
		return 0, fmt.Errorf("the scores are %v, want (B·T, H·C) with H=%d heads", scores.Shape(), heads)
	}
	return scores.Shape()[1] / heads, nil
}

func maskSpec[T Float](scores *G.Node, heads, c, window int) spec[T] {
	hide := func(y, x []T, lengths []int, hidden T) {
		copy(y, x)
		for r, n := range lengths {
			if n < 0 || n > c {
				panic(fmt.Errorf("row %d attends to %d keys of %d", r, n, c))
			}
			for head := range heads {
				row := y[(r*heads+head)*c:][:c]
				for i := n; i < c; i++ {
					row[i] = hidden
				}
				if window > 0 {
					for i := range max(0, n-window) {
						row[i] = hidden
					}
				}
			}
		}
	}
	return spec[T]{
		shape: scores.Shape(),
		fwd:   func(in []arg[T], y []T) { hide(y, in[0].X, in[1].I, T(math.Inf(-1))) },
		backs: []back[T]{{of: []int{0}, do: func(in []arg[T], _, dy []T, g [][]T) { hide(g[0], dy, in[1].I, 0) }}},
	}
}

// Softmax returns the softmax of each head's scores in each row. Where all scores are −∞ the
// weights are 0.
//
//	scores: (B·T, H·C) → (B·T, H·C)
func Softmax(p Place, heads int, scores *G.Node) (*G.Node, error) {
	c, err := headColumns(heads, scores)
	if err != nil {
		return nil, err
	}
	return apply(p, softmaxSpec[float32](scores, c), softmaxSpec[float64](scores, c), scores)
}

func softmaxSpec[T Float](scores *G.Node, c int) spec[T] {
	n := scores.Shape().TotalSize() / c
	return spec[T]{
		shape: scores.Shape(),
		fwd: func(in []arg[T], y []T) {
			copy(y, in[0].X)
			each(n, c, func(r int) {
				row := y[r*c : (r+1)*c]
				for _, v := range row {
					if !math.IsInf(float64(v), -1) {
						vec.Softmax(row, 1)
						return
					}
				}
				clear(row)
			})
		},
		backs: []back[T]{{of: []int{0}, do: func(_ []arg[T], y, dy []T, g [][]T) {
			each(n, c, func(r int) {
				ds, p, dp := g[0][r*c:(r+1)*c], y[r*c:(r+1)*c], dy[r*c:(r+1)*c]
				mean := T(vec.Dot(p, dp))
				for i := range ds {
					ds[i] = p[i] * (dp[i] - mean)
				}
			})
		}}},
	}
}

// Mix returns the weighted sums of each sequence's values, head by head.
//
//	weights: (B·T, H·C), v: (B·C, K·d) → (B·T, H·d)
func Mix(p Place, c AttentionConfig, weights, v *G.Node) (*G.Node, error) {
	if weights.Dims() != 2 || v.Dims() != 2 || c.Sequences < 1 || c.Heads < 1 || c.KVHeads < 1 || c.Heads%c.KVHeads != 0 ||
		weights.Shape()[0]%c.Sequences != 0 || v.Shape()[0]%c.Sequences != 0 || v.Shape()[1]%c.KVHeads != 0 ||
		weights.Shape()[1] != c.Heads*(v.Shape()[0]/c.Sequences) {
		return nil, fmt.Errorf("the weights are %v and v %v, want (%d·T, H·C) and (%d·C, K·d) with H=%d heads and K=%d key-value heads",
			weights.Shape(), v.Shape(), c.Sequences, c.Sequences, c.Heads, c.KVHeads)
	}
	a := attention{AttentionConfig: c, d: v.Shape()[1] / c.KVHeads, t: weights.Shape()[0] / c.Sequences, c: v.Shape()[0] / c.Sequences}
	return apply(p, mixSpec[float32](a), mixSpec[float64](a), weights, v)
}

func mixSpec[T Float](a attention) spec[T] {
	ldy, ldv, ldw := a.Heads*a.d, a.KVHeads*a.d, a.Heads*a.c
	y := func(x []T, seq, head int) []T { return headOf(x, seq, a.t, head, a.d, a.Heads) }
	v := func(x []T, seq, kv int) []T { return headOf(x, seq, a.c, kv, a.d, a.KVHeads) }
	w := func(x []T, seq, head int) []T { return headOf(x, seq, a.t, head, a.c, a.Heads) }
	return spec[T]{
		shape: tensor.Shape{a.Sequences * a.t, ldy},
		flops: a.product(),
		fwd: func(in []arg[T], out []T) {
			a.eachHead(func(seq, kv, head int) {
				matmul.Gemm(false, false, a.t, a.d, a.c, 1, w(in[0].X, seq, head), ldw, v(in[1].X, seq, kv), ldv, 0, y(out, seq, head), ldy)
			})
		},
		backs: []back[T]{{of: []int{0, 1}, flops: 2 * a.product(), do: func(in []arg[T], _, dy []T, g [][]T) {
			clear(g[1])
			a.eachHead(func(seq, kv, head int) {
				matmul.Gemm(false, true, a.t, a.c, a.d, 1, y(dy, seq, head), ldy, v(in[1].X, seq, kv), ldv, 0, w(g[0], seq, head), ldw)
				matmul.Gemm(true, false, a.c, a.d, a.t, 1, w(in[0].X, seq, head), ldw, y(dy, seq, head), ldy, 1, v(g[1], seq, kv), ldv)
			})
		}}},
	}
}
