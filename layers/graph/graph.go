package graph

import (
	"fmt"
	"slices"
	"sort"

	G "gorgonia.org/gorgonia"

	"euryale/internal/near"
	"euryale/layers/ops"
)

// Frame is what a graph is built for. The zero Memory and Noise mean whole sequences and
// no dropout.
type Frame struct {
	B, T     int     // sequences, tokens of each
	S        int     // tokens of each sequence's source, if the model has one
	First    int     // sequences of the batch before this graph's first, when it is a shard
	Memory   *Memory // carries sequences from run to run
	Noise    *Noise  // switches dropout on
	Gradient bool    // the graph will be differentiated
	Whole    bool    // logits for every token even with memory, not for each sequence's last only
	Encode   bool    // fills Memory from the source, and computes nothing else
}

// Noise is the state of all dropout: a checkpoint saves its two numbers.
type Noise = ops.Noise

// Graph is what Build made: an expression graph and its inputs.
type Graph struct {
	frame   Frame
	expr    *G.ExprGraph
	tape    *ops.Tape
	weights *Weights
	params  G.Nodes
	decays  []*bool // of the parameters: whether they have weight decay, nil by use
	taps    map[string]*G.Node
	hidden  map[string]bool    // taps that the cells of loops have declared
	cell    *ops.Cell          // that is being declared
	views   map[View][]string  // taps that can be drawn
	claimed map[string]string  // path → where it was claimed
	last    string             // path of the scope that declared something last
	made    map[*G.Node]string // declared nodes → path of the scope, or "" if it is not known
	losses  []Loss
	ints    map[string]*ints // inputs of tokens and of what follows from them
	alive   G.Nodes          // memory's tensors: nothing may reuse them before the run ends
	keep    []keep
	fresh   []int // tokens of each sequence's source that a run encodes
}

// ints is an input of integers.
type ints struct {
	node *G.Node
	v    []int
}

// keep is a node whose value memory takes over at the end of a run.
type keep struct {
	slot *slot
	node *G.Node
}

// Loss is a part of what training minimises, beside the model's own loss.
type Loss struct {
	Name   string  // a path
	Node   *G.Node // its mean over the targets of the batch, a scalar
	Weight float64
}

// Build runs declare on a new graph. A layer that cannot be built stops it with an *Error,
// and what the failed build declared is forgotten. So does a definition that panics, and a
// stock op of Gorgonia that did not go through Must and computes something wrong.
func Build(w *Weights, f Frame, declare func(s *Scope)) (g *Graph, err error) {
	if f.B < 1 || f.T < 1 && !f.Encode || f.S < 0 {
		return nil, &Error{"model", fmt.Errorf("the frame has B=%d sequences of T=%d tokens (S=%d of the source), want at least one of each", f.B, f.T, f.S)}
	}
	known := len(w.order)
	defer func() {
		if r := recover(); r != nil {
			err = g.failure(r)
			g = nil
			w.forget(known)
		}
	}()
	g = newGraph(w, f)
	declare(&Scope{B: f.B, T: f.T, graph: g, bias: true})
	g.checkStock()
	g.settleDecay()
	for _, n := range g.expr.AllNodes() {
		g.made[n] += "" // what comes later is a derivative
	}
	return g, nil
}

func newGraph(w *Weights, f Frame) *Graph {
	g := &Graph{frame: f, expr: G.NewGraph(), tape: ops.NewTape(), weights: w, taps: map[string]*G.Node{}, hidden: map[string]bool{},
		views: map[View][]string{}, claimed: map[string]string{}, made: map[*G.Node]string{}, ints: map[string]*ints{}, fresh: make([]int, f.B)}
	g.tape.Differentiated = f.Gradient
	return g
}

// Frame is what the graph was built for.
func (g *Graph) Frame() Frame { return g.frame }

// Expr is the expression graph.
func (g *Graph) Expr() *G.ExprGraph { return g.expr }

// Tape is what the graph's ops share. It is also the tensor engine they run on.
func (g *Graph) Tape() *ops.Tape { return g.tape }

// Params are the parameters in the order they were declared.
func (g *Graph) Params() G.Nodes { return g.params }

// settleDecay says of each parameter that this graph declared first whether it has weight
// decay: as its scope says, or if a product or a lookup reads it.
func (g *Graph) settleDecay() {
	read := map[*G.Node]bool{}
	for _, n := range g.expr.AllNodes() {
		if n.Op() != nil && isProduct(n) {
			for _, operand := range g.Operands(n) {
				read[operand] = true
			}
		}
	}
	for i, n := range g.params {
		p := g.weights.byPath[n.Name()]
		switch said := g.decays[i]; {
		case p.settled:
		case said != nil:
			p.Decay = *said
		default:
			p.Decay = read[n] || g.tape.ReadsAsMatrix(n)
		}
		p.settled = true
	}
}

// isProduct reports whether n is a matrix product or a lookup of Gorgonia's own.
func isProduct(n *G.Node) bool {
	switch fmt.Sprintf("%T", n.Op()) {
	case "gorgonia.linAlgBinOp", "*gorgonia.tensordotOp", "gorgonia.tensordotOp", "*gorgonia.byIndicesOp":
		return true
	}
	return false
}

// Views returns the taps that are declared as v, sorted.
func (g *Graph) Views(v View) []string { return slices.Sorted(slices.Values(g.views[v])) }

// Tap is the node of that name, or an error that lists near names.
func (g *Graph) Tap(name string) (*G.Node, error) {
	if n := g.taps[name]; n != nil {
		return n, nil
	}
	if g.hidden[name] {
		return nil, fmt.Errorf("%q is computed inside a loop, which keeps the state alone: make it part of the state to read it", name)
	}
	return nil, fmt.Errorf("no layer computes %q; near it: %q", name, near.Names(name, g.Taps(), 5))
}

// Taps lists the names of all that layers compute, sorted.
func (g *Graph) Taps() []string {
	names := make([]string, 0, len(g.taps))
	for name := range g.taps {
		if name != "" {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}
