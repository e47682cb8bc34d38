package graph

import (
	"fmt"
	"maps"
	"slices"
	"sort"

	G "gorgonia.org/gorgonia"

	"euryale/internal/near"
	"euryale/layers/ops"
)

// TapInfo says what the rows and columns of a tap are. Its zero value is a matrix with a row for
// each token.
type TapInfo struct {
	Rows    Rows
	Heads   int     // columns are those of so many heads, side by side; 0: of none
	Keys    Rows    // columns of a head are these tokens, as in attention weights; empty: they are no tokens
	Lengths *G.Node // (N) int, the keys that each row attends to; for Keys
	Parts   []Part  // columns that have a name of their own
	View    View    // how the value can be drawn; empty: not at all
}

// Part is a name, in the scope of a tap, for the tap's columns From to To−1.
type Part struct {
	Name     string
	From, To int
}

// Rows says what the rows of a value are.
type Rows string

// The kinds of rows.
const (
	TextRows     Rows = "text"     // tokens of the text
	SourceRows   Rows = "source"   // tokens of the source
	SequenceRows Rows = "sequence" // one for each sequence
)

// Heads returns the parts of a value with the columns of so many heads side by side: head0,
// head1 and so on below name, or in the scope itself if name is empty.
func Heads(name string, heads, columns int) []Part {
	if name != "" {
		name += "/"
	}
	parts := make([]Part, heads)
	for h := range parts {
		parts[h] = Part{fmt.Sprintf("%shead%d", name, h), h * columns, (h + 1) * columns}
	}
	return parts
}

// Tap names n, so that a program can read its value, and returns n, or what an Edit makes of it.
// A layer must go on with what Tap returns. It is an error to use a name twice in a scope.
func (s *Scope) Tap(name string, n *G.Node) *G.Node { return s.TapAs(name, n, TapInfo{}) }

// TapAs is Tap for a value whose rows and columns are those of info.
func (s *Scope) TapAs(name string, n *G.Node, info TapInfo) *G.Node {
	s.RefuseNil(n)
	return s.tap(s.claim(name), n, info)
}

// Out is Tap for the scope's own path: the result of the layer at s.
func (s *Scope) Out(n *G.Node) *G.Node { return s.OutAs(n, TapInfo{}) }

// OutAs is Out for a value whose rows and columns are those of info.
func (s *Scope) OutAs(n *G.Node, info TapInfo) *G.Node {
	s.RefuseNil(n)
	return s.tap(s.claimPath(s.path), n, info)
}

// TapView is Tap for a value that can be drawn as v. Values without a view are never drawn.
func (s *Scope) TapView(v View, name string, n *G.Node) *G.Node {
	return s.TapAs(name, n, TapInfo{View: v})
}

// TapLater names a value that only programs which read it compute: declare declares its nodes.
// A value that other layers read is declared with Tap. Where a layer makes the edits of the tap
// in another node, it asks IsEdited before.
func (s *Scope) TapLater(name string, info TapInfo, declare func() *G.Node) {
	path, g := s.claim(name), s.graph
	if g.cell != nil {
		g.hidden[path] = true
		return
	}
	s.describe(path, &info, nil)
	g.later[path] = declare
	s.tapParts(path, info)
	if !g.asked[path] {
		g.readOnly[path] = true
	}
}

// Offer names a value that another layer can compute with: see Offered. It is no tap, and its nodes are
// declared only if it is asked for.
func (s *Scope) Offer(name string, declare func() *G.Node) { s.graph.offers[s.join(name)] = declare }

// Offered returns the value that a layer has offered at path.
func (s *Scope) Offered(path string) *G.Node {
	declare := s.graph.offers[path]
	if declare == nil {
		s.Fail("no layer offers %q yet; similar names: %q", path, near.Names(path, slices.Collect(maps.Keys(s.graph.offers)), 5))
	}
	return declare()
}

// tap declares the tap at path and those of its parts.
func (s *Scope) tap(path string, n *G.Node, info TapInfo) *G.Node {
	s.describe(path, &info, n)
	if n.Dims() == 0 {
		s.graph.taps[path], s.graph.readOnly[path] = n, true
		return n
	}
	n = s.edit(path, info, n)
	s.graph.taps[path] = n
	s.tapParts(path, info)
	return n
}

// describe completes info and records it.
func (s *Scope) describe(path string, info *TapInfo, n *G.Node) {
	g := s.graph
	if info.Rows == "" {
		info.Rows = s.RowsOf(n)
	}
	if info.View != "" {
		g.views[info.View] = append(g.views[info.View], path)
	}
	g.infos[path] = *info
}

// RowsOf returns what the rows of n are. A nil n has those of the scope.
func (s *Scope) RowsOf(n *G.Node) Rows {
	switch f := s.graph.frame; {
	case s.source && (n == nil || s.graph.cell != nil || n.Dims() > 0 && n.Shape()[0] == s.B*f.S):
		return SourceRows
	case n == nil || s.graph.cell != nil || s.last || !s.source && n.Dims() > 0 && n.Shape()[0] == s.B*s.T:
		return TextRows
	}
	return SequenceRows
}

// tapParts declares the parts of the tap at path. Their values are computed for the programs
// that read them.
func (s *Scope) tapParts(path string, info TapInfo) {
	g := s.graph
	for _, p := range info.Parts {
		part := s.claimPart(path, p.Name)
		if g.cell != nil {
			g.hidden[part] = true
			continue
		}
		one := TapInfo{Rows: info.Rows, Keys: info.Keys}
		if info.Keys != "" {
			one.Heads = 1
		}
		g.infos[part] = one
		g.readOnly[part] = g.readOnly[path]
		g.later[part] = func() *G.Node {
			whole, err := g.Tap(path)
			if err != nil {
				s.Fail("%w", err)
			}
			return s.columns(part, whole, p.From, p.To)
		}
	}
}

// claimPart reserves the name of a part of the tap at path, and returns its path.
func (s *Scope) claimPart(path, name string) string {
	part := s.join(name)
	if s.graph.claimed[part] != "" {
		return s.claim(name) // which fails
	}
	s.graph.claimed[part] = s.graph.claimed[path]
	return part
}

// Tap returns the node of that name, or an error that lists similar names. A value that was
// named with TapLater is declared now.
func (g *Graph) Tap(name string) (n *G.Node, err error) {
	if n := g.taps[name]; n != nil {
		return n, nil
	}
	if g.hidden[name] {
		return nil, fmt.Errorf("%q is computed inside a loop, which stores only the state: make it part of the state to read it", name)
	}
	later := g.later[name]
	if later == nil {
		return nil, fmt.Errorf("no layer computes %q; similar names: %q", name, near.Names(name, g.Taps(), 5))
	}
	defer func(line string) {
		g.line = line
		if r := recover(); r != nil {
			n, err = nil, g.failure(r)
		}
	}(g.line)
	g.line = g.claimed[name]
	n = later()
	g.taps[name] = n
	return n, nil
}

// Node returns the node of a tap that the graph has declared, or nil if it has declared none, as
// for a value named with TapLater that nothing reads.
func (g *Graph) Node(name string) *G.Node { return g.taps[name] }

// Info returns what the rows and columns of a tap are. It is zero for a name that is no tap, and for a
// parameter.
func (g *Graph) Info(name string) TapInfo { return g.infos[name] }

// IsReadOnly reports whether a tap can be read but not changed by an Edit.
func (g *Graph) IsReadOnly(name string) bool { return g.infos[name].Rows == "" || g.readOnly[name] }

// Taps returns the names of all values that can be read, sorted: parameters too.
func (g *Graph) Taps() []string {
	names := make([]string, 0, len(g.taps)+len(g.later))
	for name := range g.taps {
		if name != "" {
			names = append(names, name)
		}
	}
	for name := range g.later {
		if g.taps[name] == nil {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}

// columns declares a copy of columns from to to−1 of x, for the part of a tap.
func (s *Scope) columns(path string, x *G.Node, from, to int) *G.Node {
	return s.Must(ops.Columns(ops.Place{Tape: s.graph.tape, Path: path}, x, from, to))
}
