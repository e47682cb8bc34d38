package inspect

import (
	"fmt"
	"slices"

	"euryale/generation"
	"euryale/layers/graph"
	"euryale/layers/ops"
	"euryale/models"
)

// Runner runs a model over many texts of one length, or one text with many interventions. It is
// compiled once: Set changes an intervention between two runs. It is for one goroutine at a time.
type Runner struct {
	prog    *models.Program
	resolve *resolver
	list    []Intervention
	changes [][]graph.Edit // of each intervention
	names   []string
}

// NewRunner compiles a runner for texts with as many tokens as t.Prompt, and sources as long as its
// source, that reads the taps which the patterns match. Errors are those of Open and Read.
func NewRunner(g *generation.Generator, t Text, patterns []string, list ...Intervention) (*Runner, error) {
	if err := checkText(g, t.Prompt); err != nil {
		return nil, err
	}
	d, err := declared(g)
	if err != nil {
		return nil, err
	}
	r := &Runner{resolve: &resolver{g: g, text: t, graph: d}, list: slices.Clone(list)}
	if r.names, err = match(d, patterns); err != nil {
		return nil, err
	}
	if r.changes, err = r.resolve.resolveAll(list); err != nil {
		return nil, err
	}
	m := models.Edited(g.Model, slices.Concat(r.changes...))
	r.prog, err = models.Score(m, g.Weights, graph.Frame{B: 1, T: len(t.Prompt.Tokens), S: len(t.Prompt.Source)}, r.names...)
	return r, err
}

// Set replaces the i-th intervention by one at the same path, for the next runs.
func (r *Runner) Set(i int, v Intervention) error {
	if v.Path != r.list[i].Path {
		return fmt.Errorf("the intervention %q replaces one at %s: the path must be the same", v, r.list[i].Path)
	}
	edits, err := r.resolve.resolve(v)
	if err != nil {
		return fmt.Errorf("the intervention %q: %w", v, err)
	}
	r.list[i] = v
	for j, e := range edits {
		*r.changes[i][j].Change = *e.Change
	}
	return nil
}

// Off switches the i-th intervention off for the next runs.
func (r *Runner) Off(i int) {
	for _, e := range r.changes[i] {
		*e.Change = ops.Change{Op: ops.Multiply, Value: ops.Operand{Scale: 1}}
	}
}

// Run runs the model over a text, whose every token but the first is a target.
func (r *Runner) Run(p generation.Prompt) error {
	targets := make([]int, len(p.Tokens))
	for i := range targets {
		targets[i] = -1
		if i+1 < len(p.Tokens) {
			targets[i] = p.Tokens[i+1]
		}
	}
	return r.prog.Run(graph.Feed{Tokens: p.Tokens, Targets: targets, Source: p.Source})
}

// Get returns a copy of a tap in the last run.
func (r *Runner) Get(name string) *Array { return arrayOf(r.prog, name) }

// Names returns the taps that are read.
func (r *Runner) Names() []string { return r.names }

// Losses returns the loss of each token but the first in the last run, in nats.
func (r *Runner) Losses() []float64 {
	all := r.prog.Float64s("losses")
	return all[:len(all)-1]
}

// Loss returns the mean of Losses.
func (r *Runner) Loss() float64 {
	sum, l := 0.0, r.Losses()
	for _, x := range l {
		sum += x
	}
	return sum / float64(len(l))
}
