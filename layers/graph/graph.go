package graph

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// Frame holds the sizes that a graph is built for, and what it is used for.
type Frame struct {
	B, T      int     // sequences, and tokens of each
	S         int     // tokens of each sequence's source; 0: the model has no source
	First     int     // index in the batch of this graph's first sequence, if the graph is a shard
	Memory    *Memory // sequences continue from run to run; nil: each run has whole sequences
	Noise     *Noise  // dropout is on; nil: off
	Gradient  bool    // the graph will be differentiated
	Recompute bool    // the backward pass computes the values inside blocks again (Scope.Block)
	Whole     bool    // with Memory: logits of every token, not only of each sequence's last
	Encode    bool    // write the encoded source to Memory, and compute nothing else
}

// Noise is the random state of dropout. A checkpoint saves its two numbers.
type Noise = ops.Noise

// Graph is an expression graph that Build has made, with its parameters and inputs.
type Graph struct {
	frame    Frame
	expr     *G.ExprGraph
	tape     *ops.Tape
	weights  *Weights
	params   G.Nodes
	decays   []*bool // of each parameter: the scope's weight decay, nil for the default
	taps     map[string]*G.Node
	hidden   map[string]bool           // names of taps inside loops, which have no value
	later    map[string]func() *G.Node // taps that are declared when a program reads them
	offers   map[string]func() *G.Node // values that other layers can compute with
	infos    map[string]TapInfo
	edits    []Edit
	asked    map[string]bool    // taps that a layer has asked IsEdited about
	readOnly map[string]bool    // taps that no edit can change
	line     string             // of the tap that is declared now, after the graph; else ""
	blocks   int                // declared by Block
	cell     *ops.Cell          // the cell of a loop while it is declared, else nil
	views    map[View][]string  // taps that can be drawn
	claimed  map[string]string  // path → source line that declared it
	sources  map[string]Source  // path of a scope → the line of its first declaration
	last     string             // path of the scope of the last declaration
	made     map[*G.Node]string // declared nodes → path of the scope, or "" if it is not known
	lines    map[*G.Node]string // declared nodes → source line
	shared   map[string]bool    // paths of the parameters that Shared has returned
	inCell   map[*G.Node]bool   // nodes of a loop's cell, which the loop runs and nothing else reads
	merged   G.Nodes            // nodes that two declarations of a custom op returned
	losses   []Loss
	ints     map[string]*ints // inputs of integers, by name
	caches   G.Nodes          // tensors of memory: no buffer may reuse them before the run ends
	writes   []stateWrite     // values that a run stores in memory
	encoded  []int            // tokens of each sequence's source in Feed.Source
}

// ints is an input of integers.
type ints struct {
	node *G.Node
	v    []int
}

// stateWrite is a node whose value a run stores in memory.
type stateWrite struct {
	slot *slot
	node *G.Node
}

// Loss is a term of the objective, added to the model's own loss.
type Loss struct {
	Name   string  // path
	Node   *G.Node // mean over the targets of the batch, a scalar
	Weight float64
}

// Build calls declare on a new graph and returns the graph. It returns an *Error if a layer
// cannot be built, if declare panics, or if the graph has a stock op of Gorgonia that
// computes wrong values and did not go through Must. Parameters that a failed build declared
// are removed from w.
func Build(w *Weights, f Frame, declare func(s *Scope)) (g *Graph, err error) {
	if f.B < 1 || f.T < 1 && !f.Encode || f.S < 0 {
		return nil, &Error{"model", fmt.Errorf("the frame has B=%d sequences of T=%d tokens (S=%d of the source), want at least one of each", f.B, f.T, f.S), ""}
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
		g.made[n] += "" // nodes added after this are derivatives
	}
	return g, nil
}

func newGraph(w *Weights, f Frame) *Graph {
	g := &Graph{frame: f, expr: G.NewGraph(), tape: ops.NewTape(), weights: w, taps: map[string]*G.Node{}, hidden: map[string]bool{},
		later: map[string]func() *G.Node{}, offers: map[string]func() *G.Node{}, infos: map[string]TapInfo{}, asked: map[string]bool{}, readOnly: map[string]bool{},
		views: map[View][]string{}, claimed: map[string]string{}, sources: map[string]Source{}, made: map[*G.Node]string{}, lines: map[*G.Node]string{}, shared: map[string]bool{}, inCell: map[*G.Node]bool{}, ints: map[string]*ints{}, encoded: make([]int, f.B)}
	g.tape.Differentiated = f.Gradient
	return g
}

// Frame returns the frame that the graph was built for.
func (g *Graph) Frame() Frame { return g.frame }

// Expr returns Gorgonia's expression graph.
func (g *Graph) Expr() *G.ExprGraph { return g.expr }

// Tape returns the state that the graph's ops share, which is also their tensor engine.
func (g *Graph) Tape() *ops.Tape { return g.tape }

// Params returns the parameters in the order they were declared.
func (g *Graph) Params() G.Nodes { return g.params }

// settleDecay sets Decay and Table of each parameter that this graph is the first to declare:
// Decay to the value given by WithDecay, or else to whether a matrix product or a lookup reads it.
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
		switch decay := g.decays[i]; {
		case p.settled:
			continue
		case decay != nil:
			p.Decay = *decay
		default:
			p.Decay = read[n] || g.tape.ReadsAsMatrix(n)
		}
		p.Table, p.settled = g.tape.ReadsAsTable(n), true
	}
}

// isProduct reports whether n is a stock matrix product or lookup of Gorgonia.
func isProduct(n *G.Node) bool {
	switch fmt.Sprintf("%T", n.Op()) {
	case "gorgonia.linAlgBinOp", "*gorgonia.tensordotOp", "gorgonia.tensordotOp", "*gorgonia.byIndicesOp":
		return true
	}
	return false
}

// Views returns the names of the taps declared with view v, sorted.
func (g *Graph) Views(v View) []string { return slices.Sorted(slices.Values(g.views[v])) }
