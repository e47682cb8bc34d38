package inspect

import (
	"fmt"
	"path"
	"slices"

	"euryale/generation"
	"euryale/internal/near"
	"euryale/layers/graph"
	"euryale/models"
)

// Taps returns the names of the values that can be read of a model, sorted, without its
// parameters.
func Taps(g *generation.Generator) ([]string, error) {
	d, err := declared(g)
	if err != nil {
		return nil, err
	}
	return values(d), nil
}

// declared returns a small graph of the model, for its names. Numbers of rows are different for
// text, source and sequences.
func declared(g *generation.Generator) (*graph.Graph, error) {
	if _, counts := g.Model.(models.Predictor); counts {
		return nil, fmt.Errorf("the model %T has no graph, and so no values to read: it counts", g.Model)
	}
	return models.Declared(g.Model, g.Weights, graph.Frame{B: 2, T: min(3, g.Model.Common().Context), S: min(5, models.SourceOf(g.Model))})
}

func values(d *graph.Graph) (names []string) {
	for _, name := range d.Taps() {
		if d.Info(name).Rows != "" {
			names = append(names, name)
		}
	}
	return names
}

// match returns the taps that the patterns match, without repetition, in the order of patterns. A
// pattern that matches none is an error that lists near names.
func match(d *graph.Graph, patterns []string) (names []string, err error) {
	all := values(d)
	for _, pattern := range patterns {
		found := false
		for _, name := range all {
			ok, err := path.Match(pattern, name)
			if err != nil {
				return nil, fmt.Errorf("the pattern %q: %w", pattern, err)
			}
			if found = found || ok; ok && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		if _, err := d.Tap(pattern); !found && err != nil && d.Info(pattern).Rows == "" {
			return nil, fmt.Errorf("no layer computes %q; near it: %q", pattern, near.Names(pattern, all, 5))
		} else if !found {
			return nil, fmt.Errorf("%q is a parameter: its values are in the file of weights", pattern)
		}
	}
	return names, nil
}
