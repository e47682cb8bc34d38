package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/graph"
)

// Scope is a path in the graph under construction: see graph.Scope.
type Scope = graph.Scope

// Node is a value in the graph. It is gorgonia.Node, for models that do not import Gorgonia.
type Node = G.Node
