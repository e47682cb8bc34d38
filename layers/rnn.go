package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/graph"
	"euryale/layers/ops"
)

// RNNCell is a simple recurrent network (Elman 1990): h' = act(x·Wx + h·Wh + b), with
// tanh, or ReLU (Le, Jaitly and Hinton 2015).
type RNNCell struct {
	gated
	act Activation
}

// NewRNN declares x/W (in, H), x/b (H) and h/W (H, H), uniform within ±1/√H.
func NewRNN(s *Scope, in int, c RecurrentConfig) *RNNCell {
	if c.Act == ops.Identity {
		c.Act = ops.Tanh
	}
	return &RNNCell{newGated(s, 1, in, c.Hidden, recurrentInit(s, c.Hidden)), c.Act}
}

// Width returns H.
func (r *RNNCell) Width() int { return r.hidden }

// Step returns the state after one token, in stock ops.
//
//	x: (B, in), prev: (B, H) each → (B, H) each
func (r *RNNCell) Step(x *G.Node, prev State) State {
	s, act := r.s, G.Tanh
	if r.act == ops.ReLU {
		act = G.Rectify
	}
	z := s.Must(G.Add(r.plainInputs(x), s.Must(G.Mul(prev.H, r.wh)))) // (B, H)
	return State{H: s.Must(act(z))}
}

// Next is Step as one fused op.
//
//	x: (B, in), prev: (B, Width) → (B, Width)
func (r *RNNCell) Next(x, prev *G.Node) *G.Node {
	if r.isEdited() {
		return r.changed(r.inputs(x), prev)
	}
	return r.run(ops.Scan{Sequences: r.s.B}, r.inputs(x), prev, r.now())
}

func (r *RNNCell) run(c ops.Scan, z, prev, at *G.Node) *G.Node {
	return r.s.Must(ops.RNN(r.s.At("rnn"), c, r.act, z, r.wh, prev, at))
}

func (r *RNNCell) scan(x, prev, at *G.Node, reverse bool) (states *G.Node) {
	c, z := ops.Scan{Sequences: r.s.B, Reverse: reverse}, r.inputs(x)
	if r.isEdited() {
		states = r.s.LoopOver(z, prev, reverse, r.changed)
	} else {
		states = r.run(c, z, prev, at)
	}
	r.tap(c, r.s.RowsOf(states), func() tokens { return tokens{z, prev, states} })
	return states
}

// tap declares the taps, with rows for all tokens.
func (r *RNNCell) tap(_ ops.Scan, rows graph.Rows, over func() tokens) {
	r.tapState("h", 0, rows, over)
}

func (r *RNNCell) isEdited() bool { return r.s.IsEdited("h") }

// changed is Next as several ops, for graphs that change states.
//
//	z: (B, H), prev: (B, H) → (B, H)
func (r *RNNCell) changed(z, prev *G.Node) *G.Node {
	s := r.s
	return s.Changed("h", Activate(s, Add(s, z, MatMul(s, prev, r.wh)), r.act), graph.TapInfo{})
}

// Output returns h (N, H) of states (N, Width).
func (r *RNNCell) Output(states *G.Node) *G.Node { return states }

// RNN runs a simple recurrent network over all tokens. It returns h after each token, and after
// the last.
//
//	x: (B·T, in) → h: (B·T, H), last: (B, H)
//
// It declares the parameters of NewRNN. Its tap "h" is the state after each token, (B·T, H).
func RNN(s *Scope, x *G.Node, c RecurrentConfig) (h, last *G.Node) {
	return Recurrent(s, x, NewRNN(s, s.Rows(x), c), c)
}
