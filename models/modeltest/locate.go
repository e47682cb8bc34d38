package modeltest

import (
	"fmt"
	"math"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/layers/graph"
	"euryale/models"
)

// place is a node of a graph: its layer, op and source line.
type place struct {
	name            string // unique in the graph, and equal in graphs of other sizes
	layer, op, line string
}

// tracer is a program that reads every activation between the tokens and the logits.
type tracer struct {
	p      *models.Program
	places []place // in the order of the pass
}

// newTracer compiles the tracer of a frame. Activations are the matrices of floating-point
// numbers with a row for each token.
func (s *subject) newTracer(f graph.Frame) (*tracer, error) {
	f.Whole = true
	t := &tracer{}
	p, err := models.Inspect(s.m, s.w, f, func(g *graph.Graph) map[string]*G.Node {
		nodes, count := map[string]*G.Node{}, map[string]int{}
		for _, n := range pass(g) {
			if n.Op() == nil || n.Dims() != 2 || n.Shape()[0] != f.B*f.T || n.Dtype() == tensor.Int {
				continue
			}
			o := g.Origin(n)
			name := o.Path + "/" + o.Op
			count[name]++
			at := place{fmt.Sprintf("node %s %d", name, count[name]), o.Path, o.Op, g.Line(n)}
			nodes[at.name], t.places = n, append(t.places, at)
		}
		return nodes
	})
	t.p = p
	return t, err
}

// pass returns the nodes that the logits are computed from, each after its operands.
func pass(g *graph.Graph) G.Nodes {
	logits, err := g.Tap("logits")
	if err != nil {
		return nil
	}
	return g.Order(logits)
}

// values returns the activations of a run by name, a list of rows each.
func (t *tracer) values(f graph.Feed) (map[string][][]float64, error) {
	if err := t.p.Run(f); err != nil {
		return nil, err
	}
	rows := map[string][][]float64{}
	for _, at := range t.places {
		rows[at.name] = split(t.p.Float64s(at.name), t.p.Shape(at.name)[1])
	}
	return rows, nil
}

// firstDifference returns the first activation of the pass in which a row of a differs from the
// row of b that match gives for it (−1: none). Activations of other widths are not compared, as
// scores of more keys are.
func (t *tracer) firstDifference(a, b map[string][][]float64, match func(row int) int) place {
	for _, at := range t.places {
		x, y := a[at.name], b[at.name]
		for i := range x {
			k := match(i)
			if k >= 0 && k < len(y) && len(x[i]) == len(y[k]) && !same(x[i], y[k]) {
				return at
			}
		}
	}
	return place{}
}

// locate returns the activation in which two batches first differ, where match gives the row of
// y that must be equal to a row of x. It returns no place if it cannot run them.
func (s *subject) locate(t int, x, y batch, match func(row int) int) place {
	return s.locateIn(s, t, t, x, y, match)
}

// locateIn is locate where y is run on another subject and padded to ty tokens.
func (s *subject) locateIn(other *subject, tx, ty int, x, y batch, match func(row int) int) place {
	a, err := s.newTracer(graph.Frame{B: len(x.tokens), T: tx, S: s.source})
	if err != nil {
		return place{}
	}
	b, err := other.newTracer(graph.Frame{B: len(y.tokens), T: ty, S: other.source})
	if err != nil {
		return place{}
	}
	va, err := a.values(x.feed(s, tx))
	if err != nil {
		return place{}
	}
	vb, err := b.values(y.feed(other, ty))
	if err != nil {
		return place{}
	}
	return a.firstDifference(va, vb, match)
}

// locateNotFinite returns the first activation of a run with a value that is not finite.
func (s *subject) locateNotFinite(f graph.Frame, feed graph.Feed) place {
	if f.Memory != nil {
		return place{}
	}
	t, err := s.newTracer(f)
	if err != nil {
		return place{}
	}
	v, err := t.values(feed)
	if err != nil {
		return place{}
	}
	for _, wrong := range []func(x float64) bool{func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 1) }, func(x float64) bool { return math.IsInf(x, -1) }} { // −∞ is that of a mask
		for _, at := range t.places {
			for _, row := range v[at.name] {
				if slices.ContainsFunc(row, wrong) {
					return at
				}
			}
		}
	}
	return place{}
}

// locateDecoding returns the first activation that differs between a pass over four tokens and a
// run that reads the fourth after the first three.
func (s *subject) locateDecoding() place {
	n := min(4, s.context)
	b := s.newBatch(n)
	whole, err := s.newTracer(graph.Frame{B: 1, T: n, S: s.source})
	if err != nil {
		return place{}
	}
	d := &decoder{subject: s, capacity: n, b: b}
	if d.mem, err = models.NewMemory(s.m, s.w, 1, n, s.source); err != nil {
		return place{}
	}
	step, err := s.newTracer(graph.Frame{B: 1, T: 1, S: s.source, Memory: d.mem})
	if err != nil || d.encode(d.mem, b.source) != nil {
		return place{}
	}
	var last map[string][][]float64
	for _, id := range b.tokens[0] {
		if last, err = step.values(graph.Feed{Tokens: []int{id}}); err != nil {
			return place{}
		}
	}
	all, err := whole.values(b.feed(s, n))
	if err != nil {
		return place{}
	}
	return whole.firstDifference(all, last, func(row int) int { return row - (n - 1) })
}

// parameter returns the place of a parameter.
func parameter(g *graph.Graph, path string) place {
	return place{layer: path, line: g.Declared(path)}
}

// detached returns the paths of the parameters that no derivative of the logits or of an added
// loss reaches, and the graph that declares them.
func (s *subject) detached() (paths []string, g *graph.Graph) {
	p, err := s.score(1, min(2, s.context))
	if err != nil {
		return nil, nil
	}
	logits, err := p.Tap("logits")
	if err != nil {
		return nil, nil
	}
	reached := map[*G.Node]bool{}
	var visit func(n *G.Node)
	visit = func(n *G.Node) {
		if reached[n] {
			return
		}
		reached[n] = true
		operands := p.Operands(n)
		op, ok := n.Op().(G.SDOp)
		if !ok {
			return
		}
		for i, d := range op.DiffWRT(len(operands)) {
			if d {
				visit(operands[i])
			}
		}
	}
	visit(logits)
	for _, param := range p.Params() {
		if !reached[param] {
			paths = append(paths, param.Name())
		}
	}
	return paths, p.Graph
}
