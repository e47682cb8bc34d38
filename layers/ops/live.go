package ops

import (
	"strings"

	G "gorgonia.org/gorgonia"
)

// Live is the memory of a node's value in a planned program, or of what its op keeps for its derivative.
type Live struct {
	Node  *G.Node // in a timed program, that of the model's graph
	Bytes int     // of the value, if it is in a buffer of the plan
	From  int     // the instruction that writes it
	Until int     // the last instruction that reads it; the plan may use its memory for others then
}

// Live returns the memory of the nodes in order, which was passed to Plan.
func (t *Tape) Live(order G.Nodes) []Live {
	sums, next := map[*G.Node]*sum{}, 0
	for _, n := range order {
		if n.Op() != nil && strings.HasPrefix(n.Op().String(), "+ ") { // as planSums does
			sums[n] = t.sums[next]
			next++
		}
	}
	from := map[*buffer]int{}
	all := make([]Live, 0, len(order))
	for i, n := range order {
		declared := n
		if op, ok := n.Op().(interface{ declared() *G.Node }); ok {
			declared = op.declared()
		}
		for j, b := range t.buffersOf(n, sums) {
			if _, written := from[b]; !written {
				from[b] = i
			}
			if _, isGradient := untimed(n.Op()).(keptReader); j == 0 || !isGradient {
				all = append(all, Live{declared, b.size * int(n.Dtype().Size()), from[b], max(i, t.until[b])})
			}
		}
	}
	return all
}
