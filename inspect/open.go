package inspect

import (
	"fmt"
	"maps"
	"slices"

	"euryale/generation"
	"euryale/layers/graph"
	"euryale/layers/ops"
	"euryale/models"
)

// Text says what interventions refer to.
type Text struct {
	Prompt generation.Prompt // positions below 0 count from its end; Mean is over its positions
	More   int               // tokens that may follow the prompt
	Patch  generation.Prompt // the prompt of Patch; it must have as many tokens as Prompt
}

// Open returns a generator of g's model with interventions, which are made in their order. It
// shares g's weights and tokenizer. Errors name the intervention: a path that matches no tap, with near
// names, a tap that cannot be changed, a position outside the text, a table of another shape, a
// patch between prompts of different lengths.
func Open(g *generation.Generator, t Text, list ...Intervention) (*generation.Generator, error) {
	r := &resolver{g: g, text: t}
	var err error
	if r.graph, err = declared(g); err != nil {
		return nil, err
	}
	all, err := r.resolveAll(list)
	if err != nil {
		return nil, err
	}
	return &generation.Generator{Model: models.Edited(g.Model, slices.Concat(all...)), Weights: g.Weights, Tokenizer: g.Tokenizer, Format: g.Format, End: g.End}, nil
}

// resolver turns interventions into edits of a model's graph.
type resolver struct {
	g       *generation.Generator
	text    Text
	graph   *graph.Graph
	clean   *recorded // over Text.Prompt
	patched *recorded // over Text.Patch
}

// recorded are taps over a prompt. One pass reads all that interventions need.
type recorded struct {
	names []string // to read in that pass
	known map[string]*Array
}

// resolveAll returns the edits of each intervention.
func (r *resolver) resolveAll(list []Intervention) (all [][]graph.Edit, err error) {
	wanted := map[string][]string{}
	for _, v := range list {
		names, err := match(r.graph, []string{v.Path})
		if err != nil {
			return nil, fmt.Errorf("the intervention %q: %w", v, err)
		}
		wanted[v.Value.Of] = append(wanted[v.Value.Of], names...)
	}
	r.clean, r.patched = &recorded{names: wanted[Mean]}, &recorded{names: wanted[Patch]}
	for _, v := range list {
		edits, err := r.resolve(v)
		if err != nil {
			return nil, fmt.Errorf("the intervention %q: %w", v, err)
		}
		all = append(all, edits)
	}
	return all, nil
}

// resolve returns the edits of an intervention, one for each tap that its path matches.
func (r *resolver) resolve(v Intervention) (edits []graph.Edit, err error) {
	if err := v.checkOp(); err != nil {
		return nil, err
	}
	names, err := match(r.graph, []string{v.Path})
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if r.graph.IsReadOnly(name) {
			return nil, fmt.Errorf("%s can be read but not changed", name)
		}
		c := &ops.Change{Op: ops.ChangeOp(v.Op)}
		if c.At, err = r.positions(name, v.At); err != nil {
			return nil, err
		}
		if c.Value, err = r.operand(name, v.Value); err != nil {
			return nil, err
		}
		if err := covers(c); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		edits = append(edits, graph.Edit{Path: name, Change: c})
	}
	return edits, nil
}

// positions returns the ranges of the tap's rows that At names.
func (r *resolver) positions(name, at string) ([][2]int, error) {
	context := r.g.Model.Common().Context
	prompt, n := len(r.text.Prompt.Tokens), context
	if prompt > 0 {
		n = prompt + r.text.More
	}
	switch r.graph.Info(name).Rows {
	case graph.SequenceRows:
		if at != "" {
			return nil, fmt.Errorf("%s is one value of the whole sequence, without positions", name)
		}
	case graph.SourceRows:
		if prompt, n = len(r.text.Prompt.Source), len(r.text.Prompt.Source); n == 0 {
			n = models.SourceOf(r.g.Model)
		}
	}
	return positions(at, prompt, n)
}

// operand returns the numbers of a value for a tap.
func (r *resolver) operand(name string, v Value) (ops.Operand, error) {
	table := v.Table
	var err error
	switch {
	case table != nil:
	case v.Of == "":
		return ops.Operand{Scale: v.Scale}, nil
	case v.Of == Mean:
		var whole *Array
		if whole, err = r.over(r.clean, r.text.Prompt, name); err == nil {
			table = &Array{Shape: append([]int{1}, whole.Shape[1:]...), Data: whole.MeanRow()}
		}
	case v.Of == Patch:
		table, err = r.patch(name)
	default:
		table, err = readTable(v.Of, name)
	}
	if err != nil {
		return ops.Operand{}, err
	}
	return r.fit(name, v.Scale, table)
}

// over returns a tap over a prompt.
func (r *resolver) over(taps *recorded, p generation.Prompt, name string) (*Array, error) {
	if a := taps.known[name]; a != nil {
		return a, nil
	}
	names := append(slices.Clone(taps.names), name)
	slices.Sort(names)
	names = slices.Compact(names)
	v, err := read(r.g, p, names)
	if err != nil {
		return nil, err
	}
	if taps.known == nil {
		taps.known = map[string]*Array{}
	}
	maps.Copy(taps.known, v.Arrays)
	taps.names = nil
	return v.Arrays[name], nil
}

// patch returns a tap over the other prompt.
func (r *resolver) patch(name string) (*Array, error) {
	from, to := r.text.Patch, r.text.Prompt
	switch {
	case len(from.Tokens) == 0:
		return nil, fmt.Errorf("there is no prompt to take the patch from")
	case len(from.Tokens) != len(to.Tokens):
		return nil, fmt.Errorf("the prompt has %d tokens and the one of the patch %d: positions correspond only in prompts of one length", len(to.Tokens), len(from.Tokens))
	case len(from.Source) != len(to.Source):
		return nil, fmt.Errorf("the source has %d tokens and the one of the patch %d: positions correspond only in sources of one length", len(to.Source), len(from.Source))
	}
	return r.over(r.patched, from, name)
}

// fit checks that a table has the columns of a tap.
func (r *resolver) fit(name string, scale float64, a *Array) (ops.Operand, error) {
	o := ops.Operand{Scale: scale, Rows: a.Shape[0], Cols: a.Width(), Data: a.Data}
	if len(a.Shape) == 1 { // a vector is one row
		o.Rows, o.Cols = 1, a.Shape[0]
	}
	n, err := r.graph.Tap(name)
	if err != nil {
		return o, err
	}
	want := n.Shape().TotalSize() / n.Shape()[0]
	switch info := r.graph.Info(name); {
	case o.Rows < 1 || len(o.Data) != o.Rows*o.Cols:
		return o, fmt.Errorf("the table is %v with %d numbers", a.Shape, len(a.Data))
	case info.Keys != "" && (len(a.Shape) != 3 || a.Shape[1] != info.Heads):
		return o, fmt.Errorf("the table is %v, want (T, %d, T): a row for each query, and for each head a column for each key", a.Shape, info.Heads)
	case info.Keys == "" && o.Cols != want:
		return o, fmt.Errorf("the table is %v, and %s has %d columns: want (%d) or (T, %d)", a.Shape, name, want, want, want)
	}
	return o, nil
}

// covers checks that a table has rows for the positions that a change names.
func covers(c *ops.Change) error {
	for _, at := range c.At {
		if c.Value.Rows > 1 && at[1] > c.Value.Rows {
			return fmt.Errorf("the table has rows for %d positions, and position %d is to be changed", c.Value.Rows, at[1]-1)
		}
	}
	return nil
}
