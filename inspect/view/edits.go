package view

import (
	"euryale/layers/graph"
	"euryale/layers/ops"
	"euryale/models"
)

// changer is a program whose taps at given paths can be changed from run to run. A path may be given
// several times.
type changer struct {
	*models.Program
	changes []*ops.Change // of each path
	feed    graph.Feed
}

// off is the range of positions of a change that changes nothing.
func off() [][2]int { return [][2]int{} }

// editsOf returns changes of the taps at paths that change nothing yet.
func editsOf(paths []string) (edits []graph.Edit, changes []*ops.Change) {
	for _, p := range paths {
		c := &ops.Change{Op: ops.Multiply, Value: ops.Operand{Scale: 1}, At: off()}
		edits, changes = append(edits, graph.Edit{Path: p, Change: c}), append(changes, c)
	}
	return edits, changes
}

// newChanger compiles a changer over sequences that reads taps.
func newChanger(m models.Model, w *graph.Weights, seqs []Sequence, paths []string, taps ...string) (*changer, error) {
	edits, changes := editsOf(paths)
	f, feed := batch(seqs)
	p, err := models.Score(models.Edited(m, edits), w, f, taps...)
	return &changer{p, changes, feed}, err
}

// run runs the program.
func (c *changer) run() error { return c.Run(c.feed) }

// reset makes all changes change nothing.
func (c *changer) reset() {
	for _, x := range c.changes {
		x.At = off()
	}
}
