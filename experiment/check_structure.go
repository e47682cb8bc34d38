package experiment

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/layers/graph"
	"euryale/layers/ops"
	"euryale/models"
	"euryale/models/modeltest"
)

// structure looks at the nodes of the training graph: those that nothing reads, inputs that were
// declared without a scope, custom ops that Gorgonia merged, and weights that are tied.
func (c *checker) structure() error {
	f := frameOf(c.m)
	f.B, f.T, f.Gradient = 2, min(8, f.T), true
	g, err := graphOf(c.m, f)
	if err != nil { // it may have no derivative, which the check of gradients explains
		f.Gradient = false
		if g, err = graphOf(c.m, f); err != nil {
			return err
		}
	}
	s := &structure{g: g, used: map[*G.Node]bool{}}
	return errors.Join(append(append(s.unread(), s.undeclared()...), append(s.merged(), append(s.tied(), s.residuals()...)...)...)...)
}

// graphOf builds the graph of a model without values.
func graphOf(m models.Model, f graph.Frame) (g *graph.Graph, err error) {
	_, err = models.Inspect(m, graph.NewBlankWeights(), f, func(built *graph.Graph) map[string]*G.Node {
		g = built
		return nil
	})
	return g, err
}

// structure is the forward pass of a graph.
type structure struct {
	g    *graph.Graph
	used map[*G.Node]bool // nodes that the loss or a tap is computed from
}

// use marks a node and all that it is computed from.
func (s *structure) use(n *G.Node) {
	if s.used[n] {
		return
	}
	s.used[n] = true
	for _, operand := range s.g.Operands(n) {
		s.use(operand)
	}
}

// forward calls f for the nodes that the model declared, outside the cells of loops.
func (s *structure) forward(f func(n *G.Node)) {
	for _, n := range s.g.Expr().AllNodes() {
		if !s.g.IsBackward(n) && !s.g.InCell(n) {
			f(n)
		}
	}
}

// unread returns a fault for each value that nothing reads: neither the loss nor another node.
// Values that are named as taps are read on request.
func (s *structure) unread() (faults []error) {
	for _, name := range s.g.Taps() {
		if n := s.g.Node(name); n != nil && (name == "loss" || name == "logits" || n.Op() == nil) {
			s.use(n)
		}
	}
	for _, l := range s.g.Losses() {
		s.use(l.Node)
	}
	named := map[*G.Node]string{}
	for _, name := range s.g.Taps() {
		if n := s.g.Node(name); n != nil {
			named[n] = name
		}
	}
	type call struct{ path, line string }
	read, calls := map[*G.Node]bool{}, map[call]bool{}
	s.forward(func(n *G.Node) {
		for _, operand := range s.g.Operands(n) {
			read[operand] = true
		}
		if s.used[n] && n.Op() != nil {
			calls[call{s.g.Origin(n).Path, s.g.Line(n)}] = true
		}
	})
	s.forward(func(n *G.Node) {
		if n.Op() == nil || read[n] || s.used[n] || named[n] != "" && !isOutput(s.g, n, named[n]) {
			return
		}
		o := s.g.Origin(n)
		if calls[call{o.Path, s.g.Line(n)}] || slices.Contains([]string{"objective", "columns", "rows"}, o.Op) { // one of several results of a layer, what is minimised, or a part
			return
		}
		faults = append(faults, &modeltest.Fault{Layer: o.Path, Op: o.Op, Line: s.g.Line(n),
			Seen:  fmt.Sprintf("nothing reads the result %v of %s", n.Shape(), o.Op),
			Cause: "a result is not assigned, or a later line uses the value from before it; use it, or delete the line"})
	})
	return faults
}

// isOutput reports whether name is the path of the layer that declared n, or that of the residual
// stream after it, and not that of a tap inside it, such as attention weights.
func isOutput(g *graph.Graph, n *G.Node, name string) bool {
	return g.Origin(n).Path == strings.TrimSuffix(name, "/resid")
}

// undeclared returns a fault for each input of numbers that was made with Gorgonia's functions.
func (s *structure) undeclared() (faults []error) {
	s.forward(func(n *G.Node) {
		if n.Op() != nil || n.Dtype() == tensor.Int || n.IsScalar() || s.g.IsDeclared(n) {
			return
		}
		at := place(s.g, n)
		faults = append(faults, &modeltest.Fault{Layer: at.Path, Line: s.g.Line(n),
			Seen:  fmt.Sprintf("the input %q %v belongs to no scope: it is not trained, not saved, and Gorgonia merges it with another of the same name and shape", n.Name(), n.Shape()),
			Cause: "it was made with a function such as gorgonia.NewMatrix; declare it with s.Param or s.Const"})
	})
	return faults
}

// place returns the origin of the first node that reads an input.
func place(g *graph.Graph, input *G.Node) graph.Origin {
	for _, n := range g.Expr().AllNodes() {
		if slices.Contains(g.Operands(n), input) {
			return g.Origin(n)
		}
	}
	return graph.Origin{}
}

// merged returns a fault for each custom op that Gorgonia took for another.
func (s *structure) merged() (faults []error) {
	for _, n := range s.g.Merged() {
		field := unhashed(n.Op())
		if field == "" {
			continue // they are equal
		}
		o := s.g.Origin(n)
		faults = append(faults, &modeltest.Fault{Layer: o.Path, Op: o.Op, Line: s.g.Line(n),
			Seen:  fmt.Sprintf("two declarations of the op %v on the same operands returned one node, and its hash does not depend on its field %s", n.Op(), field),
			Cause: "Gorgonia merges ops of one hash: write the field in WriteHash, or declare the op with ops.Op and s.Apply"})
	}
	return faults
}

// unhashed returns the name of a field of a custom op, a number, that does not change its hash,
// or "".
func unhashed(op G.Op) string {
	v := reflect.Indirect(reflect.ValueOf(op))
	if v.Kind() != reflect.Struct {
		return ""
	}
	for i := range v.NumField() {
		other := reflect.New(v.Type())
		other.Elem().Set(v)
		f := other.Elem().Field(i)
		f = reflect.NewAt(f.Type(), f.Addr().UnsafePointer()).Elem() // it may be unexported
		switch {
		case f.CanInt():
			f.SetInt(f.Int() + 1)
		case f.CanFloat():
			f.SetFloat(f.Float() + 1)
		case f.Kind() == reflect.Bool:
			f.SetBool(!f.Bool())
		default:
			continue
		}
		changed, ok := other.Interface().(G.Op)
		if ok && changed.Hashcode() == op.Hashcode() {
			return v.Type().Field(i).Name
		}
	}
	return ""
}

// products are the ops that make weights tied: a fused op that reads those of another layer does
// so on purpose.
var products = []string{"linear", "matmul", "gather"}

// tied returns a fault for each matrix that products of several layers read, unless one of them
// has asked for it with Shared.
func (s *structure) tied() (faults []error) {
	readers := map[string][]string{}
	s.forward(func(n *G.Node) {
		if n.Op() == nil {
			return
		}
		if !slices.Contains(products, s.g.Origin(n).Op) && ops.PlaceOf(n) != "" {
			return
		}
		for _, operand := range s.g.Operands(n) {
			if operand.Op() == nil && len(operand.Shape()) == 2 && operand.Shape()[0] > 1 && operand.Shape()[1] > 1 {
				if path := nameOrModel(s.g.Origin(n).Path); !slices.Contains(readers[operand.Name()], path) {
					readers[operand.Name()] = append(readers[operand.Name()], path)
				}
			}
		}
	})
	for _, p := range s.g.Params() {
		path := p.Name()
		if by := readers[path]; len(by) > 1 && !s.g.IsShared(path) {
			faults = append(faults, &modeltest.Fault{Layer: path, Line: s.g.Declared(path),
				Seen:  fmt.Sprintf("the weights %v are tied: the layers %s read them", p.Shape(), strings.Join(by, " and ")),
				Cause: "one node of a parameter is used in several layers; declare one for each, or say that they are tied with s.Shared"})
		}
	}
	return faults
}
