package graph

import (
	"strings"

	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// Edit is a change of the tap at a path: everything that reads the tap in the graph reads the
// changed value.
type Edit struct {
	Path string
	*ops.Change
}

// Edit sets the changes that the graph makes to the taps that are declared from now on. A model
// calls it before its layers.
func (s *Scope) Edit(edits []Edit) { s.graph.edits = edits }

// IsEdited reports whether a change is set for one of the taps called names in s, or for a tap
// below them. A layer asks before it computes such a tap as part of a fused op, and if so computes
// it as a node that others read. Taps that no layer asks for, and that are declared with TapLater,
// cannot be changed.
func (s *Scope) IsEdited(names ...string) (edited bool) {
	for _, name := range names {
		path := s.join(name)
		s.graph.asked[path] = true
		for _, e := range s.graph.edits {
			edited = edited || e.Path == path || strings.HasPrefix(e.Path, path+"/")
		}
	}
	return edited
}

// Changed returns what the edits of the tap called name make of n, without declaring the tap: for a
// value in the cell of a loop, which TapLater names outside.
func (s *Scope) Changed(name string, n *G.Node, info TapInfo) *G.Node {
	if info.Rows == "" {
		info.Rows = s.RowsOf(n)
	}
	return s.edit(s.join(name), info, n)
}

// edit returns n with the changes that are set for the tap at path and for its parts.
func (s *Scope) edit(path string, info TapInfo, n *G.Node) *G.Node {
	var changes []ops.Edited
	for _, e := range s.graph.edits {
		if e.Path == path {
			changes = append(changes, ops.Edited{Change: e.Change, To: n.Shape().TotalSize() / max(n.Shape()[0], 1)})
		}
		for _, p := range info.Parts {
			if e.Path == s.join(p.Name) {
				changes = append(changes, ops.Edited{Change: e.Change, From: p.From, To: p.To})
			}
		}
	}
	if len(changes) == 0 {
		return n
	}
	rows := ops.EditRows{At: s.positionsOf(info.Rows), Lengths: info.Lengths, Heads: info.Heads}
	if cell := s.graph.cell; cell != nil {
		rows.Step, rows.Scan = cell.Step, cell.Scan
	}
	return s.Must(ops.Edit(ops.Place{Tape: s.graph.tape, Path: path}, changes, rows, n))
}

// positionsOf returns the positions of a tap's rows, or nil if they have none. In the cell of a
// loop they are those of all tokens.
func (s *Scope) positionsOf(rows Rows) *G.Node {
	switch {
	case rows == SourceRows:
		return s.sourceScope().Positions()
	case rows == SequenceRows:
		return nil
	case s.last && s.graph.cell == nil:
		return s.index("last_positions", s.B)
	}
	return s.Positions()
}

func (s *Scope) sourceScope() *Scope {
	if s.source {
		return s
	}
	return s.Source()
}

// WithLastRows returns s for values that have a row for the last token of each sequence only.
func (s *Scope) WithLastRows() *Scope { c := *s; c.last = true; return &c }
