package training

import (
	"math"
	"strings"

	"euryale/internal/kernel/matmul"
	"euryale/internal/kernel/parallel"
	"euryale/internal/kernel/vec"
	"euryale/layers/graph"
	"euryale/training/rundir"
)

func init() { RegisterOptimizer("muon", newMuon) }

// Coefficients of the iteration x·(a + b·x² + c·x⁴), which drives singular values between 0 and
// 1 towards 1 in few steps (Jordan et al. 2024).
const (
	schulzA, schulzB, schulzC = 3.4445, -4.7750, 2.0315
	schulzSteps               = 5
)

// muon steps by the momentum of a matrix, orthogonalised by a Newton–Schulz iteration (Jordan et
// al. 2024), with decoupled weight decay. It is for matrices of products; tables, heads (below
// head/) and all other parameters are updated by AdamW. The groups of optimizer.groups may say
// otherwise.
type muon struct {
	c        OptimizerConfig
	matrices []*matrix
	others   *elementwise // AdamW
	index    []int        // of the others among all parameters
	sums     [][]float32  // of the others

	update        Update
	updateOne     func(i int)
	free          chan *iteration // of those made so far
	largest, side int             // of the matrices, the most values and the longest shorter side
}

// iteration has the memory of one Newton–Schulz iteration.
type iteration struct{ x, next, square, power []float32 }

// matrix is a parameter that muon updates.
type matrix struct {
	*graph.Param
	index int // among all parameters
	group
	momentum []float32
}

func newMuon(c OptimizerConfig, params []*graph.Param) Optimizer {
	if c.Momentum == 0 {
		c.Momentum = 0.95
	}
	m := &muon{c: c}
	var others []*graph.Param
	for i, g := range c.groupsOf(params) {
		p := params[i]
		if !isMuons(p, g.rule) {
			others, m.index = append(others, p), append(m.index, i)
			continue
		}
		m.matrices = append(m.matrices, &matrix{p, i, g, make([]float32, p.Size())})
		m.largest, m.side = max(m.largest, p.Size()), max(m.side, min(p.Shape[0], p.Shape[1]))
	}
	m.others = newElementwise(c, others, adamW, true, true)
	m.sums = make([][]float32, len(others))
	m.updateOne, m.free = m.updateMatrix, make(chan *iteration, len(m.matrices))
	return m
}

// isMuons reports whether muon updates a parameter by the orthogonalised momentum.
func isMuons(p *graph.Param, rule string) bool {
	if len(p.Shape) != 2 || rule == "adamw" {
		return false
	}
	return rule == "muon" || p.Decay && !p.Table && p.Path != "head" && !strings.HasPrefix(p.Path, "head/")
}

// Update implements Optimizer.
func (m *muon) Update(u Update) {
	m.update = u
	parallel.Each(len(m.matrices), m.updateOne) // products of small matrices are too short to share
	for i, from := range m.index {
		m.sums[i] = u.Sums[from]
	}
	m.others.Update(Update{N: u.N, LR: u.LR, Sums: m.sums, Scale: u.Scale})
}

func (m *muon) updateMatrix(i int) {
	p, u := m.matrices[i], m.update
	g := u.Sums[p.index]
	scaleBy(g, u.Scale)
	scaleBy(p.momentum, m.c.Momentum)
	vec.Add(p.momentum, p.momentum, g)
	addScaled(g, m.c.Momentum, p.momentum) // Nesterov's
	rows, cols := p.Shape[0], p.Shape[1]
	it := m.memory()
	defer func() { m.free <- it }()
	step := it.orthogonal(g, rows, cols)
	lr := m.c.MatrixLR * u.LR / m.c.LR * p.lr // the schedule is that of lr
	w := p.Float32()
	scaleBy(w, 1-lr*p.decay)
	addScaled(w, -lr*math.Sqrt(max(1, float64(cols)/float64(rows))), step) // W is (in, out)
}

// memory returns that of an iteration, which as many as are under way at once need.
func (m *muon) memory() *iteration {
	select {
	case it := <-m.free:
		return it
	default:
		return &iteration{make([]float32, m.largest), make([]float32, m.largest), make([]float32, m.side*m.side), make([]float32, m.side*m.side)}
	}
}

// orthogonal returns the matrix with the singular vectors of g and singular values near 1. The
// result is valid until the next call; g is overwritten.
func (it *iteration) orthogonal(g []float32, rows, cols int) []float32 {
	x, next := it.x[:len(g)], it.next[:len(g)]
	vec.Scale(x, g, float32(1/(math.Sqrt(vec.SumSquares(g))+1e-7)))
	n := min(rows, cols)
	square, power := it.square[:n*n], it.power[:n*n]
	for range schulzSteps {
		// The product of x with its transpose on the shorter side: S = x·xᵀ, or xᵀ·x of a tall x.
		tall := rows > cols
		symmetric(tall, !tall, n, max(rows, cols), 1, x, cols, 0, square)
		copy(power, square)
		symmetric(false, false, n, n, schulzC, square, n, schulzB, power) // b·S + c·S²
		copy(next, x)
		if tall {
			matmul.Gemm(false, false, rows, cols, n, 1, x, cols, power, n, schulzA, next, cols)
		} else {
			matmul.Gemm(false, false, rows, cols, n, 1, power, n, x, cols, schulzA, next, cols)
		}
		x, next = next, x
	}
	return x
}

// fewest is the smallest side of a matrix whose products symmetric divides.
const fewest = 64

// symmetric computes C = alpha·op(a)·op(a) + beta·C of n×n, where the result is symmetric: x·xᵀ, or the square of
// a symmetric matrix. Of four blocks it computes three and copies the fourth, which has the same bits: each
// element is the same sum in the same order as its mirror image.
func symmetric(transA, transB bool, n, k int, alpha float32, a []float32, lda int, beta float32, c []float32) {
	if n < fewest {
		matmul.Gemm(transA, transB, n, n, k, alpha, a, lda, a, lda, beta, c, n)
		return
	}
	half := n / 2
	lower := a[half*lda:]
	if transA {
		lower = a[half:]
	}
	matmul.Gemm(transA, transB, half, half, k, alpha, a, lda, a, lda, beta, c, n)
	matmul.Gemm(transA, transB, n-half, n, k, alpha, lower, lda, a, lda, beta, c[half*n:], n)
	for i := range half {
		for j := half; j < n; j++ {
			c[i*n+j] = c[j*n+i]
		}
	}
}

// State implements Optimizer.
func (m *muon) State() (state []rundir.Tensor) {
	for _, p := range m.matrices {
		state = append(state, rundir.Tensor{Name: "momentum/" + p.Path, Shape: p.Shape, Values: p.momentum})
	}
	return append(state, m.others.State()...)
}
