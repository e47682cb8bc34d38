package graph

import (
	"fmt"
	"runtime"
	"strings"

	G "gorgonia.org/gorgonia"

	"euryale/layers/stock"
)

// failure converts a panic of a model definition into the error that Build returns. It
// panics again unless the panic comes from a layer, from Gorgonia or from the Go runtime.
func (g *Graph) failure(r any) error {
	if e, ok := r.(*Error); ok {
		return e
	}
	where, inGorgonia := panicked()
	if _, ok := r.(runtime.Error); !ok && !inGorgonia {
		panic(r)
	}
	path := g.last
	if path == "" {
		path = "model"
	}
	err, ok := r.(error)
	if !ok {
		err = fmt.Errorf("%v", r)
	}
	return &Error{path, fmt.Errorf("the definition panicked at %s, after this layer: %w", where, err), where}
}

// panicked returns the line of the model definition at which a panic was raised, and whether
// it was raised inside Gorgonia.
func panicked() (where string, inGorgonia bool) {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	raised := false
	for {
		f, more := frames.Next()
		switch {
		case strings.HasPrefix(f.Function, "runtime."):
			raised = raised || f.Function == "runtime.gopanic"
		case !raised:
		case strings.HasPrefix(f.Function, "gorgonia.org/"):
			inGorgonia = true
		case strings.HasPrefix(f.Function, "euryale/layers.") || strings.HasPrefix(f.Function, "euryale/layers/") || strings.HasPrefix(f.Function, "reflect."):
		default:
			return frameSource(f).String(), inGorgonia
		}
		if !more {
			return "an unknown line", inGorgonia
		}
	}
}

// checkStock panics with an *Error if the graph has a stock op that computes wrong values
// and has not gone through Must.
func (g *Graph) checkStock() {
	for _, n := range g.expr.AllNodes() {
		if err := stock.Check(n); err != nil {
			path := g.Origin(n).Path
			if path == "" {
				path = "model"
			}
			panic(&Error{path, fmt.Errorf("%w (the node did not go through Must)", err), g.Line(n)})
		}
	}
}

// CheckDerivatives returns an error if differentiation has added a stock op that computes
// wrong values.
func (g *Graph) CheckDerivatives() error {
	for _, n := range g.expr.AllNodes() {
		if !g.backward(n) {
			continue
		}
		if err := stock.CheckDerivative(n); err != nil {
			return &Error{g.Origin(n).Path, fmt.Errorf("its derivative: %w", err), g.Line(n)}
		}
	}
	return nil
}

// Operands returns the nodes that n is computed from, in order.
func (g *Graph) Operands(n *G.Node) G.Nodes { return stock.Operands(n) }
