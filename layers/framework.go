package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/graph"
)

// Scope is a place in the graph under construction: see graph.Scope.
type Scope = graph.Scope

// Node is a value in the graph: Gorgonia's own type, for models that use none of its ops.
type Node = G.Node
