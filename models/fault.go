package models

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strings"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/layers/graph"
	"euryale/layers/ops"
)

// Fault is the first value of a training run that is not finite, in the order of the pass:
// forward, then backward. It is one that the loss, or else a gradient, depends on through
// values that are not finite either: a masked score of −∞, which a softmax makes 0 of, is none.
type Fault struct {
	graph.Origin
	Line  string  // file and line of the model's code that declared the layer, "" if not known
	Value Range   // of the layer
	Read  []Range // what it was computed from
}

// Range is where the numbers of a value lie.
type Range struct {
	Name      string // of a parameter or an input, or the path and the op of the layer
	Shape     []int
	Low, High float64 // of the finite numbers
	NaN, Inf  int     // how many are not finite
}

// isFinite reports whether all numbers are.
func (r Range) isFinite() bool { return r.NaN+r.Inf == 0 }

func (r Range) String() string {
	var parts []string
	size := 1
	for _, d := range r.Shape {
		size *= d
	}
	if r.NaN+r.Inf < size {
		parts = append(parts, fmt.Sprintf("from %.4g to %.4g", r.Low, r.High))
	}
	if r.NaN > 0 {
		parts = append(parts, fmt.Sprintf("%d NaN", r.NaN))
	}
	if r.Inf > 0 {
		parts = append(parts, fmt.Sprintf("%d infinite", r.Inf))
	}
	return fmt.Sprintf("%s %v: %s", r.Name, r.Shape, strings.Join(parts, ", "))
}

// String names the layer, its line, its value, and what it read.
func (f *Fault) String() string {
	where := cmp.Or(f.Path, "model")
	if f.Line != "" {
		where += " (" + f.Line + ")"
	}
	pass := "forward"
	if f.Backward {
		pass = "backward"
	}
	var read []string
	for _, r := range f.Read {
		read = append(read, r.String())
	}
	return fmt.Sprintf("the first value that is not finite is of %s, in the %s pass: %v; it read %s", where, pass, f.Value, strings.Join(read, "; "))
}

// FindFault runs the training program of a frame once, and returns its first value that is not
// finite, or nil if there is none. It keeps the values of all layers: fits, if it is not nil, is
// asked before these bytes are claimed.
func FindFault(m Model, w *graph.Weights, f graph.Frame, o Options, feed graph.Feed, fits func(bytes float64) error) (*Fault, error) {
	p, err := Train(m, w, f, o)
	if err != nil {
		return nil, err
	}
	bytes := float64(p.Tape().PlannedBytes())
	for _, n := range p.order {
		if n.Op() != nil {
			bytes += 4 * float64(n.Shape().TotalSize())
		}
	}
	if fits != nil {
		if err := fits(bytes); err != nil {
			return nil, err
		}
	}
	p.trace()
	if err := p.Run(feed); err != nil && !IsNotFinite(err) {
		return nil, err
	}
	return p.fault()
}

// IsNotFinite reports whether err is that of a run whose loss is infinite or NaN.
func IsNotFinite(err error) bool {
	var loss *ops.NotFinite
	return errors.As(err, &loss)
}

// fault returns the first value of a traced run that is not finite.
func (p *Program) fault() (*Fault, error) {
	loss, err := p.Tap("loss")
	if err != nil {
		return nil, err
	}
	forward := G.Nodes{loss}
	for _, l := range p.Losses() {
		forward = append(forward, l.Node)
	}
	n := p.source(forward, false)
	if n == nil {
		n = p.source(p.grads, true)
	}
	if n == nil {
		return nil, nil
	}
	value, _ := p.rangeOf(n)
	f := &Fault{Origin: p.Origin(n), Line: p.Line(n), Value: value}
	for _, operand := range p.Operands(n) {
		if r, isFloat := p.rangeOf(operand); isFloat {
			f.Read = append(f.Read, r)
		}
	}
	return f, nil
}

// source returns the first node in the order of the run that the given ones depend on through
// values that are not finite, of one pass. A node that did not run, for one before it had
// failed, counts as one of these.
func (p *Program) source(of G.Nodes, backward bool) (first *G.Node) {
	seen := map[*G.Node]bool{}
	for open := append(G.Nodes(nil), of...); len(open) > 0; {
		n := open[len(open)-1]
		open = open[:len(open)-1]
		r, isFloat := p.rangeOf(n)
		ran := n.Value() != nil
		if seen[n] || n.Op() == nil || ran && (!isFloat || r.isFinite()) || p.Origin(n).Backward != backward {
			continue
		}
		seen[n] = true
		open = append(open, p.Operands(n)...)
	}
	for _, n := range p.order {
		if seen[n] && n.Value() != nil {
			return n
		}
	}
	return nil
}

// rangeOf returns where the numbers of a node's value lie; isFloat is false of integers, and of
// a node without a value.
func (p *Program) rangeOf(n *G.Node) (r Range, isFloat bool) {
	r = Range{Name: n.Name(), Shape: n.Shape(), Low: math.Inf(1), High: math.Inf(-1)}
	if n.Op() != nil {
		o := p.Origin(n)
		r.Name = strings.TrimPrefix(o.Path+"/"+o.Op, "/")
	}
	switch v := n.Value().(type) {
	case *G.F32:
		r.add(float64(*v))
	case *G.F64:
		r.add(float64(*v))
	case *tensor.Dense:
		switch v.Dtype() {
		case tensor.Float32:
			for _, x := range v.Float32s() {
				r.add(float64(x))
			}
		case tensor.Float64:
			for _, x := range v.Float64s() {
				r.add(x)
			}
		default:
			return r, false
		}
	default:
		return r, false
	}
	return r, true
}

func (r *Range) add(x float64) {
	switch {
	case math.IsNaN(x):
		r.NaN++
	case math.IsInf(x, 0):
		r.Inf++
	default:
		r.Low, r.High = min(r.Low, x), max(r.High, x)
	}
}
