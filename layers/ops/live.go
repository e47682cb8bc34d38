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
	all := make([]Live, 0, len(order))
	for _, n := range order {
		declared := n
		if op, ok := n.Op().(interface{ declared() *G.Node }); ok {
			declared = op.declared()
		}
		for j, b := range t.buffersOf(n, sums) {
			_, isGradient := untimed(n.Op()).(keptReader) // whose others are listed at their own nodes
			if l := b.life; l != nil && l.buffers[0] == b && (j == 0 || !isGradient) {
				all = append(all, Live{declared, l.size * int(n.Dtype().Size()), l.from, l.until})
			}
		}
	}
	return all
}
