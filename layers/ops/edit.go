package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Change says how Edit changes columns of rows. Every run reads it anew, so that its fields may
// change between runs.
type Change struct {
	Op    ChangeOp
	Value Operand
	At    [][2]int // positions of the rows, as ranges [from, to); nil: all
}

// ChangeOp is what a Change makes of x and its value v.
type ChangeOp string

// The ops of a Change.
const (
	Assign   ChangeOp = "="  // v
	Increase ChangeOp = "+=" // x + v
	Multiply ChangeOp = "*=" // x·v
)

// Operand is the value of a Change: a number, or a table times Scale. The table has one row for
// all positions, or a row for each position from 0. Positions beyond it are not changed.
type Operand struct {
	Scale      float64   // the number; with Data, a factor
	Rows, Cols int       // of Data
	Data       []float32 // row by row; nil: none
}

// Edited is a Change of the columns from From to To−1.
type Edited struct {
	*Change
	From, To int
}

// EditRows says which positions the rows of an edited value have.
type EditRows struct {
	At      *G.Node // (N) int, −1 for padding; nil: rows have no positions, and all are changed
	Lengths *G.Node // (N) int: of values (N, H·C), the keys that a row attends to; others are not changed. nil: x has no keys
	Heads   int     // H of a value with keys
	Scan    Scan    // in the cell of a loop: its sequences and direction
	Step    *int    // in the cell of a loop: its current step. At is then (B·T)
}

// Edit returns x with changes made to rows at chosen positions, in the order of the list.
//
//	x: (N, D) or (N) → the shape of x
func Edit(p Place, changes []Edited, rows EditRows, x *G.Node) (*G.Node, error) {
	if x.Dims() < 1 || x.Dims() > 2 || x.Dtype() == tensor.Int {
		return nil, fmt.Errorf("x is %v of %v, want a matrix or a vector of floating-point numbers", x.Shape(), x.Dtype())
	}
	e := &edit{changes: changes, rows: rows, n: x.Shape()[0], width: x.Shape().TotalSize() / x.Shape()[0], steps: 1}
	e.keys = e.width / max(rows.Heads, 1)
	for _, c := range changes {
		if c.From < 0 || c.To > e.width || c.From >= c.To {
			return nil, fmt.Errorf("x is %v, want columns %d to %d", x.Shape(), c.From, c.To-1)
		}
	}
	in := G.Nodes{x}
	if rows.At != nil {
		in, e.steps = append(in, rows.At), rows.At.Shape()[0]/e.n
	}
	if rows.Lengths != nil {
		in = append(in, rows.Lengths)
	}
	return apply(p, editSpec[float32](e, x), editSpec[float64](e, x), in...)
}

// edit holds the sizes of an edited value.
type edit struct {
	changes []Edited
	rows    EditRows
	n       int // rows
	width   int // columns
	keys    int // columns of a head
	steps   int // positions for each row: T in the cell of a loop, else 1
}

func editSpec[T Float](e *edit, x *G.Node) spec[T] {
	reads := []int{}
	if e.rows.At != nil {
		reads = append(reads, 1)
	}
	if e.rows.Lengths != nil {
		reads = append(reads, len(reads)+1)
	}
	ints := func(in []arg[T]) (at, lengths []int) {
		if e.rows.Lengths != nil {
			lengths = in[len(in)-1].I
		}
		if e.rows.At != nil {
			at = in[1].I
		}
		return at, lengths
	}
	return spec[T]{
		shape: x.Shape(),
		fwd: func(in []arg[T], y []T) {
			copy(y, in[0].X)
			at, lengths := ints(in)
			e.each(at, lengths, func(op ChangeOp, i int, v float64) {
				switch op {
				case Assign:
					y[i] = T(v)
				case Increase:
					y[i] += T(v)
				case Multiply:
					y[i] *= T(v)
				}
			})
		},
		backs: []back[T]{{of: []int{0}, reads: reads, do: func(in []arg[T], _, dy []T, g [][]T) {
			copy(g[0], dy)
			at, lengths := ints(in)
			e.each(at, lengths, func(op ChangeOp, i int, v float64) {
				switch op {
				case Assign:
					g[0][i] = 0
				case Multiply:
					g[0][i] *= T(v)
				}
			})
		}}},
	}
}

// each calls f with the index and the operand of every number that a change applies to. A nil at
// is that of rows without positions, a nil lengths that of a value without keys.
func (e *edit) each(at, lengths []int, f func(op ChangeOp, i int, v float64)) {
	for _, c := range e.changes {
		cols := c.columns(e.keys, lengths != nil)
		for r := range e.n {
			position := 0
			if at != nil {
				position = at[e.index(r)]
			}
			if !c.applies(position, at != nil) {
				continue
			}
			for col := c.From; col < c.To; col++ {
				from := col - c.From
				if lengths != nil {
					key := col % e.keys
					if key >= lengths[r] || key >= cols {
						continue
					}
					from = from/e.keys*cols + key
				}
				f(c.Op, r*e.width+col, c.Value.at(position, from))
			}
		}
	}
}

// index returns the index of a row's position.
func (e *edit) index(r int) int {
	if e.rows.Step == nil {
		return r
	}
	k := *e.rows.Step
	if e.rows.Scan.Reverse {
		k = e.steps - 1 - k
	}
	return r*e.steps + k
}

// applies reports whether the change is one of a row at a position.
func (c *Change) applies(position int, positions bool) bool {
	if !positions {
		return true
	}
	if position < 0 || c.Value.Rows > 1 && position >= c.Value.Rows {
		return false
	}
	for _, r := range c.At {
		if position >= r[0] && position < r[1] {
			return true
		}
	}
	return c.At == nil
}

// columns checks the table's width, and returns how many of its columns belong to a head, of
// values with keys. A table may have fewer keys than the value: the others are not changed.
func (c *Edited) columns(keys int, keyed bool) int {
	v := c.Value
	want := c.To - c.From
	switch {
	case v.Data == nil:
		return keys
	case !keyed && v.Cols != want, keyed && v.Cols%(want/keys) != 0, len(v.Data) != v.Rows*v.Cols:
		panic(fmt.Errorf("the operand of %s is (%d, %d), and %d columns are to be changed", c.Op, v.Rows, v.Cols, want))
	}
	return v.Cols / max(want/keys, 1)
}

// at returns the operand for a position and a column of the table.
func (o *Operand) at(position, col int) float64 {
	if o.Data == nil {
		return o.Scale
	}
	if o.Rows == 1 {
		position = 0
	}
	return o.Scale * float64(o.Data[position*o.Cols+col])
}
