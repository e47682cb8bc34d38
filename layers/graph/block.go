package graph

import (
	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// Block declares a block of the model, a function of x, at s. It is what training.recompute = "block" stands for: then
// only the results of blocks are kept for the backward pass, which computes the values inside a block
// again before it differentiates the block. Otherwise it returns block(s, x).
func (s *Scope) Block(x *G.Node, block func(s *Scope, x *G.Node) *G.Node) *G.Node {
	s.RefuseNil(x)
	g := s.graph
	g.blocks++
	y := block(s, x)
	if !g.frame.Recompute || !g.frame.Gradient || g.cell != nil {
		return y
	}
	s.RefuseNil(y)
	return s.Must(ops.Recompute(s.At("block"), x, y))
}

// Blocks returns the number of blocks that the model has declared.
func (g *Graph) Blocks() int { return g.blocks }
