package experiment

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/layers/graph"
	"euryale/models"
	"euryale/models/modeltest"
)

// Limits of the check of scale, all far from what sound models have.
const (
	largeSpread = 20   // of values
	largeGain   = 10   // of a linear layer: the spread of its result over that of what it reads
	vanishing   = 1e-5 // gradient times value, as a fraction of that of the logits
	exploding   = 1e3  // the same
	deadUnits   = 0.5  // fraction of columns
)

// scale measures values and gradients of every layer at the start of training.
func (c *checker) scale() error {
	m, w := c.atSize(), c.o.Weights
	if w == nil {
		w = graph.NewWeights(c.o.Seed)
	}
	f := frameOf(m)
	feed := c.feed(f, m)
	if b := c.o.Batch; b != nil {
		m, f = c.m, graph.Frame{B: b.B, T: b.T, S: b.S, Noise: c.o.Noise}
		feed = graph.Feed{Tokens: b.Tokens, Targets: b.Targets, Source: b.Source}
	}
	f.Gradient = true
	s := &scales{}
	p, err := models.Inspect(m, w, f, s.choose)
	if err != nil {
		return &skip{"the training program cannot be built"}
	}
	err = p.Run(feed)
	if models.IsNotFinite(err) || err == nil && c.o.Batch != nil {
		if fault := firstWrong(m, w, f, feed); fault != nil {
			return fault
		}
	}
	if err != nil {
		return err
	}
	if len(s.layers) == 0 {
		return nil
	}
	for _, at := range s.layers {
		at.measure(p, f.B*f.T)
		c.report.Layers = append(c.report.Layers, at.LayerScale)
	}
	var faults []error
	logits, said := s.layers[len(s.layers)-1], map[string]bool{}
	for _, at := range s.layers {
		seen, cause := at.wrong(logits, p)
		if seen == "" || said[cause] && cause != gainCause && cause != deadCause { // later layers follow from the first
			continue
		}
		said[cause] = true
		faults = append(faults, &modeltest.Fault{Layer: at.Layer, Op: at.Op, Line: at.Line, Seen: seen, Cause: cause})
	}
	return errors.Join(faults...)
}

// firstWrong returns a fault of the first value of a run that is not finite, or nil.
func firstWrong(m models.Model, w *graph.Weights, f graph.Frame, feed graph.Feed) error {
	found, err := models.FindFault(m, w, f, models.Options{}, feed, nil)
	if err != nil || found == nil {
		return err
	}
	return &modeltest.Fault{Layer: found.Path, Op: found.Op, Line: found.Line, Seen: found.String(), Cause: finiteCause}
}

// finiteCause is the usual cause of values that are not finite.
const finiteCause = "a division by zero, a logarithm or root of a non-positive value, or an exponential that overflows"

// Causes that a layer has of its own.
const (
	gainCause = "its initial values are too large: a standard deviation of 1/√n keeps the size, where n is the number of columns that it reads"
	deadCause = "the bias is too low or inputs are too large for an activation such as ReLU, which then has no gradient"
)

// scales are the layers whose values are read, in the order of the pass.
type scales struct{ layers []*scaled }

// scaled is the result of a layer: that of the last op of its path.
type scaled struct {
	LayerScale
	node    *G.Node
	columns int
	gain    float64 // of a linear op, else 0
	// Names of what the program reads; "" if there is none.
	value, gradient, input string
}

// choose returns the result of each layer, its gradient, and what a linear layer reads.
func (s *scales) choose(g *graph.Graph) map[string]*G.Node {
	gradients := map[*G.Node]*G.Node{}
	for _, n := range g.Expr().AllNodes() {
		if g.IsBackward(n) {
			for _, of := range n.DerivOf() {
				gradients[of] = n
			}
		}
	}
	byPath := map[string]*scaled{}
	for _, n := range pass(g) {
		if n.Op() == nil || n.Dims() != 2 || n.Dtype() == tensor.Int {
			continue
		}
		o := g.Origin(n)
		byPath[o.Path] = &scaled{LayerScale: LayerScale{Layer: o.Path, Op: o.Op, Line: g.Line(n)}, node: n, columns: n.Shape()[1]}
		s.layers = append(s.layers, byPath[o.Path])
	}
	s.layers = slices.DeleteFunc(s.layers, func(at *scaled) bool { return byPath[at.Layer] != at })
	read := map[string]*G.Node{}
	for i, at := range s.layers {
		id := fmt.Sprintf("%d of %s", i, at.Layer)
		at.value = "value " + id
		read[at.value] = at.node
		if d := gradients[at.node]; d != nil {
			at.gradient = "gradient " + id
			read[at.gradient] = d
		}
		if x := g.Operands(at.node)[0]; at.Op == "linear" && x.Op() != nil && x.Dtype() != tensor.Int {
			at.input = "input " + id
			read[at.input] = x
		}
	}
	return read
}

// pass returns the nodes that the logits are computed from, each after its operands.
func pass(g *graph.Graph) G.Nodes {
	logits, err := g.Tap("logits")
	if err != nil {
		return nil
	}
	return g.Order(logits)
}

// measure sets the scale of the layer in the last run of p. The gradient is that of the sum of
// the losses, so that it does not depend on the size of the batch.
func (at *scaled) measure(p *models.Program, targets int) {
	x := p.Float64s(at.value)
	alive := make([]bool, at.columns)
	for i, v := range x {
		alive[i%at.columns] = alive[i%at.columns] || v != 0
	}
	for _, a := range alive {
		if !a {
			at.Dead += 1 / float64(at.columns)
		}
	}
	at.Mean, at.Spread = moments(x)
	if at.gradient != "" {
		at.Gradient = float64(targets) * rms(p.Float64s(at.gradient))
	}
	if at.input != "" {
		at.gain = rms(x) / rms(p.Float64s(at.input))
	}
}

// moments returns the mean and the standard deviation.
func moments(x []float64) (mean, spread float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		spread += (v - mean) * (v - mean) / float64(len(x))
	}
	return mean, math.Sqrt(spread)
}

// rms returns the root mean square.
func rms(x []float64) float64 {
	mean, spread := moments(x)
	return math.Hypot(mean, spread)
}

// effect is the gradient times the size of the values: how much the loss changes with the values,
// relative to their size. Normalisation does not change it.
func (at *scaled) effect() float64 { return at.Gradient * math.Hypot(at.Mean, at.Spread) }

// wrong returns what is wrong with the layer's scale and its usual cause, or "".
func (at *scaled) wrong(logits *scaled, p *models.Program) (seen, cause string) {
	ratio := at.effect() / logits.effect()
	switch {
	case math.IsNaN(at.Spread+at.Gradient) || math.IsInf(at.Spread+at.Gradient, 0):
		return fmt.Sprintf("values have the spread %.3g, and gradients the root mean square %.3g", at.Spread, at.Gradient), finiteCause
	case at.gain > largeGain:
		return fmt.Sprintf("the layer multiplies values by %.3g at the start, to a spread of %.3g: they explode", at.gain, at.Spread), gainCause
	case at.Spread > largeSpread:
		return fmt.Sprintf("values have the spread %.3g at the start: they explode", at.Spread), "initial values are too large, or a normalisation or a factor such as 1/√d is missing"
	case at.Dead > deadUnits && !at.trained(p):
		return fmt.Sprintf("%.0f%% of the units are zero for every token: they are dead", 100*at.Dead), deadCause
	case at.gradient != "" && ratio > 0 && ratio < vanishing:
		return fmt.Sprintf("the gradient vanishes: times the values it is %.3g of that of the logits", ratio), "a product with small numbers or a saturated activation in the layers after it; a residual connection or a normalisation is missing"
	case at.gradient != "" && ratio > exploding:
		return fmt.Sprintf("the gradient explodes: times the values it is %.3g times that of the logits", ratio), "a product with large numbers in the layers after it; a normalisation is missing"
	}
	return "", ""
}

// trained reports whether a parameter of the layer receives a gradient, as that of a layer whose
// initial values are zero does.
func (at *scaled) trained(p *models.Program) bool {
	for i, g := range p.Gradients() {
		if strings.HasPrefix(p.Params()[i].Name(), at.Layer+"/") && slices.ContainsFunc(g.Float32s(), func(d float32) bool { return d != 0 }) {
			return at.Dead > 0.999
		}
	}
	return false
}
