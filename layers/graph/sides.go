package graph

import G "gorgonia.org/gorgonia"

// Sides reports whether the queries and the keys of attention weights n are tokens of the source,
// or else of the text. The nearest input of lengths among the operands of n decides: causal and
// sequence lengths count tokens of the text, source lengths those of the source; below "source"
// all are the source's.
func (g *Graph) Sides(n *G.Node) (queries, keys bool) {
	seen := map[*G.Node]bool{}
	for queue := (G.Nodes{n}); len(queue) > 0; queue = queue[1:] {
		switch queue[0].Name() {
		case "causal_lengths", "sequence_lengths":
			return false, false
		case "source_lengths", "source_lengths_without_end":
			return false, true
		case "source/causal_lengths", "source/source_lengths":
			return true, true
		}
		for _, in := range g.Operands(queue[0]) {
			if !seen[in] {
				seen[in] = true
				queue = append(queue, in)
			}
		}
	}
	return false, false
}
