package graph

import "strings"

// Source is a line of Go.
type Source struct {
	File string // path of the file, as the compiler recorded it
	Line int
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
