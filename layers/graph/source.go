package graph

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
	"euryale/layers/stock"
)

// Source is a line of Go.
type Source struct {
	File string // path of the file, as the compiler recorded it, or what an interpreter runs
	Line int    // 0 if there are no lines
}

// String returns the base name of the file, and the line.
func (s Source) String() string {
	if s.Line == 0 {
		return s.File
	}
	return fmt.Sprintf("%s:%d", filepath.Base(s.File), s.Line)
}

// frameSource returns the line that f executes.
func frameSource(f runtime.Frame) Source {
	if strings.HasPrefix(f.Function, stock.Interpreter) {
		return Source{File: stock.Cell}
	}
	return Source{f.File, f.Line}
}

// noteSource records the line of the first declaration in s.
func (s *Scope) noteSource() {
	if _, known := s.graph.sources[s.path]; !known {
		s.graph.sources[s.path] = callerSource()
	}
}

// SourceOf returns the line of the model's code that first declared something in the scope at
// path, or else in the scope around it. It is zero if there is none.
func (g *Graph) SourceOf(path string) Source {
	for {
		if s, ok := g.sources[path]; ok || path == "" {
			return s
		}
		path = path[:max(strings.LastIndexByte(path, '/'), 0)]
	}
}

// Line returns the file and line of the model's code that declared n. For a node of the
// backward pass it is the line of the value that n is the gradient of, and for a node that did
// not go through Must the line of the node that reads it. It is "" if no line is known.
func (g *Graph) Line(n *G.Node) string {
	if line := g.lines[n]; line != "" || !g.backward(n) {
		return line
	}
	for _, of := range n.DerivOf() {
		return g.lines[of]
	}
	return g.Declared(g.Origin(n).Path)
}

// Declared returns the file and line of the model's code that declared the parameter, the tap
// or the layer at path, "" if there is none.
func (g *Graph) Declared(path string) string {
	if line := g.claimed[path]; line != "" {
		return line
	}
	for _, n := range g.expr.AllNodes() {
		if line := g.lines[n]; line != "" && g.made[n] == path {
			return line
		}
	}
	return ""
}

// IsShared reports whether a layer has used the parameter at path through Scope.Shared.
func (g *Graph) IsShared(path string) bool { return g.shared[path] }

// IsBackward reports whether differentiation added n.
func (g *Graph) IsBackward(n *G.Node) bool { return g.backward(n) }

// IsDeclared reports whether the scope declared the input n: a parameter, a constant, an input
// of integers or a state in memory.
func (g *Graph) IsDeclared(n *G.Node) bool {
	if in := g.ints[n.Name()]; in != nil && in.node == n {
		return true
	}
	return g.claimed[n.Name()] != ""
}

// InCell reports whether n belongs to the cell of a loop.
func (g *Graph) InCell(n *G.Node) bool { return g.inCell[n] }

// Merged returns the nodes that Gorgonia returned for two declarations, and whose op may not
// say all that tells it apart: custom ops written against gorgonia.Op.
func (g *Graph) Merged() G.Nodes { return g.merged }

// identified reports whether n's op is one whose hash tells it apart from every other: a stock
// op that has passed the check, or an op of package ops.
func identified(n *G.Node) bool {
	return n.Op() == nil || ops.PlaceOf(n) != "" || strings.Contains(fmt.Sprintf("%T", n.Op()), "gorgonia.")
}
