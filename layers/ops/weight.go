package ops

import (
	"sync"

	G "gorgonia.org/gorgonia"

	"euryale/internal/kernel/matmul"
	"euryale/internal/mapped"
)

// Weight is a float32 matrix parameter, the right operand of products. Between Hold and
// Release its values must not change, and products read a packed copy.
type Weight struct {
	values     []float32 // (rows, cols)
	rows, cols int

	sync.Mutex
	held, readOnly, often bool
	straight, transposed  operand // W and Wᵀ
}

// operand is the packed copy of a matrix or of its transpose.
type operand struct {
	packed matmul.Packed[float32]
	rows   int // the largest number of rows multiplied by it; 0: no product reads it
}

// NewWeight returns a weight on these values, (rows, cols), which it does not copy.
func NewWeight(values []float32, rows, cols int) *Weight {
	return &Weight{values: values, rows: rows, cols: cols}
}

// Hold packs the weight for the products that graphs have declared or will declare, if that
// makes them faster at the current precision.
func (w *Weight) Hold() {
	w.Lock()
	defer w.Unlock()
	w.held = true
	w.pack()
}

// ReadOnly promises that the values never change again. Where they are of a mapped file,
// packing then gives back their memory.
func (w *Weight) ReadOnly() {
	w.Lock()
	defer w.Unlock()
	w.readOnly = true
}

// Reuse says that many more products will read the weight. If it is read only, it is then packed
// while held also if the packed copy is as large as the values.
func (w *Weight) Reuse() {
	w.Lock()
	defer w.Unlock()
	w.often = true
	if w.held {
		w.pack()
	}
}

// Release makes products read the values themselves, which may change again.
func (w *Weight) Release() {
	w.Lock()
	defer w.Unlock()
	w.held = false
	w.straight.packed.Release()
	w.transposed.packed.Release()
}

// pack packs W and Wᵀ, if products read them and they are not packed yet.
func (w *Weight) pack() {
	var done func(part []float32)
	if w.readOnly {
		done = mapped.Drop
	}
	if o := &w.straight; w.gains(o) {
		o.packed.Pack(false, w.rows, w.cols, w.values, w.cols, done)
	}
	if o := &w.transposed; w.gains(o) {
		o.packed.Pack(true, w.cols, w.rows, w.values, w.cols, done)
	}
}

// gains reports whether packing o pays.
func (w *Weight) gains(o *operand) bool {
	gain := matmul.PackingGain(o.rows)
	return !o.packed.Ready() && (gain == matmul.Always || gain == matmul.IfReused && w.readOnly && w.often)
}

// operand returns packed W, or Wᵀ if transposed, for products with that number of rows.
func (w *Weight) operand(transposed bool, rows int) *matmul.Packed[float32] {
	w.Lock()
	defer w.Unlock()
	o := &w.straight
	if transposed {
		o = &w.transposed
	}
	o.rows = max(o.rows, rows)
	if w.held {
		w.pack()
	}
	return &o.packed
}

// SetWeight records that n is the node of parameter w.
func (t *Tape) SetWeight(n *G.Node, w *Weight) {
	if t.weights == nil {
		t.weights = map[*G.Node]*Weight{}
	}
	t.weights[n] = w
}

// readAsMatrix records that a matrix product or a lookup reads w.
func (t *Tape) readAsMatrix(w *G.Node) {
	if t.matrices == nil {
		t.matrices = map[*G.Node]bool{}
	}
	t.matrices[w] = true
}

// readAsTable records that a lookup reads w.
func (t *Tape) readAsTable(w *G.Node) {
	t.readAsMatrix(w)
	if t.tables == nil {
		t.tables = map[*G.Node]bool{}
	}
	t.tables[w] = true
}

// ReadsAsTable reports whether a lookup of the graph reads n.
func (t *Tape) ReadsAsTable(n *G.Node) bool { return t.tables[n] }

// ReadsAsMatrix reports whether a matrix product or a lookup of the graph reads n.
func (t *Tape) ReadsAsMatrix(n *G.Node) bool { return t.matrices[n] }

// operandOf returns packed W, or Wᵀ if transposed, for products with that number of rows. It
// returns nil if w is not a parameter, or is float64.
func operandOf[T Float](t *Tape, w *G.Node, transposed bool, rows int) *matmul.Packed[T] {
	t.readAsMatrix(w)
	p := t.weights[w]
	if p == nil {
		return nil
	}
	packed, _ := any(p.operand(transposed, rows)).(*matmul.Packed[T])
	return packed
}

// recurrent is the matrix W (H, cols) of a recurrence, which every step multiplies by: packed
// by Hold, or once for each run.
type recurrent[T Float] struct {
	cols               int
	held, transposed   *matmul.Packed[T] // W and Wᵀ
	own, ownTransposed matmul.Packed[T]
}

func newRecurrent[T Float](tape *Tape, s scan, w *G.Node) *recurrent[T] {
	r := &recurrent[T]{cols: w.Shape()[1], held: operandOf[T](tape, w, false, s.Sequences)}
	if tape.Differentiated {
		r.transposed = operandOf[T](tape, w, true, s.Sequences)
	}
	return r
}

// forward returns packed W for the steps of this run.
func (r *recurrent[T]) forward(s scan, w []T) *matmul.Packed[T] {
	return ready(r.held, &r.own, s, func(own *matmul.Packed[T]) { own.Pack(false, s.hidden, r.cols, w, r.cols, nil) })
}

// back returns packed Wᵀ for the steps of this run.
func (r *recurrent[T]) back(s scan, w []T) *matmul.Packed[T] {
	return ready(r.transposed, &r.ownTransposed, s, func(own *matmul.Packed[T]) { own.Pack(true, r.cols, s.hidden, w, r.cols, nil) })
}

func ready[T Float](held, own *matmul.Packed[T], s scan, pack func(own *matmul.Packed[T])) *matmul.Packed[T] {
	if held != nil && held.Ready() || s.steps == 1 || s.Sequences <= 2 || matmul.PackingGain(s.Sequences) == matmul.None {
		return held
	}
	pack(own)
	return own
}
