package draw

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"euryale/layers/graph"

	G "gorgonia.org/gorgonia"
)

// Options select what a picture of a graph shows. The zero value shows all layers.
type Options struct {
	Under string // only what is at this path and below it, as "h0/att" or "enc"; "": everything
	Ops   bool   // a box for each op, instead of one for each layer
}

// Picture is an expression graph drawn as boxes (layers or ops) and the values between them.
type Picture struct {
	boxes []*box
	edges []*edge
}

// box is a layer or an op, of the forward or of the backward pass.
type box struct {
	id       int
	path     string // of the layer
	backward bool
	ops      []string
	reads    []string // inputs and parameters with their shapes; in a backward pass those that it computes gradients of
	rank     int      // row in the picture
	col      int
	x, y     float64 // middle of the upper edge
	w, h     float64
}

// edge is the values of one shape that a box reads from another.
type edge struct {
	from, to *box
	shape    string
	track    int // of an edge that goes round other boxes
}

// Graph draws a graph that graph.Build made, and its derivative if it has been
// differentiated (as that of a program of models.Train has). It shows the nodes that the loss
// depends on, or else the logits, or else all. A path that no layer has is an error that lists
// similar ones.
func Graph(g *graph.Graph, o Options) (*Picture, error) {
	if !slices.ContainsFunc(append(g.Taps(), ""), o.shows) {
		_, err := g.Tap(o.Under)
		return nil, err
	}
	c := &collector{g: g, o: o, at: map[*G.Node]*box{}, keys: map[edgeKey]bool{}}
	for _, n := range needed(g) {
		c.add(n)
	}
	c.p.layout()
	return &c.p, nil
}

// needed returns the nodes that the outputs depend on, operands first.
func needed(g *graph.Graph) G.Nodes {
	var roots G.Nodes
	for _, name := range []string{"loss", "logits"} {
		if n, err := g.Tap(name); err == nil {
			roots = append(roots, n)
			break
		}
	}
	for _, p := range g.Params() {
		if d := p.Deriv(); d != nil {
			roots = append(roots, d)
		}
	}
	if len(roots) == 0 {
		roots = g.Expr().Roots()
	}
	return g.Order(roots...)
}

// edgeKey identifies an edge: values of one shape between the same boxes.
type edgeKey struct {
	from, to *box
	shape    string
}

// collector puts nodes into boxes.
type collector struct {
	g    *graph.Graph
	o    Options
	p    Picture
	at   map[*G.Node]*box
	keys map[edgeKey]bool
}

// add puts a node, all of whose operands are placed, into a box. Inputs, parameters and
// constants are no boxes: the box that reads one names it.
func (c *collector) add(n *G.Node) {
	o := c.g.Origin(n)
	ins := c.g.Operands(n)
	if n.Op() == nil || len(ins) == 0 || !c.o.shows(o.Path) {
		return
	}
	b := c.box(n, o, ins)
	c.at[n] = b
	if len(b.ops) == 0 || b.ops[len(b.ops)-1] != o.Op {
		b.ops = append(b.ops, o.Op)
	}
	for _, of := range n.DerivOf() {
		if o.Backward && of.Op() == nil {
			b.read("of " + c.name(of, b.path))
		}
	}
	for _, in := range ins {
		switch from := c.at[in]; {
		case from == nil && in.Op() == nil && !o.Backward:
			b.read(c.name(in, b.path))
		case from == nil && in.Op() != nil && !o.Backward && !c.o.shows(c.g.Origin(in).Path):
			b.read(shapeOf(in) + " of " + cmp.Or(c.g.Origin(in).Path, c.g.Origin(in).Op))
		case from != nil && from != b:
			c.connect(from, b, in)
		}
	}
}

// shows reports whether path is in the picture.
func (o Options) shows(path string) bool {
	return o.Under == "" || path == o.Under || strings.HasPrefix(path, o.Under+"/")
}

// box returns the box of a node: the latest box of its layer, or a new one if two boxes would
// depend on each other, as when a value leaves a layer and comes back.
func (c *collector) box(n *G.Node, o graph.Origin, ins G.Nodes) *box {
	path := o.Path
	if !c.o.Ops {
		path = layerOf(path, c.o.Under)
		for i := len(c.p.boxes) - 1; i >= 0; i-- {
			b := c.p.boxes[i]
			if b.path == path && b.backward == o.Backward {
				if !c.waits(b, ins) {
					return b
				}
				break
			}
		}
	}
	b := &box{id: len(c.p.boxes), path: path, backward: o.Backward}
	c.p.boxes = append(c.p.boxes, b)
	return b
}

// waits reports whether an operand outside b is computed from a value of b.
func (c *collector) waits(b *box, ins G.Nodes) bool {
	seen := map[*box]bool{}
	var after func(a *box) bool
	after = func(a *box) bool {
		if a == b {
			return true
		}
		if a == nil || seen[a] {
			return false
		}
		seen[a] = true
		for _, e := range c.p.edges {
			if e.to == a && after(e.from) {
				return true
			}
		}
		return false
	}
	for _, in := range ins {
		if from := c.at[in]; from != b && after(from) {
			return true
		}
	}
	return false
}

// connect adds an edge for a value that one box reads from another. Of the values that the
// backward pass reads from the forward pass, it draws only those of the same layer, since all of
// them would hide the rest.
func (c *collector) connect(from, to *box, value *G.Node) {
	key := edgeKey{from, to, shapeOf(value)}
	if c.keys[key] || from.backward != to.backward && from.path != to.path {
		return
	}
	c.keys[key] = true
	c.p.edges = append(c.p.edges, &edge{from: from, to: to, shape: key.shape})
}

// name returns the name of an input or parameter in a box: its path inside the layer.
func (c *collector) name(n *G.Node, path string) string {
	return strings.TrimPrefix(n.Name(), path+"/") + " " + shapeOf(n)
}

func (b *box) read(what string) {
	for _, r := range b.reads {
		if r == what {
			return
		}
	}
	b.reads = append(b.reads, what)
}

func shapeOf(n *G.Node) string {
	if n.Dims() == 0 {
		return "scalar"
	}
	var dims []string
	for _, d := range n.Shape() {
		dims = append(dims, fmt.Sprint(d))
	}
	return strings.Join(dims, " × ")
}

// layerOf returns the layer that a path belongs to: its first two names, or a numbered block and
// one more name, as "h0/att" for "h0/att/qkv". Under a path it has one name more than that path.
func layerOf(path, under string) string {
	names := strings.Split(path, "/")
	if under != "" {
		return strings.Join(names[:min(len(names), strings.Count(under, "/")+2)], "/")
	}
	for i, name := range names {
		if last := name[max(0, len(name)-1):]; strings.ContainsFunc(last, unicode.IsDigit) {
			return strings.Join(names[:min(len(names), i+2)], "/")
		}
	}
	return strings.Join(names[:min(len(names), 2)], "/")
}
