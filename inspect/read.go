package inspect

import (
	"fmt"
	"slices"

	"euryale/generation"
	"euryale/layers/graph"
	"euryale/models"
)

// Read runs the model over the tokens of a prompt, as one pass, and returns the taps that the
// patterns match: paths as "h0/att/weights", or with * for a name, as "h*/att/weights". A model that
// Open has returned computes with its interventions. A pattern that matches nothing is an error
// that lists near names, as is a text that exceeds the context.
func Read(g *generation.Generator, p generation.Prompt, patterns ...string) (*Values, error) {
	d, err := declared(g)
	if err != nil {
		return nil, err
	}
	names, err := match(d, patterns)
	if err != nil {
		return nil, err
	}
	return read(g, p, names)
}

func read(g *generation.Generator, p generation.Prompt, names []string) (*Values, error) {
	if err := checkText(g, p); err != nil {
		return nil, err
	}
	prog, err := models.Score(g.Model, g.Weights, graph.Frame{B: 1, T: len(p.Tokens), S: len(p.Source)}, names...)
	if err != nil {
		return nil, err
	}
	if err := prog.Run(graph.Feed{Tokens: p.Tokens, Source: p.Source}); err != nil {
		return nil, err
	}
	v := &Values{Tokens: p.Tokens, SourceTokens: p.Source, Text: g.Labels(p.Tokens), Source: g.Labels(p.Source), Arrays: map[string]*Array{}}
	for _, name := range names {
		v.Arrays[name] = arrayOf(prog, name)
	}
	v.Names = slices.Sorted(slices.Values(names))
	return v, nil
}

func checkText(g *generation.Generator, p generation.Prompt) error {
	n, s := g.Model.Common().Context, models.SourceOf(g.Model)
	switch {
	case len(p.Tokens) == 0:
		return fmt.Errorf("there is no text to read: give a prompt")
	case len(p.Tokens) > n:
		return fmt.Errorf("the text has %d tokens, and the model reads %d: shorten it", len(p.Tokens), n)
	case len(p.Source) > s:
		return fmt.Errorf("the source has %d tokens, and the model reads %d: shorten it", len(p.Source), s)
	case s > 0 && len(p.Source) == 0:
		return fmt.Errorf("the model reads a source, and there is none")
	}
	return nil
}

// arrayOf returns a copy of an output of the last run.
func arrayOf(p *models.Program, name string) *Array {
	info := p.Info(name)
	a := &Array{Name: name, Shape: slices.Clone(p.Shape(name)), Data: slices.Clone(p.Value(name)), Rows: string(info.Rows), Keys: string(info.Keys)}
	if info.Heads > 0 && len(a.Shape) == 2 {
		a.Shape = []int{a.Shape[0], info.Heads, a.Shape[1] / info.Heads}
	}
	if len(a.Shape) == 0 {
		a.Shape = []int{1}
	}
	return a
}
