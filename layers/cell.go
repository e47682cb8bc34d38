package layers

import (
	"math"

	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// RecurrentConfig shapes a recurrent layer.
type RecurrentConfig struct {
	Hidden     int        // H, columns of its output
	Act        Activation // of an RNN: "tanh", or "relu"; empty: tanh
	ForgetBias float64    // first value of an LSTM's forget gate's bias
	Reverse    bool       // from each sequence's last token to its first: of sources only
	Start      *G.Node    // (B, Width) what sequences start from; nil: zero
}

// Cell is a recurrent cell with its parameters. Step is one step in Gorgonia's own ops,
// for reading the equations and for checking; layers run fused ops with the same
// parameters, which take all tokens at once, or one.
type Cell interface {
	// Step goes one token further.
	//
	//	x: (B, in), of State: (B, H) → of State: (B, H)
	Step(x *G.Node, prev State) State
	// Width is the number of columns of the state: H, or 2·H.
	Width() int
	// Next is Step in one fused op, with the state's parts side by side.
	//
	//	x: (B, in), prev: (B, Width) → (B, Width)
	Next(x, prev *G.Node) *G.Node
	// Output is h of states.
	//
	//	states: (N, Width) → (N, H)
	Output(states *G.Node) *G.Node
	// scan goes through all tokens: x (B·T, in), prev (B, Width), at (B·T) → the state
	// after each, (B·T, Width).
	scan(x, prev, at *G.Node, reverse bool) *G.Node
}

// NewCell declares the cell of that kind: "rnn", "lstm" or "gru".
func NewCell(s *Scope, kind string, in int, c RecurrentConfig) Cell {
	switch kind {
	case "rnn":
		return NewRNN(s, in, c)
	case "lstm":
		return NewLSTM(s, in, c)
	case "gru":
		return NewGRU(s, in, c)
	}
	s.Fail("no cell is called %q: rnn, lstm or gru", kind)
	return nil
}

// State is what a cell remembers of each sequence.
type State struct {
	H *G.Node // (B, H), its output
	C *G.Node // (B, H), an LSTM's memory; nil in other cells
}

// gated is what cells have in common: the product of inputs, and that of the state.
//
//	wx: (in, gates·H), b: (gates·H) or nil, wh: (H, gates·H)
type gated struct {
	s         *Scope
	hidden    int
	wx, b, wh *G.Node
}

// newGated declares x/W (in, gates·H), x/b (gates·H) and h/W (H, gates·H), the matrices
// uniform within 1/√H unless the scope says otherwise: PyTorch's first values.
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

// inputs is x·Wx + b.
//
//	x: (N, in) → (N, gates·H)
func (g *gated) inputs(x *G.Node) *G.Node {
	return g.s.Must(ops.Linear(g.s.At("inputs"), ops.Identity, x, g.wx, g.b))
}

// now is a position for each sequence's one token, 0: whoever goes step by step keeps the
// sequences that have none.
//
//	→ (B) int
func (g *gated) now() *G.Node { return g.s.StepPositions() }

// plainInputs is inputs in Gorgonia's own ops.
func (g *gated) plainInputs(x *G.Node) *G.Node {
	y := g.s.Must(G.Mul(x, g.wx))
	if g.b == nil {
		return y
	}
	return g.s.Must(G.BroadcastAdd(y, g.b, nil, []byte{0}))
}

// gate is the i-th of the gates side by side in z. It is not Gorgonia's own Slice, which
// takes wrong columns of a matrix of more than 256.
//
//	z: (N, gates·H) → (N, H)
func (g *gated) gate(z *G.Node, i int) *G.Node {
	return g.s.Must(ops.Columns(g.s.At("gate"), z, i*g.hidden, (i+1)*g.hidden))
}
