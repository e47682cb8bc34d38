package graph

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"runtime"
	"strings"

	G "gorgonia.org/gorgonia"

	"euryale/layers/stock"
)

// failure converts a panic of a model definition into the error that Build returns. It panics
// again if an interpreter's signal, such as that of an interrupted cell, is under way.
func (g *Graph) failure(r any) error {
	if e, ok := r.(*Error); ok {
		return e
	}
	if t := reflect.TypeOf(r); strings.HasPrefix(t.PkgPath(), stock.Interpreter) {
		panic(r)
	}
	where, inLayer := panicked()
	path := g.last
	if path == "" {
		path = "model"
	}
	err, ok := r.(error)
	if !ok {
		err = fmt.Errorf("%v", r)
	}
	if strings.Contains(err.Error(), "nil pointer dereference") {
		err = fmt.Errorf("a node or a scope is nil: %s (%w)", nilCause, err)
	}
	if inLayer {
		return &Error{path, fmt.Errorf("%w, at %s", err, where), where}
	}
	return &Error{path, fmt.Errorf("the definition panicked at %s, after this layer: %w", where, err), where}
}

// nilCause says what a nil node usually comes from.
const nilCause = "a function that should return one returned none, or a variable has none yet"

// RefuseNil stops the build if a node is nil.
func (s *Scope) RefuseNil(nodes ...*G.Node) {
	for _, n := range nodes {
		if n == nil {
			s.Fail("a node is nil: %s", nilCause)
		}
	}
}

var shapeText = regexp.MustCompile(`\(\d+(, \d+)*\)`)

// describe returns the error of an op. An op that fails makes no node, so that the operands of a
// stock op are not known here: where Gorgonia's message lacks their shapes, those of the values
// declared last are added.
func (g *Graph) describe(err error) error {
	err = stock.Describe(err)
	var call *stock.CallError
	if !errors.As(err, &call) || len(shapeText.FindAllString(call.Error(), 2)) == 2 {
		return err
	}
	return fmt.Errorf("%w (declared last: %s)", err, g.latest(4))
}

// latest lists the shapes of the n values declared last: results, and parameters that nothing has
// read yet.
func (g *Graph) latest(n int) string {
	nodes := g.expr.AllNodes()
	read := map[*G.Node]bool{}
	for _, node := range nodes {
		if node.Op() != nil {
			for _, operand := range g.Operands(node) {
				read[operand] = true
			}
		}
	}
	var values []string
	for i := len(nodes) - 1; i >= 0 && len(values) < n; i-- {
		node := nodes[i]
		if node.Dims() == 0 || node.Op() == nil && read[node] {
			continue
		}
		name := node.Name()
		if node.Op() != nil {
			name = g.Origin(node).Path
		}
		values = append(values, fmt.Sprintf("%s %v", name, node.Shape()))
	}
	return strings.Join(values, ", ")
}

// panicked returns the line of the model definition at which a panic was raised, and whether
// it was raised in a layer that the line calls.
func panicked() (where string, inLayer bool) {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	raised := false
	for {
		f, more := frames.Next()
		switch {
		case strings.HasPrefix(f.Function, "runtime."):
			raised = raised || f.Function == "runtime.gopanic"
		case !raised:
		case strings.HasPrefix(f.Function, "gorgonia.org/") || strings.HasPrefix(f.Function, "reflect."):
		case strings.HasSuffix(f.File, "_test.go"):
			return frameSource(f).String(), inLayer
		case strings.HasPrefix(f.Function, "euryale/layers.") || strings.HasPrefix(f.Function, "euryale/layers/"):
			inLayer = true
		default:
			return frameSource(f).String(), inLayer
		}
		if !more {
			return "an unknown line", inLayer
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

// Order returns the nodes that roots are computed from, roots included, each after its operands.
func (g *Graph) Order(roots ...*G.Node) (order G.Nodes) {
	seen := map[*G.Node]bool{}
	var visit func(n *G.Node)
	visit = func(n *G.Node) {
		if seen[n] {
			return
		}
		seen[n] = true
		for _, operand := range g.Operands(n) {
			visit(operand)
		}
		order = append(order, n)
	}
	for _, n := range roots {
		visit(n)
	}
	return order
}
