package layers

import (
	"math/rand/v2"

	G "gorgonia.org/gorgonia"

	"euryale/layers/graph"
	"euryale/layers/ops"
)

// LSTMCell is a long short-term memory (Hochreiter and Schmidhuber 1997, with the forget
// gate of Gers, Schmidhuber and Cummins 2000):
//
//	i|f|g|o = x·Wx + h·Wh + b
//	c' = σ(f)⊙c + σ(i)⊙tanh(g)
//	h' = σ(o)⊙tanh(c')
type LSTMCell struct{ gated }

// NewLSTM declares x/W (in, 4H), x/b (4H) and h/W (H, 4H), uniform within ±1/√H, with
// c.ForgetBias added to the second quarter of the bias (Jozefowicz et al. 2015 found that
// 1 helps).
func NewLSTM(s *Scope, in int, c RecurrentConfig) *LSTMCell {
	init := recurrentInit(s, c.Hidden)
	bias := func(rng *rand.Rand, shape []int) []float64 {
		v := init(rng, shape)
		for i := c.Hidden; i < 2*c.Hidden; i++ {
			v[i] += c.ForgetBias
		}
		return v
	}
	return &LSTMCell{newGated(s, 4, in, c.Hidden, bias)}
}

// Width returns 2·H: h and c side by side.
func (l *LSTMCell) Width() int { return 2 * l.hidden }

// Step returns the state after one token, in stock ops.
//
//	x: (B, in), prev: (B, H) each → (B, H) each
func (l *LSTMCell) Step(x *G.Node, prev State) State {
	s := l.s
	z := s.Must(G.Add(l.plainInputs(x), s.Must(G.Mul(prev.H, l.wh)))) // (B, 4H)
	i, f := s.Must(G.Sigmoid(l.gate(z, 0))), s.Must(G.Sigmoid(l.gate(z, 1)))
	g, o := s.Must(G.Tanh(l.gate(z, 2))), s.Must(G.Sigmoid(l.gate(z, 3)))
	c := s.Must(G.Add(s.Must(G.HadamardProd(f, prev.C)), s.Must(G.HadamardProd(i, g))))
	return State{H: s.Must(G.HadamardProd(o, s.Must(G.Tanh(c)))), C: c}
}

// Next is Step as one fused op.
//
//	x: (B, in), prev: (B, Width) → (B, Width)
func (l *LSTMCell) Next(x, prev *G.Node) *G.Node {
	if l.isEdited() {
		return l.changed(l.inputs(x), prev)
	}
	return l.run(ops.Scan{Sequences: l.s.B}, l.inputs(x), prev, l.now())
}

func (l *LSTMCell) run(c ops.Scan, z, prev, at *G.Node) *G.Node {
	return l.s.Must(ops.LSTM(l.s.At("lstm"), c, z, l.wh, prev, at))
}

func (l *LSTMCell) scan(x, prev, at *G.Node, reverse bool) (states *G.Node) {
	c, z := ops.Scan{Sequences: l.s.B, Reverse: reverse}, l.inputs(x)
	if l.isEdited() {
		states = l.s.LoopOver(z, prev, reverse, l.changed)
	} else {
		states = l.run(c, z, prev, at)
	}
	l.tap(c, l.s.RowsOf(states), func() tokens { return tokens{z, prev, states} })
	return states
}

// tap declares the taps, with rows for all tokens.
func (l *LSTMCell) tap(c ops.Scan, rows graph.Rows, over func() tokens) {
	s, info := l.s, l.gateInfo(rows)
	s.TapLater("gates", info, func() *G.Node {
		t := over()
		return s.Changed("gates", s.Must(ops.LSTMGates(s.At("gates"), c, t.z, l.wh, t.prev, t.states)), info)
	})
	l.tapState("h", 0, rows, over)
	l.tapState("c", 1, rows, over)
	l.tapState("cell", 1, rows, over)
}

func (l *LSTMCell) gateInfo(rows graph.Rows) graph.TapInfo {
	return graph.TapInfo{Rows: rows, View: graph.LSTMGates, Parts: gateParts(l.hidden, "i", "f", "g", "o")}
}

func (l *LSTMCell) isEdited() bool { return l.s.IsEdited("gates", "i", "f", "g", "o", "c", "h") }

// changed is Next as several ops, for graphs that change gates or states.
//
//	z: (B, 4H), prev: (B, 2H) → (B, 2H)
func (l *LSTMCell) changed(z, prev *G.Node) *G.Node {
	s, h := l.s, l.hidden
	z = Add(s, z, MatMul(s, l.gate(prev, 0), l.wh))
	gates := Concat(s, Sigmoid(s, Columns(s, z, 0, 2*h)), Tanh(s, l.gate(z, 2)), Sigmoid(s, l.gate(z, 3)))
	gates = s.Changed("gates", gates, l.gateInfo(""))
	c := Add(s, Mul(s, l.gate(gates, 1), l.gate(prev, 1)), Mul(s, l.gate(gates, 0), l.gate(gates, 2)))
	c = s.Changed("c", c, graph.TapInfo{})
	return Concat(s, s.Changed("h", Mul(s, l.gate(gates, 3), Tanh(s, c)), graph.TapInfo{}), c)
}

// Output returns h (N, H) of states (N, Width).
func (l *LSTMCell) Output(states *G.Node) *G.Node { return l.gate(states, 0) }

// LSTM runs a long short-term memory over all tokens. It returns h after each token, and the
// state h|c after the last.
//
//	x: (B·T, in) → h: (B·T, H), last: (B, 2H)
//
// It declares the parameters of NewLSTM. Its taps are "gates", i|f|g|o (B·T, 4H) after their
// activations, each of "i", "f", "g" and "o" (B·T, H), and the state after each token, "h" and "c"
// (B·T, H); "cell" is another name of "c". An edit of them changes the states that follow, one of the layer's own path
// only what other layers read.
func LSTM(s *Scope, x *G.Node, c RecurrentConfig) (h, last *G.Node) {
	return Recurrent(s, x, NewLSTM(s, s.Rows(x), c), c)
}
