package ops

import (
	"sync"

	G "gorgonia.org/gorgonia"

	"euryale/internal/kernel/matmul"
)

// Weight is a float32 parameter that products have as their right operand. Between Hold
// and Release its values do not change, and products read a layout made once for all.
type Weight struct {
	values     []float32 // (rows, cols)
	rows, cols int

	sync.Mutex
	held             bool
	straight, turned operand // W and Wᵀ
}

// operand is one of the two ways to multiply by a matrix, and the most rows that a
// graph multiplies by it at once; 0: none does.
type operand struct {
	packed matmul.Packed[float32]
	rows   int
}

// NewWeight is the weight with these values, (rows, cols), which it does not copy.
func NewWeight(values []float32, rows, cols int) *Weight {
	return &Weight{values: values, rows: rows, cols: cols}
}

// Hold lays the weight out for the products that graphs have declared or will declare,
// where that gains at the precision in use.
func (w *Weight) Hold() {
	w.Lock()
	defer w.Unlock()
	w.held = true
	w.pack()
}

// Release makes products read the values again, which may then change.
func (w *Weight) Release() {
	w.Lock()
	defer w.Unlock()
	w.held = false
	w.straight.packed.Release()
	w.turned.packed.Release()
}

// pack packs what is wanted and is not packed yet.
func (w *Weight) pack() {
	if o := &w.straight; matmul.PackingGain(o.rows) == matmul.Once && !o.packed.Ready() {
		o.packed.Pack(false, w.rows, w.cols, w.values, w.cols)
	}
	if o := &w.turned; matmul.PackingGain(o.rows) == matmul.Once && !o.packed.Ready() {
		o.packed.Pack(true, w.cols, w.rows, w.values, w.cols)
	}
}

// operand is W, or Wᵀ if turned, for products of so many rows.
func (w *Weight) operand(turned bool, rows int) *matmul.Packed[float32] {
	w.Lock()
	defer w.Unlock()
	o := &w.straight
	if turned {
		o = &w.turned
	}
	o.rows = max(o.rows, rows)
	if w.held {
		w.pack()
	}
	return &o.packed
}

// SetWeight says that n is the parameter behind w.
func (t *Tape) SetWeight(n *G.Node, w *Weight) {
	if t.weights == nil {
		t.weights = map[*G.Node]*Weight{}
	}
	t.weights[n] = w
}

// readAsMatrix records that a product or a lookup reads w.
func (t *Tape) readAsMatrix(w *G.Node) {
	if t.matrices == nil {
		t.matrices = map[*G.Node]bool{}
	}
	t.matrices[w] = true
}

// ReadsAsMatrix reports whether a product or a lookup of the graph reads n as its matrix or
// table.
func (t *Tape) ReadsAsMatrix(n *G.Node) bool { return t.matrices[n] }

// operandOf is W, or Wᵀ if turned, as products of so many rows read it: nil if w is no
// parameter, or of float64.
func operandOf[T Float](t *Tape, w *G.Node, turned bool, rows int) *matmul.Packed[T] {
	t.readAsMatrix(w)
	p := t.weights[w]
	if p == nil {
		return nil
	}
	packed, _ := any(p.operand(turned, rows)).(*matmul.Packed[T])
	return packed
}

// recurrent is W (H, cols) of a recurrence, which each run multiplies by at every step:
// as others hold it, or packed once for the run.
type recurrent[T Float] struct {
	cols           int
	held, turned   *matmul.Packed[T] // W and Wᵀ
	own, ownTurned matmul.Packed[T]
}

func newRecurrent[T Float](tape *Tape, s scan, w *G.Node) *recurrent[T] {
	r := &recurrent[T]{cols: w.Shape()[1], held: operandOf[T](tape, w, false, s.Sequences)}
	if tape.Differentiated {
		r.turned = operandOf[T](tape, w, true, s.Sequences)
	}
	return r
}

// forward is W as the steps of this run read it.
func (r *recurrent[T]) forward(s scan, w []T) *matmul.Packed[T] {
	return ready(r.held, &r.own, s, func(own *matmul.Packed[T]) { own.Pack(false, s.hidden, r.cols, w, r.cols) })
}

// back is Wᵀ as the steps of this run read it.
func (r *recurrent[T]) back(s scan, w []T) *matmul.Packed[T] {
	return ready(r.turned, &r.ownTurned, s, func(own *matmul.Packed[T]) { own.Pack(true, r.cols, s.hidden, w, r.cols) })
}

func ready[T Float](held, own *matmul.Packed[T], s scan, pack func(own *matmul.Packed[T])) *matmul.Packed[T] {
	if held != nil && held.Ready() || s.steps == 1 || matmul.PackingGain(s.Sequences) == matmul.None {
		return held
	}
	pack(own)
	return own
}
