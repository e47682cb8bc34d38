package models

import (
	"cmp"
	"slices"

	"gorgonia.org/tensor"
)

// watch is what a program does for WatchGradients.
type watch struct {
	ready func(k int, gradient *tensor.Dense)
	at    []completion // in the order of the run
	next  int          // of at, in this run
}

// completion says when a gradient is complete.
type completion struct{ k, instruction int }

// WatchGradients has later runs call f with each gradient of Gradients, the k-th, once it is
// complete: most are so before the run has ended. A run that fails does not call it for those that
// it lacks. Nil ends the calls; a program that is not watched runs as it did.
func (p *Program) WatchGradients(f func(k int, gradient *tensor.Dense)) {
	p.watch = watch{ready: f}
	if f == nil {
		p.Tape().Watch(nil)
		return
	}
	for k, n := range p.grads {
		p.watch.at = append(p.watch.at, completion{k, slices.Index(p.order, n)})
	}
	slices.SortStableFunc(p.watch.at, func(a, b completion) int { return cmp.Compare(a.instruction, b.instruction) })
	p.Tape().Watch(p.report)
}

// report calls what watches for the gradients that the first done instructions have completed.
func (p *Program) report(done int) {
	for w := &p.watch; w.next < len(w.at) && w.at[w.next].instruction < done; w.next++ {
		k := w.at[w.next].k
		w.ready(k, p.grads[k].Value().(*tensor.Dense))
	}
}
