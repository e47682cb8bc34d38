package ops

import (
	"fmt"
	"math"
	"sync"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/matmul"
	"euryale/internal/kernel/parallel"
	"euryale/internal/kernel/vec"
)

// AttentionConfig holds the sizes and options of an attention.
type AttentionConfig struct {
	Sequences int  // B
	Heads     int  // H query heads, side by side in q's columns
	KVHeads   int  // key and value heads; each serves H/KVHeads query heads (Ainslie et al. 2023)
	ALiBi     bool // linear biases by distance (Press et al. 2022)
	Raw       bool // scores are q·kᵀ itself, not divided by √d: Luong et al. 2015's "dot"
	Drop      Drop // on the attention weights
	Causal    bool // lengths are causal: only used to count operations
	Window    int  // a row attends to the last so many of its keys only (Beltagy et al. 2020); 0: to all
}

// Attention returns softmax(q·kᵀ/√d)·v for each head (Vaswani et al. 2017, eq. 1). Row r of q
// attends to the first lengths[r] keys of its sequence, so that causal, padded, cached and
// cross-attention are one op. Blocks of scores beyond all lengths are not computed, and no
// (T×C) matrix is stored: the backward pass recomputes the weights block by block.
//
//	q: (B·T, H·d), k, v: (B·C, KVHeads·d), lengths: (B·T) int → (B·T, H·d)
func Attention(p Place, c AttentionConfig, q, k, v, lengths *G.Node) (*G.Node, error) {
	a, err := c.geometry(q, k, v)
	if err != nil {
		return nil, err
	}
	return apply(p, attentionSpec[float32](a), attentionSpec[float64](a), q, k, v, lengths)
}

// AttentionOf is Attention with queries, keys and values side by side in one matrix, the
// result of one projection: H·d columns of q, then KVHeads·d each of k and v.
//
//	qkv: (B·T, (H+2·KVHeads)·d), lengths: (B·T) int → (B·T, H·d)
func AttentionOf(p Place, c AttentionConfig, qkv, lengths *G.Node) (*G.Node, error) {
	if qkv.Dims() != 2 || c.KVHeads < 1 || qkv.Shape()[1]%(c.Heads+2*c.KVHeads) != 0 {
		return nil, fmt.Errorf("qkv is %v, want a multiple of %d columns for %d heads and %d key-value heads", qkv.Shape(), c.Heads+2*c.KVHeads, c.Heads, c.KVHeads)
	}
	d := qkv.Shape()[1] / (c.Heads + 2*c.KVHeads)
	a := attention{AttentionConfig: c, d: d, t: qkv.Shape()[0] / c.Sequences, c: qkv.Shape()[0] / c.Sequences, ld: qkv.Shape()[1], packed: true}
	if err := a.check(); err != nil {
		return nil, err
	}
	return apply(p, attentionSpec[float32](a), attentionSpec[float64](a), qkv, lengths)
}

// flops returns the operations of the two products of a forward pass.
func (a attention) flops() float64 {
	keys := float64(a.c)
	if a.Causal && a.t == a.c {
		keys = (keys + 1) / 2
	}
	if a.Window > 0 {
		keys = min(keys, float64(a.Window))
	}
	return 4 * float64(a.Sequences*a.t*a.Heads*a.d) * keys
}

// attention is an AttentionConfig with the operands' sizes.
type attention struct {
	AttentionConfig
	d      int  // columns of one head
	t, c   int  // queries and keys of a sequence
	ld     int  // columns of the packed matrix
	packed bool // q, k and v are parts of one matrix
}

func (c AttentionConfig) geometry(q, k, v *G.Node) (a attention, err error) {
	if q.Dims() != 2 || k.Dims() != 2 || !k.Shape().Eq(v.Shape()) || c.Heads < 1 || c.KVHeads < 1 ||
		q.Shape()[1]%c.Heads != 0 || q.Shape()[1]/c.Heads*c.KVHeads != k.Shape()[1] || q.Shape()[0]%c.Sequences != 0 || k.Shape()[0]%c.Sequences != 0 {
		return a, fmt.Errorf("q is %v, k %v, v %v, want (%d·T, H·d) and twice (%d·C, K·d) with H=%d heads and K=%d key-value heads",
			q.Shape(), k.Shape(), v.Shape(), c.Sequences, c.Sequences, c.Heads, c.KVHeads)
	}
	a = attention{AttentionConfig: c, d: q.Shape()[1] / c.Heads, t: q.Shape()[0] / c.Sequences, c: k.Shape()[0] / c.Sequences}
	return a, a.check()
}

func (a attention) check() error {
	if a.Heads%a.KVHeads != 0 {
		return fmt.Errorf("%d heads cannot share %d key-value heads: want a multiple", a.Heads, a.KVHeads)
	}
	if a.Window < 0 {
		return fmt.Errorf("a window of %d keys: want 0 (all) or more", a.Window)
	}
	return a.Drop.check()
}

// matrix is a view of some columns of a row-major matrix.
type matrix[T Float] struct {
	x  []T
	ld int // row stride
}

func (m matrix[T]) at(row, col int) []T { return m.x[row*m.ld+col:] }

// parts returns views of q, k and v in the op's inputs, or in their gradients, and the index of
// the input that holds the lengths.
func parts[T Float](a attention, x func(i int) []T) (q, k, v matrix[T], lengths int) {
	if a.packed {
		m := x(0)
		return matrix[T]{m, a.ld}, matrix[T]{m[a.Heads*a.d:], a.ld}, matrix[T]{m[(a.Heads+a.KVHeads)*a.d:], a.ld}, 1
	}
	return matrix[T]{x(0), a.Heads * a.d}, matrix[T]{x(1), a.KVHeads * a.d}, matrix[T]{x(2), a.KVHeads * a.d}, 3
}

func attentionSpec[T Float](a attention) spec[T] {
	lse := make([]T, a.Sequences*a.Heads*a.t) // logarithm of each softmax's denominator
	scratch := pool[T]{n: a.scratch()}
	var within []int
	of := []int{0, 1, 2}
	if a.packed {
		of = []int{0}
	}
	return spec[T]{
		shape: tensor.Shape{a.Sequences * a.t, a.Heads * a.d},
		flops: a.flops(),
		fwd: func(in []arg[T], y []T) {
			q, k, v, s := parts(a, func(i int) []T { return in[i].X })
			h := heads[T]{attention: a, q: q, k: k, v: v, y: matrix[T]{y, a.Heads * a.d}, lengths: in[s].I, lse: lse}
			within = a.within(within[:0], h.lengths)
			h.within = within
			if a.t == 1 && a.Drop.P == 0 {
				h.step(&scratch)
				return
			}
			parallel.Each(a.Sequences*a.KVHeads, func(i int) {
				buf := scratch.get()
				h.forward(i/a.KVHeads, i%a.KVHeads, buf)
				scratch.put(buf)
			})
		},
		backs: []back[T]{{of: of, flops: 2.5 * a.flops(), do: func(in []arg[T], y, dy []T, g [][]T) {
			q, k, v, s := parts(a, func(i int) []T { return in[i].X })
			dq, dk, dv, _ := parts(a, func(i int) []T { return g[i] })
			h := heads[T]{attention: a, q: q, k: k, v: v, y: matrix[T]{y, a.Heads * a.d}, lengths: in[s].I, lse: lse,
				dy: matrix[T]{dy, a.Heads * a.d}, dq: dq, dk: dk, dv: dv, within: within}
			parallel.Each(a.Sequences*a.KVHeads, func(i int) {
				buf := scratch.get()
				h.backward(i/a.KVHeads, i%a.KVHeads, buf)
				scratch.put(buf)
			})
		}}},
	}
}

// scratch returns the number of elements of scratch memory: scores of a query for each head in a step, else two blocks.
func (a attention) scratch() int {
	if a.t == 1 {
		return max(2, a.Heads) * a.c
	}
	return 2 * blockRows * a.c
}

// blockRows is the number of queries in a block: enough for fast matrix products, and few
// enough that scores stay in the cache and few masked scores are computed.
const blockRows = 32

// heads holds the matrices of one run.
type heads[T Float] struct {
	attention
	q, k, v, y     matrix[T]
	dy, dq, dk, dv matrix[T]
	lengths        []int
	within         []int // of a window: lengths without the keys that a block leaves out
	lse            []T
}

// scores writes q·kᵀ of a block into p (n, c), and returns the scale that softmax applies.
func (h *heads[T]) scores(p []T, head, kv int, b rows) (scale T) {
	matmul.Gemm(false, true, b.n, b.c, h.d, 1, h.q.at(b.r0, head*h.d), h.q.ld, h.k.at(b.seq*h.c+b.from, kv*h.d), h.k.ld, 0, p, b.c)
	scale = h.bias(p[:b.n*b.c], head, b.c)
	if h.Window > 0 {
		for i, s := range b.lengths {
			row := p[i*b.c : (i+1)*b.c]
			for j := range row[:max(0, s-h.Window)] {
				row[j] = T(math.Inf(-1))
			}
		}
	}
	return scale
}

// bias adds the biases of a head to rows of scores of c keys, and returns the scale that softmax applies.
func (h *heads[T]) bias(p []T, head, c int) (scale T) {
	scale = 1
	if !h.Raw {
		scale = T(1 / math.Sqrt(float64(h.d)))
	}
	if h.ALiBi { // −slope·distance up to a constant in each row, which softmax ignores
		slope := alibiSlope(head, h.Heads) / float64(scale)
		for i := range p {
			p[i] += T(slope * float64(i%c))
		}
	}
	return scale
}

func (h *heads[T]) lseOf(head int, b rows) []T { return h.lse[head*h.Sequences*h.t+b.r0:][:b.n] }

// drop applies dropout to a block's weights. A weight's index in the noise follows from its
// head, query and key.
func (h *heads[T]) drop(p []T, head int, b rows) {
	if h.Drop.P == 0 {
		return
	}
	key := h.Drop.Noise.key(h.Drop.Layer)
	for i := range b.n {
		row := p[i*b.c : (i+1)*b.c]
		vec.Dropout(row, row, h.Drop.P, key, uint64(((h.Drop.First+b.r0+i)*h.Heads+head)*h.c+b.from))
	}
}

func (h *heads[T]) forward(seq, kv int, buf []T) {
	group := h.Heads / h.KVHeads
	h.blocks(seq, func(b rows) {
		for head := kv * group; head < (kv+1)*group; head++ {
			if b.c == 0 { // no keys to attend to: zero
				for i := range b.n {
					clear(h.y.at(b.r0+i, head*h.d)[:h.d])
				}
				continue
			}
			p := buf[:b.n*b.c]
			scale := h.scores(p, head, kv, b)
			vec.SoftmaxRows(p, b.n, b.c, b.c, b.lengths, scale, h.lseOf(head, b))
			h.drop(p, head, b)
			matmul.Gemm(false, false, b.n, h.d, b.c, 1, p, b.c, h.v.at(seq*h.c+b.from, kv*h.d), h.v.ld, 0, h.y.at(b.r0, head*h.d), h.y.ld)
		}
	})
}

func (h *heads[T]) backward(seq, kv int, buf []T) {
	group := h.Heads / h.KVHeads
	var dot [blockRows]T
	low, high := 0, 0 // rows of dk and dv that hold sums; with causal lengths and no window the first block writes them all
	h.blocks(seq, func(b rows) {
		for head := kv * group; head < (kv+1)*group; head++ {
			if b.c == 0 {
				for i := range b.n {
					clear(h.dq.at(b.r0+i, head*h.d)[:h.d])
				}
				continue
			}
			beta := T(1)
			if high == 0 {
				beta, low, high = 0, b.from, b.from+b.c
			}
			h.clearKeys(seq, kv, b.from, low)
			h.clearKeys(seq, kv, high, b.from+b.c)
			low, high = min(low, b.from), max(high, b.from+b.c)
			h.backwardBlock(buf, dot[:b.n], beta, head, kv, b)
		}
	})
	h.clearKeys(seq, kv, 0, low)
	h.clearKeys(seq, kv, high, h.c)
}

// clearKeys sets the gradients of a sequence's keys from to to−1 to zero.
func (h *heads[T]) clearKeys(seq, kv, from, to int) {
	for i := from; i < to; i++ {
		clear(h.dk.at(seq*h.c+i, kv*h.d)[:h.d])
		clear(h.dv.at(seq*h.c+i, kv*h.d)[:h.d])
	}
}

// backwardBlock computes dq of a block, and dk and dv as beta times their value plus the block's
// contribution. With P the weights, M the dropout mask and O = (P⊙M)·V: dV += (P⊙M)ᵀ·dO, dP =
// (dO·Vᵀ)⊙M, dS = P⊙(dP − rowsum(dO⊙O)), dQ = dS·K, dK += dSᵀ·Q.
func (h *heads[T]) backwardBlock(buf, dot []T, beta T, head, kv int, b rows) {
	n, c, at := b.n, b.c, b.seq*h.c+b.from
	p, dp := buf[:n*c], buf[n*c:2*n*c]
	dy := h.dy.at(b.r0, head*h.d)
	k, v := h.k.at(at, kv*h.d), h.v.at(at, kv*h.d)
	for i := range dot {
		dot[i] = T(vec.Dot(h.dy.at(b.r0+i, head*h.d)[:h.d], h.y.at(b.r0+i, head*h.d)[:h.d]))
	}
	scale := h.scores(p, head, kv, b)
	vec.SoftmaxAgain(p, n, c, c, b.lengths, scale, h.lseOf(head, b))
	matmul.Gemm(false, true, n, c, h.d, 1, dy, h.dy.ld, v, h.v.ld, 0, dp, c)
	h.drop(dp, head, b)
	vec.SoftmaxGradRows(dp, p, n, c, c, b.lengths, dot, scale)
	h.drop(p, head, b)
	matmul.Gemm(true, false, c, h.d, n, 1, p, c, dy, h.dy.ld, beta, h.dv.at(at, kv*h.d), h.dv.ld)
	matmul.Gemm(false, false, n, h.d, c, 1, dp, c, k, h.k.ld, 0, h.dq.at(b.r0, head*h.d), h.dq.ld)
	matmul.Gemm(true, false, c, h.d, n, 1, dp, c, h.q.at(b.r0, head*h.d), h.q.ld, beta, h.dk.at(at, kv*h.d), h.dk.ld)
}

// alibiSlope returns the difference of a head's scores between neighbouring keys.
func alibiSlope(head, heads int) float64 { return math.Exp2(-8 * float64(head+1) / float64(heads)) }

// AttentionWeights returns the attention weights of Attention, for display. Weights of keys
// beyond a row's length are 0. It has no derivative.
//
//	q: (B·T, H·d), k: (B·C, KVHeads·d), lengths: (B·T) int → (B·T, H·C)
func AttentionWeights(p Place, c AttentionConfig, q, k, lengths *G.Node) (*G.Node, error) {
	a, err := c.geometry(q, k, k)
	if err != nil {
		return nil, err
	}
	return apply(p, weightsSpec[float32](a), weightsSpec[float64](a), q, k, lengths)
}

func weightsSpec[T Float](a attention) spec[T] {
	return spec[T]{
		shape: tensor.Shape{a.Sequences * a.t, a.Heads * a.c},
		fwd: func(in []arg[T], w []T) {
			h := heads[T]{attention: a, q: matrix[T]{in[0].X, a.Heads * a.d}, k: matrix[T]{in[1].X, a.KVHeads * a.d}, lengths: in[2].I, within: a.within(nil, in[2].I)}
			p := make([]T, blockRows*a.c)
			clear(w)
			for i := range a.Sequences * a.Heads {
				seq, head := i/a.Heads, i%a.Heads
				h.blocks(seq, func(b rows) {
					if b.c == 0 {
						return
					}
					scale := h.scores(p, head, head/(a.Heads/a.KVHeads), b)
					vec.SoftmaxRows(p, b.n, b.c, b.c, b.lengths, scale, nil)
					for r := range b.n {
						copy(w[((b.r0+r)*a.Heads+head)*a.c+b.from:], p[r*b.c:(r+1)*b.c])
					}
				})
			}
		},
	}
}

// pool is a free list of scratch slices of n values, for concurrent use.
type pool[T Float] struct {
	n    int
	mu   sync.Mutex
	free [][]T
}

func (p *pool[T]) get() []T {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		b := p.free[n-1]
		p.free = p.free[:n-1]
		return b
	}
	return make([]T, p.n)
}

func (p *pool[T]) put(b []T) {
	p.mu.Lock()
	p.free = append(p.free, b)
	p.mu.Unlock()
}
