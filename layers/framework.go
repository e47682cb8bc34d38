package layers

import "euryale/layers/graph"

// Scope is a place in the graph under construction: see graph.Scope.
type Scope = graph.Scope
