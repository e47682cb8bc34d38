package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/graph"
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
func (g *GRUCell) Next(x, prev *G.Node) *G.Node {
	if g.isEdited() {
		return g.changed(g.inputs(x), prev)
	}
	return g.run(ops.Scan{Sequences: g.s.B}, g.inputs(x), prev, g.now())
}

func (g *GRUCell) run(c ops.Scan, z, prev, at *G.Node) *G.Node {
	return g.s.Must(ops.GRU(g.s.At("gru"), c, z, g.wh, g.bh, prev, at))
}

func (g *GRUCell) scan(x, prev, at *G.Node, reverse bool) (states *G.Node) {
	c, z := ops.Scan{Sequences: g.s.B, Reverse: reverse}, g.inputs(x)
	if g.isEdited() {
		states = g.s.LoopOver(z, prev, reverse, g.changed)
	} else {
		states = g.run(c, z, prev, at)
	}
	g.tap(c, g.s.RowsOf(states), func() tokens { return tokens{z, prev, states} })
	return states
}

// tap declares the taps, with rows for all tokens.
func (g *GRUCell) tap(c ops.Scan, rows graph.Rows, over func() tokens) {
	s, info := g.s, g.gateInfo(rows)
	s.TapLater("gates", info, func() *G.Node {
		t := over()
		return s.Changed("gates", s.Must(ops.GRUGates(s.At("gates"), c, t.z, g.wh, g.bh, t.prev, t.states)), info)
	})
	g.tapState("h", 0, rows, over)
}

func (g *GRUCell) gateInfo(rows graph.Rows) graph.TapInfo {
	return graph.TapInfo{Rows: rows, Parts: gateParts(g.hidden, "r", "z", "n")}
}

func (g *GRUCell) isEdited() bool { return g.s.IsEdited("gates", "r", "z", "n", "h") }

// changed is Next as several ops, for graphs that change gates or states.
//
//	zx: (B, 3H), prev: (B, H) → (B, H)
func (g *GRUCell) changed(zx, prev *G.Node) *G.Node {
	s := g.s
	zh := MatMul(s, prev, g.wh)
	if g.bh != nil {
		zh = Add(s, zh, g.bh)
	}
	r := Sigmoid(s, Add(s, g.gate(zx, 0), g.gate(zh, 0)))
	u := Sigmoid(s, Add(s, g.gate(zx, 1), g.gate(zh, 1)))
	// n reads r as it is after the edits, so that r is changed before, and n with all of them.
	first := g.gate(s.Changed("gates", Concat(s, r, u, u), g.gateInfo("")), 0)
	n := Tanh(s, Add(s, g.gate(zx, 2), Mul(s, first, g.gate(zh, 2))))
	gates := s.Changed("gates", Concat(s, r, u, n), g.gateInfo(""))
	u, n = g.gate(gates, 1), g.gate(gates, 2)
	return s.Changed("h", Add(s, n, Mul(s, u, Sub(s, prev, n))), graph.TapInfo{})
}

// Output returns h (N, H) of states (N, Width).
func (g *GRUCell) Output(states *G.Node) *G.Node { return states }

// GRU runs a gated recurrent unit over all tokens. It returns h after each token, and after the
// last.
//
//	x: (B·T, in) → h: (B·T, H), last: (B, H)
//
// It declares the parameters of NewGRU. Its taps are "gates", r|u|n (B·T, 3H) after their
// activations, "r", "z" (which is u) and "n" (B·T, H), and the state after each token, "h" (B·T, H).
func GRU(s *Scope, x *G.Node, c RecurrentConfig) (h, last *G.Node) {
	return Recurrent(s, x, NewGRU(s, s.Rows(x), c), c)
}
