package layers

import (
	"math"

	G "gorgonia.org/gorgonia"

	"euryale/layers/graph"
	"euryale/layers/ops"
)

// RecurrentConfig holds the options of a recurrent layer. Only Hidden is required.
type RecurrentConfig struct {
	Hidden     int        // H, columns of the output
	Act        Activation // of an RNN: "tanh" or "relu"; empty: tanh
	ForgetBias float64    // of an LSTM: initial value of the forget gate's bias
	Reverse    bool       // run from the last token to the first; only for a source
	Start      *G.Node    // (B, Width), the initial state; nil: zero
}

// Cell is a recurrent cell with its parameters. Step computes one step in stock ops of
// Gorgonia, as a readable reference. Layers run fused ops with the same parameters, over all
// tokens or one.
type Cell interface {
	// Step returns the state after one token.
	//
	//	x: (B, in), prev: (B, H) each → (B, H) each
	Step(x *G.Node, prev State) State
	// Width returns the number of columns of the state: H, or 2·H for an LSTM.
	Width() int
	// Next is Step as one fused op, with the parts of the state side by side.
	//
	//	x: (B, in), prev: (B, Width) → (B, Width)
	Next(x, prev *G.Node) *G.Node
	// Output returns h of states.
	//
	//	states: (N, Width) → (N, H)
	Output(states *G.Node) *G.Node
	// scan returns the state after each token.
	//
	//	x: (B·T, in), prev: (B, Width), at: (B·T) int → (B·T, Width)
	scan(x, prev, at *G.Node, reverse bool) *G.Node
	// inputs returns the part of the gates that depends on the tokens only.
	//
	//	x: (N, in) → (N, gates·H)
	inputs(x *G.Node) *G.Node
	// scope returns the scope that the cell was declared in.
	scope() *Scope
	// tap declares the taps of the cell, with rows for all tokens.
	tap(c ops.Scan, rows graph.Rows, over func() tokens)
}

// State is the state of a cell.
type State struct {
	H *G.Node // (B, H), the output
	C *G.Node // (B, H), the cell state of an LSTM; nil in other cells
}

// gated holds the parameters that all cells have, for the products with inputs and state.
//
//	wx: (in, gates·H), b: (gates·H) or nil, wh: (H, gates·H)
type gated struct {
	s         *Scope
	hidden    int
	wx, b, wh *G.Node
}

// newGated declares x/W (in, gates·H), x/b (gates·H) and h/W (H, gates·H), the matrices
// uniform within ±1/√H (PyTorch's default) unless the scope has an Init.
func newGated(s *Scope, gates, in, hidden int, bias Init) gated {
	if hidden < 1 {
		s.Fail("hidden is %d, want at least 1", hidden)
	}
	g := gated{s: s, hidden: hidden}
	g.wx = s.Sub("x").Param("W", recurrentInit(s, hidden), in, gates*hidden)
	if s.HasBias() {
		g.b = s.Sub("x").Param("b", bias, gates*hidden)
	}
	g.wh = s.Sub("h").Param("W", recurrentInit(s, hidden), hidden, gates*hidden)
	return g
}

func recurrentInit(s *Scope, hidden int) Init {
	return s.InitOr(Uniform(1 / math.Sqrt(float64(hidden))))
}

// inputs returns x·Wx + b.
//
//	x: (N, in) → (N, gates·H)
func (g *gated) inputs(x *G.Node) *G.Node {
	return g.s.Must(ops.Linear(g.s.At("inputs"), ops.Identity, x, g.wx, g.b))
}

// now returns position 0 for every sequence: a single step has no padding.
//
//	→ (B) int
func (g *gated) now() *G.Node { return g.s.StepPositions() }

// plainInputs is inputs in stock ops of Gorgonia.
func (g *gated) plainInputs(x *G.Node) *G.Node {
	y := g.s.Must(G.Mul(x, g.wx))
	if g.b == nil {
		return y
	}
	return g.s.Must(G.BroadcastAdd(y, g.b, nil, []byte{0}))
}

// gate returns the i-th of the gates side by side in z. It does not use Gorgonia's Slice, which
// is wrong for matrices of more than 256 columns.
//
//	z: (N, gates·H) → (N, H)
func (g *gated) gate(z *G.Node, i int) *G.Node {
	return g.s.Must(ops.Columns(g.s.At("gate"), z, i*g.hidden, (i+1)*g.hidden))
}

// tokens holds what the values of a cell at all tokens are computed from.
//
//	z: (B·T, gates·H), prev: (B, Width), states: (B·T, Width)
type tokens struct{ z, prev, states *G.Node }

// TapCell declares the taps of a cell that runs in the loop of Recur. The inputs of the cell and the states before
// and after all tokens are what over returns; it is called if a program reads a tap.
//
//	in: (B·T, in), before, after: (B·T, Width)
func TapCell(cell Cell, over func() (in, before, after *G.Node)) {
	s := cell.scope()
	cell.tap(ops.Scan{Sequences: s.B}, graph.TextRows, func() tokens {
		in, before, after := over()
		return tokens{cell.inputs(in), s.Must(ops.Row(s.At("first"), s.B, 0, before)), after}
	})
}

func (g *gated) scope() *Scope { return g.s }

// gateParts names the gates that are side by side in a matrix.
func gateParts(hidden int, names ...string) (parts []graph.Part) {
	for i, name := range names {
		parts = append(parts, graph.Part{Name: name, From: i * hidden, To: (i + 1) * hidden})
	}
	return parts
}

// tapState names H columns of the states after tokens, from the n-th multiple of H on. Edits of
// them have been made already.
func (g *gated) tapState(name string, n int, rows graph.Rows, over func() tokens) {
	g.s.TapLater(name, graph.TapInfo{Rows: rows}, func() *G.Node {
		return g.s.Must(ops.Columns(g.s.At(name), over().states, n*g.hidden, (n+1)*g.hidden))
	})
}
