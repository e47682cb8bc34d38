package ops

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/kernel/vec"
)

// Pointer returns the log-probabilities of generating a token or copying one (See, Liu and Manning 2017, eq.
// 9): log(g·softmax(logits) + (1−g)·copies), where g = σ(gate), and the copies of an id are the sum of the
// weights of the tokens that have it. Tokens of −1 are not copied. A row whose weights are all 0 generates:
// its g is 1. All is computed from logarithms, so that no probability is 0. Composed of other ops it stores
// five matrices of the size of the result.
//
//	logits: (N, V), gate: (N, 1), weights: (N, C), tokens: (B·C, 1), with N a multiple of B → (N, V)
func Pointer(p Place, sequences int, logits, gate, weights, tokens *G.Node) (*G.Node, error) {
	a, err := pointerShapes(sequences, logits, weights, tokens)
	if err != nil {
		return nil, err
	}
	if gate.Dims() != 2 || gate.Shape()[0] != a.n || gate.Shape()[1] != 1 {
		return nil, fmt.Errorf("the gate is %v, want (%d, 1)", gate.Shape(), a.n)
	}
	return apply(p, pointerSpec[float32](a), pointerSpec[float64](a), logits, gate, weights, tokens)
}

// pointer holds the sizes N, V and C, and the rows of a sequence.
type pointer struct{ n, v, c, rows int }

func pointerShapes(sequences int, logits, weights, tokens *G.Node) (pointer, error) {
	if logits.Dims() != 2 || weights.Dims() != 2 || tokens.Dims() != 2 || sequences < 1 || logits.Shape()[0]%sequences != 0 ||
		weights.Shape()[0] != logits.Shape()[0] || tokens.Shape()[1] != 1 || tokens.Shape()[0] != sequences*weights.Shape()[1] {
		return pointer{}, fmt.Errorf("the logits are %v, the weights %v and the tokens %v, want (N, V), (N, C) and (%d·C, 1), with N a multiple of %d",
			logits.Shape(), weights.Shape(), tokens.Shape(), sequences, sequences)
	}
	n := logits.Shape()[0]
	return pointer{n: n, v: logits.Shape()[1], c: weights.Shape()[1], rows: n / sequences}, nil
}

func pointerSpec[T Float](a pointer) spec[T] {
	r := &pointerRun[T]{pointer: a, lse: make([]T, a.n)}
	return spec[T]{
		shape: tensor.Shape{a.n, a.v},
		fwd: func(in []arg[T], y []T) {
			r.set(in)
			each(a.n, a.v+a.c, func(row int) { r.forward(row, nth(y, row, a.v)) })
		},
		backs: []back[T]{{of: []int{0, 1, 2}, do: func(in []arg[T], y, dy []T, g [][]T) {
			r.set(in)
			r.findRepeats()
			each(a.n, a.v+a.c, func(row int) {
				r.backward(row, nth(y, row, a.v), nth(dy, row, a.v), nth(g[0], row, a.v), g[1][row:row+1], nth(g[2], row, a.c))
			})
		}}},
	}
}

// pointerRun holds the arrays of one run.
type pointerRun[T Float] struct {
	pointer
	logits, gate, weights, tokens []T
	lse                           []T    // (N) logarithms of the softmax denominators
	repeats                       []bool // (B·C) tokens that stand earlier in their sequence too
}

func (r *pointerRun[T]) set(in []arg[T]) {
	r.logits, r.gate, r.weights, r.tokens = in[0].X, in[1].X, in[2].X, in[3].X
}

// findRepeats sets repeats.
func (r *pointerRun[T]) findRepeats() {
	if r.repeats == nil {
		r.repeats = make([]bool, len(r.tokens))
	}
	for at := 0; at < len(r.tokens); at += r.c {
		known := make(map[T]bool, r.c)
		for i, id := range r.tokens[at : at+r.c] {
			r.repeats[at+i], known[id] = known[id], true
		}
	}
}

// id returns the id of the i-th token that a row may copy, or −1 if it is padding.
func (r *pointerRun[T]) id(row, i int) int {
	id := int(r.tokens[row/r.rows*r.c+i])
	if id >= r.v {
		panic(fmt.Errorf("row %d can copy the id %d of a vocabulary of %d", row, id, r.v))
	}
	return id
}

// gates returns log g and log(1−g) of a row. Without weights g is 1.
func (r *pointerRun[T]) gates(row int, weights []T) (generate, copies T) {
	if vec.Sum(weights) == 0 {
		return 0, T(math.Inf(-1))
	}
	x := float64(r.gate[row])
	soft := math.Log1p(math.Exp(-math.Abs(x)))
	return T(min(x, 0) - soft), T(min(-x, 0) - soft)
}

func (r *pointerRun[T]) forward(row int, y []T) {
	x, weights := nth(r.logits, row, r.v), nth(r.weights, row, r.c)
	r.lse[row] = vec.LogSumExp(x)
	generate, copies := r.gates(row, weights)
	for i := range y {
		y[i] = x[i] - r.lse[row] + generate
	}
	for i, w := range weights {
		if w > 0 {
			if id := r.id(row, i); id >= 0 {
				y[id] = logAdd(y[id], copies+T(math.Log(float64(w))))
			}
		}
	}
}

// logAdd returns log(eᵃ + eᵇ).
func logAdd[T Float](a, b T) T {
	return max(a, b) + T(math.Log1p(math.Exp(-math.Abs(float64(a-b)))))
}

// highest is the largest exponent of a derivative, so that it is finite in float32.
const highest = 80

// backward sets a row's gradients. With P = softmax(logits), R the part of a probability that is generated,
// g·P/p, and S = Σ dY·R: dX = dY⊙R − S·P, dgate = S − g·Σ dY, and dw = dY·(1−g)/p at the weight's token.
// R differs from 1 only where something is copied.
func (r *pointerRun[T]) backward(row int, y, dy, dx, dgate, dw []T) {
	x, weights := nth(r.logits, row, r.v), nth(r.weights, row, r.c)
	generate, copies := r.gates(row, weights)
	part := func(id int) T { return T(math.Exp(float64(x[id] - r.lse[row] + generate - y[id]))) }
	all := T(vec.Sum(dy))
	sum := all
	r.eachCopied(row, func(id int) { sum += dy[id] * (part(id) - 1) })
	vec.ExpShift(dx, x, r.lse[row], sum)
	vec.Sub(dx, dy, dx)
	r.eachCopied(row, func(id int) { dx[id] += dy[id] * (part(id) - 1) })
	dgate[0] = sum - all*T(math.Exp(float64(generate)))
	for i := range dw {
		dw[i] = 0
		if id := r.id(row, i); id >= 0 {
			dw[i] = dy[id] * T(math.Exp(min(highest, float64(copies-y[id]))))
		}
	}
}

// eachCopied calls f once for each id among the tokens that a row may copy.
func (r *pointerRun[T]) eachCopied(row int, f func(id int)) {
	at := row / r.rows * r.c
	for i := range r.c {
		if id := r.id(row, i); id >= 0 && !r.repeats[at+i] {
			f(id)
		}
	}
}

// CopyDistribution returns, for each row, the sum of the weights of the tokens that have an id: the
// distribution that Pointer copies from.
//
//	weights: (N, C), tokens: (B·C, 1), with N a multiple of B → (N, vocab)
func CopyDistribution(p Place, sequences, vocab int, weights, tokens *G.Node) (*G.Node, error) {
	a, err := pointerShapes(sequences, weights, weights, tokens)
	if err != nil {
		return nil, err
	}
	a.v = vocab
	return apply(p, copySpec[float32](a), copySpec[float64](a), weights, tokens)
}

func copySpec[T Float](a pointer) spec[T] {
	r := &pointerRun[T]{pointer: a}
	return spec[T]{
		shape: tensor.Shape{a.n, a.v},
		fwd: func(in []arg[T], y []T) {
			r.weights, r.tokens = in[0].X, in[1].X
			clear(y)
			each(a.n, a.v, func(row int) {
				for i, w := range nth(r.weights, row, a.c) {
					if id := r.id(row, i); w > 0 && id >= 0 {
						y[row*a.v+id] += w
					}
				}
			})
		},
		backs: []back[T]{{of: []int{0}, reads: []int{1}, do: func(in []arg[T], _, dy []T, g [][]T) {
			r.tokens = in[1].X
			each(a.n, a.v, func(row int) {
				dw := nth(g[0], row, a.c)
				for i := range dw {
					dw[i] = 0
					if id := r.id(row, i); id >= 0 {
						dw[i] = dy[row*a.v+id]
					}
				}
			})
		}}},
	}
}

// Numbers returns ids as a column of numbers of the type of like, such as a memory can store. In float32 ids
// below 2²⁴ are exact.
//
//	ids: (N) int → (N, 1)
func Numbers(p Place, ids, like *G.Node) (*G.Node, error) {
	if ids.Dtype() != tensor.Int || ids.Dims() != 1 {
		return nil, fmt.Errorf("the ids are %v of %v, want (N) of int", ids.Shape(), ids.Dtype())
	}
	if like.Dtype() == tensor.Float64 {
		return declare(p, numbersSpec[float64](ids), G.Nodes{ids})
	}
	return declare(p, numbersSpec[float32](ids), G.Nodes{ids})
}

func numbersSpec[T Float](ids *G.Node) spec[T] {
	return spec[T]{
		shape: tensor.Shape{ids.Shape()[0], 1},
		fwd: func(in []arg[T], y []T) {
			for i, id := range in[0].I {
				y[i] = T(id)
			}
		},
	}
}
