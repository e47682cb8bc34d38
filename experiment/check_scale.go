package experiment

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/layers/graph"
	"euryale/models"
)

// scale measures values and gradients of every layer at the start of training.
func (c *checker) scale() error {
	m := c.atSize()
	f := frameOf(m)
	f.Gradient = true
	s := &scales{}
	w := graph.NewWeights(c.o.Seed)
	p, err := models.Inspect(m, w, f, s.choose)
	if err != nil {
		return &skip{"the training program cannot be built"}
	}
	if err := p.Run(c.feed(f, m)); err != nil {
		return err
	}
	for _, at := range s.layers {
		c.report.Layers = append(c.report.Layers, at.measure(p, f.B*f.T))
	}
	return nil
}

// scales are the layers whose values are read.
type scales struct{ layers []*scaled }

// scaled is the result of a layer, the last op of its path.
type scaled struct {
	origin          graph.Origin
	line            string
	value, gradient string // names of what the program reads; no gradient: ""
	columns         int
}

// choose returns the result of each layer and its gradient.
func (s *scales) choose(g *graph.Graph) map[string]*G.Node {
	gradients := map[*G.Node]*G.Node{}
	for _, n := range g.Expr().AllNodes() {
		if g.IsBackward(n) {
			for _, of := range n.DerivOf() {
				gradients[of] = n
			}
		}
	}
	results, byPath := map[string]*G.Node{}, map[string]*scaled{}
	for _, n := range modelPass(g) {
		if n.Op() == nil || n.Dims() != 2 || n.Dtype() == tensor.Int {
			continue
		}
		o := g.Origin(n)
		at := byPath[o.Path]
		if at == nil {
			at = &scaled{value: "value of " + o.Path}
			byPath[o.Path] = at
			s.layers = append(s.layers, at)
		}
		at.origin, at.line, at.columns, at.gradient = o, g.Line(n), n.Shape()[1], ""
		results[at.value] = n
		delete(results, "gradient of "+o.Path)
		if d := gradients[n]; d != nil {
			at.gradient = "gradient of " + o.Path
			results[at.gradient] = d
		}
	}
	return results
}

// modelPass returns the nodes that the logits are computed from, each after its operands.
func modelPass(g *graph.Graph) (order G.Nodes) {
	logits, err := g.Tap("logits")
	if err != nil {
		return nil
	}
	seen := map[*G.Node]bool{}
	var visit func(n *G.Node)
	visit = func(n *G.Node) {
		if seen[n] {
			return
		}
		seen[n] = true
		for _, operand := range g.Operands(n) {
			visit(operand)
		}
		order = append(order, n)
	}
	visit(logits)
	return order
}

// measure returns the scale of a layer in the last run of p.
func (at *scaled) measure(p *models.Program, targets int) LayerScale {
	x := p.Float64s(at.value)
	l := LayerScale{Layer: at.origin.Path, Op: at.origin.Op, Line: at.line}
	sum, squares := 0.0, 0.0
	alive := make([]bool, at.columns)
	for i, v := range x {
		sum, squares = sum+v, squares+v*v
		alive[i%at.columns] = alive[i%at.columns] || v != 0
	}
	n := float64(len(x))
	l.Mean = sum / n
	l.Spread = math.Sqrt(max(0, squares/n-l.Mean*l.Mean))
	for _, a := range alive {
		if !a {
			l.Dead += 1 / float64(at.columns)
		}
	}
	if at.gradient != "" {
		d, squares := p.Float64s(at.gradient), 0.0
		for _, v := range d {
			squares += v * v
		}
		l.Gradient = float64(targets) * math.Sqrt(squares/float64(len(d)))
	}
	return l
}

var _ = fmt.Sprint
