package layers

import (
	G "gorgonia.org/gorgonia"

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
func (r *RNNCell) Next(x, prev *G.Node) *G.Node { return r.scan(x, prev, r.now(), false) }

func (r *RNNCell) scan(x, prev, at *G.Node, reverse bool) *G.Node {
	c := ops.Scan{Sequences: r.s.B, Reverse: reverse}
	return r.s.Must(ops.RNN(r.s.At("rnn"), c, r.act, r.inputs(x), r.wh, prev, at))
}

// Output returns h (N, H) of states (N, Width).
func (r *RNNCell) Output(states *G.Node) *G.Node { return states }

// RNN runs a simple recurrent network over all tokens. It returns h after each token, and after
// the last.
//
//	x: (B·T, in) → h: (B·T, H), last: (B, H)
//
// It declares the parameters of NewRNN.
func RNN(s *Scope, x *G.Node, c RecurrentConfig) (h, last *G.Node) {
	return Recurrent(s, x, NewRNN(s, s.Rows(x), c), c)
}
