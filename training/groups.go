package training

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"euryale/internal/near"
	"euryale/layers/graph"
)

// group holds what optimizer.groups and the defaults say of a parameter.
type group struct {
	pattern string  // of paths, as path.Match has it
	lr      float64 // factor of the learning rate
	decay   float64 // weight decay
	rule    string  // of optimizer muon: "muon" or "adamw"; empty: by the parameter's shape and use

	setsDecay bool
}

// parseGroup reads an item of optimizer.groups: a pattern of parameters' paths, then settings,
// as in "h*/att/*/W lr=0.5 weight_decay=0".
func parseGroup(text string) (g group, err error) {
	words := strings.Fields(text)
	if len(words) < 2 {
		return g, fmt.Errorf("optimizer.groups: %q: want a pattern of paths, then lr=FACTOR, weight_decay=X, muon or adamw", text)
	}
	g = group{pattern: words[0], lr: 1}
	if _, err := path.Match(g.pattern, ""); err != nil {
		return g, fmt.Errorf("optimizer.groups: %q is not a pattern: want a path in which * stands for any part of a name, as h*/att/q/W", g.pattern)
	}
	for _, word := range words[1:] {
		key, value, _ := strings.Cut(word, "=")
		x, err := strconv.ParseFloat(value, 64)
		number := err == nil && x >= 0 && x <= 1e6
		switch {
		case key == "lr" && number:
			g.lr = x
		case key == "weight_decay" && number:
			g.decay, g.setsDecay = x, true
		case word == "muon" || word == "adamw":
			g.rule = word
		default:
			return g, fmt.Errorf("optimizer.groups: %q: want lr=FACTOR, weight_decay=X (0 or more), muon or adamw after the pattern", word)
		}
	}
	return g, nil
}

// parseGroups reads optimizer.groups.
func (c OptimizerConfig) parseGroups() (all []group, err error) {
	for _, text := range c.Groups {
		g, err := parseGroup(text)
		if err != nil {
			return nil, err
		}
		if g.rule != "" && c.Name != "muon" {
			return nil, fmt.Errorf("optimizer.groups: %q: only optimizer.name = \"muon\" has more than one rule", text)
		}
		all = append(all, g)
	}
	return all, nil
}

// groupsOf returns the group of each parameter: the first that has its path, or the default.
// The groups are valid: see check.
func (c OptimizerConfig) groupsOf(params []*graph.Param) []group {
	groups, _ := c.parseGroups()
	all := make([]group, len(params))
	for i, p := range params {
		all[i] = group{lr: 1}
		for _, g := range groups {
			if g.has(p.Path) {
				all[i] = g
				break
			}
		}
		if p.Decay && !all[i].setsDecay {
			all[i].decay = c.WeightDecay
		}
	}
	return all
}

func (g group) has(p string) bool {
	ok, _ := path.Match(g.pattern, p)
	return ok
}

// checkGroups checks the groups against the parameters of a model.
func (c OptimizerConfig) checkGroups(params []*graph.Param) error {
	groups, err := c.parseGroups()
	if err != nil {
		return err
	}
	for _, g := range groups {
		var paths []string
		found := false
		for _, p := range params {
			paths = append(paths, p.Path)
			if !g.has(p.Path) {
				continue
			}
			found = true
			if g.rule == "muon" && len(p.Shape) != 2 {
				return fmt.Errorf("optimizer.groups: %q has %s, whose shape is %v: muon is for matrices; narrow the pattern, as */W", g.pattern, p.Path, p.Shape)
			}
		}
		if !found {
			return fmt.Errorf("optimizer.groups: no parameter is called %q: did you mean %q?", g.pattern, near.Name(g.pattern, paths))
		}
	}
	return nil
}
