package layers

import (
	"math"

	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// Embedding returns the rows of a learned table with the given ids, and zeros for −1.
//
//	ids: (N) int → (N, D)
//
// It declares W (V, D), normal with standard deviation 0.02 unless the scope has an Init.
func Embedding(s *Scope, ids *G.Node, vocab, dim int) *G.Node {
	w := s.Param("W", s.InitOr(Normal(0.02)), vocab, dim)
	return s.Out(s.Must(ops.Gather(s.At("gather"), w, ids)))
}

// EmbeddingOf is Embedding with the table that another layer has declared at path.
//
//	ids: (N) int → (N, D)
func EmbeddingOf(s *Scope, ids *G.Node, path string) *G.Node {
	return s.Out(s.Must(ops.Gather(s.At("gather"), s.Shared(path), ids)))
}

// Positions returns learned embeddings of the tokens' positions (Gehring et al. 2017). It limits
// sequences to context tokens.
//
//	→ (B·T, D)
//
// It declares W (context, D), with the initial values of Embedding.
func Positions(s *Scope, context, dim int) *G.Node {
	s.Limit(context)
	return Embedding(s, s.Positions(), context, dim)
}

// Sinusoids returns fixed position embeddings: sines of wavelengths from 2π to 10000·2π in the
// even columns, cosines in the odd ones (Vaswani et al. 2017, §3.5). It limits sequences to
// context tokens.
//
//	→ (B·T, D)
func Sinusoids(s *Scope, context, dim int) *G.Node {
	s.Limit(context)
	table := s.Const("table", []int{context, dim}, func(i int) float64 {
		at, col := float64(i/dim), i%dim
		angle := at * math.Pow(10000, -float64(col/2*2)/float64(dim))
		if col%2 == 0 {
			return math.Sin(angle)
		}
		return math.Cos(angle)
	})
	return s.Out(s.Must(ops.Gather(s.At("gather"), table, s.Positions())))
}
