package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// GRUCell is a gated recurrent unit (Cho et al. 2014), with the reset gate applied to the
// product of the state, as in cuDNN and PyTorch:
//
//	r|u|n = x·Wx + bx,  r'|u'|n' = h·Wh + bh
//	r = σ(r+r'),  u = σ(u+u'),  n = tanh(n + r⊙n')
//	h' = (1−u)⊙n + u⊙h
type GRUCell struct {
	gated
	bh *G.Node // (3H), or nil
}

// NewGRU declares x/W (in, 3H), x/b (3H), h/W (H, 3H) and h/b (3H), uniform within ±1/√H.
func NewGRU(s *Scope, in int, c RecurrentConfig) *GRUCell {
	g := &GRUCell{gated: newGated(s, 3, in, c.Hidden, recurrentInit(s, c.Hidden))}
	if s.HasBias() {
		g.bh = s.Sub("h").Param("b", recurrentInit(s, c.Hidden), 3*c.Hidden)
	}
	return g
}

// Width returns H.
func (g *GRUCell) Width() int { return g.hidden }

// Step returns the state after one token, in stock ops.
//
//	x: (B, in), prev: (B, H) each → (B, H) each
func (g *GRUCell) Step(x *G.Node, prev State) State {
	s := g.s
	zx, zh := g.plainInputs(x), s.Must(G.Mul(prev.H, g.wh)) // (B, 3H)
	if g.bh != nil {
		zh = s.Must(G.BroadcastAdd(zh, g.bh, nil, []byte{0}))
	}
	r := s.Must(G.Sigmoid(s.Must(G.Add(g.gate(zx, 0), g.gate(zh, 0)))))
	u := s.Must(G.Sigmoid(s.Must(G.Add(g.gate(zx, 1), g.gate(zh, 1)))))
	n := s.Must(G.Tanh(s.Must(G.Add(g.gate(zx, 2), s.Must(G.HadamardProd(r, g.gate(zh, 2)))))))
	return State{H: s.Must(G.Add(n, s.Must(G.HadamardProd(u, s.Must(G.Sub(prev.H, n))))))}
}

// Next is Step as one fused op.
//
//	x: (B, in), prev: (B, Width) → (B, Width)
func (g *GRUCell) Next(x, prev *G.Node) *G.Node { return g.scan(x, prev, g.now(), false) }

func (g *GRUCell) scan(x, prev, at *G.Node, reverse bool) *G.Node {
	c := ops.Scan{Sequences: g.s.B, Reverse: reverse}
	return g.s.Must(ops.GRU(g.s.At("gru"), c, g.inputs(x), g.wh, g.bh, prev, at))
}

// Output returns h (N, H) of states (N, Width).
func (g *GRUCell) Output(states *G.Node) *G.Node { return states }

// GRU runs a gated recurrent unit over all tokens. It returns h after each token, and after the
// last.
//
//	x: (B·T, in) → h: (B·T, H), last: (B, H)
//
// It declares the parameters of NewGRU.
func GRU(s *Scope, x *G.Node, c RecurrentConfig) (h, last *G.Node) {
	return Recurrent(s, x, NewGRU(s, s.Rows(x), c), c)
}
