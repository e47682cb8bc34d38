package models

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"euryale/layers/ops"
)

// timed is what a program with Options.Timed has beside others.
type timed struct {
	timings []*ops.Timing
	order   G.Nodes // of the instructions
}

func (t *timed) setOrder(order G.Nodes) {
	if t != nil {
		t.order = order
	}
}

// timeOps replaces the outputs, and the gradients that they begin with, by copies whose ops
// measure their time.
func (p *Program) timeOps(outputs G.Nodes) (G.Nodes, error) {
	timings, copies, err := ops.Timed(outputs)
	if err != nil {
		return nil, fmt.Errorf("models: the time of ops cannot be measured: %w", err)
	}
	p.grads, p.timed = copies[:len(p.grads):len(p.grads)], &timed{timings: timings}
	return copies, nil
}

// Timings returns the time of each op since the program was compiled. It is nil without Options.Timed.
func (p *Program) Timings() []*ops.Timing {
	if p.timed == nil {
		return nil
	}
	return p.timed.timings
}

// Live returns the memory of the values, in the order of the instructions. It is nil without Options.Timed.
func (p *Program) Live() []ops.Live {
	if p.timed == nil {
		return nil
	}
	return p.Tape().Live(p.timed.order)
}
