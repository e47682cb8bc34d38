package layers

import (
	"math"
	"math/rand/v2"

	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// RecurrentConfig shapes a recurrent layer.
type RecurrentConfig struct {
	Hidden     int        // H, columns of its output
	Act        Activation // of an RNN: "tanh", or "relu"; empty: tanh
	ForgetBias float64    // first value of an LSTM's forget gate's bias
	Reverse    bool       // from each lane's last token to its first: of sources only
	Start      *G.Node    // (B, Width) what lanes start from; nil: zero
}

// Cell is a recurrent cell with its parameters. Step is one step in Gorgonia's own ops,
// for reading the equations and for checking; layers run a fused op with the same
// parameters, which takes all tokens at once.
type Cell interface {
	// Step goes one token further.
	//
	//	x: (B, in), of State: (B, H) → of State: (B, H)
	Step(x *G.Node, prev State) State
	// Width is the number of columns of the state: H, or 2·H.
	Width() int
	// scan goes through all tokens: x (B·T, in), prev (B, Width), at (B·T) → the state
	// after each, (B·T, Width).
	scan(x, prev, at *G.Node, reverse bool) *G.Node
	// output is h of states (N, Width): (N, H).
	output(states *G.Node) *G.Node
}

// State is what a cell remembers of each lane.
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

// newGated declares x/W (in, gates·H), x/b (gates·H) and h/W (H, gates·H), all uniform
// within 1/√H unless the scope says otherwise: PyTorch's first values.
func newGated(s *Scope, gates, in int, c RecurrentConfig) gated {
	if c.Hidden < 1 {
		s.Fail("hidden is %d, want at least 1", c.Hidden)
	}
	g := gated{s: s, hidden: c.Hidden}
	n := gates * c.Hidden
	g.wx = s.Sub("x").Param("W", s.recurrentInit(c.Hidden), in, n)
	if s.bias {
		g.b = s.Sub("x").Param("b", withForget(s.recurrentInit(c.Hidden), c), n)
	}
	g.wh = s.Sub("h").Param("W", s.recurrentInit(c.Hidden), c.Hidden, n)
	return g
}

func (s *Scope) recurrentInit(hidden int) Init {
	if s.init != nil {
		return s.init
	}
	return Uniform(1 / math.Sqrt(float64(hidden)))
}

// withForget adds a constant to the second quarter of an LSTM's bias, its forget gate.
func withForget(init Init, c RecurrentConfig) Init {
	if c.ForgetBias == 0 {
		return init
	}
	return func(rng *rand.Rand, shape []int) []float64 {
		v := init(rng, shape)
		for i := c.Hidden; i < 2*c.Hidden; i++ {
			v[i] += c.ForgetBias
		}
		return v
	}
}

// inputs is x·Wx + b.
//
//	x: (N, in) → (N, gates·H)
func (g *gated) inputs(x *G.Node) *G.Node {
	return g.s.Must(ops.Linear(g.s.at("inputs"), ops.Identity, x, g.wx, g.b))
}

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
	return g.s.Must(ops.Columns(g.s.at("gate"), z, i*g.hidden, (i+1)*g.hidden))
}
