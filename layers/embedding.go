package layers

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// Embedding looks ids up in a table; −1 gives zeros.
//
//	ids: (N) int → (N, D)
//
// It declares W (V, D), normal with standard deviation 0.02 unless the scope says
// otherwise.
func Embedding(s *Scope, ids *G.Node, vocab, dim int) *G.Node {
	init := s.init
	if init == nil {
		init = Normal(0.02)
	}
	w := s.Param("W", init, vocab, dim)
	return s.Out(s.Must(ops.Gather(s.at("gather"), w, ids)))
}

// Positions is a learned embedding of where each token stands in its lane (Gehring et
// al. 2017). It bounds a lane to context tokens.
//
//	→ (B·T, D)
//
// It declares W (context, D) as Embedding does.
func Positions(s *Scope, context, dim int) *G.Node {
	s.Limit(context)
	return Embedding(s, s.Positions(), context, dim)
}
