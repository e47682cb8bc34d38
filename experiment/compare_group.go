package experiment

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"euryale/models"
	"euryale/training"
	"euryale/training/rundir"
)

// Group is a definition: one run, or runs that differ only in the seed.
type Group struct {
	Label  string   // A, B, …
	Name   string   // the directory or the pattern it was given by
	Runs   []string // directories, sorted
	Seeds  []uint64 // of the runs
	Cost   training.Cost
	Losses []float64 // of the runs over the whole part, in the comparison's unit

	values map[string]any   // the configuration of the first run
	shapes map[string][]int // of its parameters
	paths  []string         // of its parameters, in their order
	// deterministic says that the model depends on no seed.
	deterministic bool
}

// freeKeys are the keys in which the runs of a group may differ: the seed, and those that
// change no result.
var freeKeys = []string{"training.seed", "training.workers", "training.log_every", "training.sample", "training.save_every"}

// findGroup finds the runs of a directory or of a pattern such as "runs/gpt-*".
func findGroup(label, name string) (*Group, error) {
	g := &Group{Label: label, Name: name}
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		g.Runs = []string{filepath.Clean(name)}
		if !rundir.Holds(name, rundir.Config) {
			return nil, fmt.Errorf("%s is not a run: it has no %s", name, rundir.Config)
		}
		return g, nil
	}
	found, err := filepath.Glob(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: want a directory, or a pattern such as 'runs/gpt-*'", name, err)
	}
	for _, dir := range found {
		if rundir.Holds(dir, rundir.Config) {
			g.Runs = append(g.Runs, dir)
		}
	}
	switch {
	case len(found) > 0 && len(g.Runs) == 0:
		return nil, fmt.Errorf("%s matches nothing that is a run: a run has a %s", name, rundir.Config)
	case len(found) == 0 && strings.ContainsAny(name, "*?["):
		return nil, fmt.Errorf("%s matches no directory", name)
	case len(found) == 0:
		return nil, fmt.Errorf("%s: there is no such directory", name)
	}
	slices.Sort(g.Runs)
	return g, nil
}

// add adds what a run says about the group, and checks that it belongs to it.
func (g *Group) add(s *training.Saved) error {
	values, err := s.Config.Values()
	if err != nil {
		return err
	}
	dir := g.Runs[len(g.Seeds)]
	if g.values == nil {
		_, g.deterministic = s.Config.Model.(models.Predictor)
		g.values, g.shapes = values, map[string][]int{}
		for _, p := range s.Weights.All() {
			g.paths, g.shapes[p.Path] = append(g.paths, p.Path), p.Shape
		}
	}
	for _, key := range keysOf(g.values, values) {
		if !slices.Contains(freeKeys, key) && !sameValue(key, g.values[key], values[key]) {
			return fmt.Errorf("%s is no group: %s has %s = %s and %s has %s; runs of a group differ only in training.seed, so name these one by one",
				g.Name, g.Runs[0], key, shown(g.values[key]), dir, shown(values[key]))
		}
	}
	if i := slices.Index(g.Seeds, s.Config.Training.Seed); i >= 0 {
		return fmt.Errorf("%s and %s have the same seed, %d: runs of a group must differ in training.seed", g.Runs[i], dir, g.Seeds[i])
	}
	g.Seeds = append(g.Seeds, s.Config.Training.Seed)
	return nil
}

// sameValue reports whether two values of a key mean the same. A run that began with the
// tokenizer of another names its own copy of it.
func sameValue(key string, a, b any) bool {
	pathA, _ := a.(string)
	pathB, _ := b.(string)
	return reflect.DeepEqual(a, b) || key == "tokenizer.kind" && filepath.Base(pathA) == rundir.Tokenizer && filepath.Base(pathB) == rundir.Tokenizer
}

func keysOf(a, b map[string]any) []string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

// shown returns a value of the configuration as text; "–" if there is none.
func shown(v any) string {
	switch v := v.(type) {
	case nil:
		return "–"
	case string:
		return fmt.Sprintf("%q", v)
	}
	return fmt.Sprint(v)
}

// Difference is a row of what differs: a value for each group.
type Difference struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// differingKeys returns the keys of the configuration that differ between groups.
func differingKeys(groups []*Group) (rows []Difference) {
	all := map[string]any{}
	for _, g := range groups {
		maps.Copy(all, g.values)
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if slices.Contains(freeKeys, key) {
			continue
		}
		row, differs := Difference{Name: key}, false
		for _, g := range groups {
			row.Values = append(row.Values, shown(g.values[key]))
			differs = differs || !sameValue(key, groups[0].values[key], g.values[key])
		}
		if differs {
			rows = append(rows, row)
		}
	}
	return rows
}

// differingParameters returns the parameters whose shapes differ between groups, by path.
func differingParameters(groups []*Group) (rows []Difference) {
	seen := map[string]bool{}
	for _, g := range groups {
		for _, path := range g.paths {
			if seen[path] {
				continue
			}
			seen[path] = true
			row, differs := Difference{Name: path}, false
			for _, other := range groups {
				row.Values = append(row.Values, shapeOf(other.shapes[path]))
				differs = differs || !slices.Equal(groups[0].shapes[path], other.shapes[path])
			}
			if differs {
				rows = append(rows, row)
			}
		}
	}
	return rows
}

func shapeOf(shape []int) string {
	if shape == nil {
		return "–"
	}
	return fmt.Sprint(shape)
}

// Parameters returns the number of parameters of the group's model.
func (g *Group) Parameters() (n int) {
	for _, shape := range g.shapes {
		size := 1
		for _, d := range shape {
			size *= d
		}
		n += size
	}
	return n
}

// Loss returns the mean loss over the runs, and its standard deviation over the seeds; NaN of
// a single run.
func (g *Group) Loss() (mean, sd float64) {
	sum, squares := 0.0, 0.0
	for _, l := range g.Losses {
		sum += l
	}
	mean = sum / float64(len(g.Losses))
	for _, l := range g.Losses {
		squares += (l - mean) * (l - mean)
	}
	if len(g.Losses) < 2 {
		return mean, math.NaN()
	}
	return mean, math.Sqrt(squares / float64(len(g.Losses)-1))
}

var errNothing = errors.New("there is nothing to compare: name two runs or groups of runs, as in -compare runs/a runs/b")

// findGroups finds all groups, and refuses a run that is in two of them.
func findGroups(names []string) ([]*Group, error) {
	if len(names) < 2 {
		return nil, errNothing
	}
	if len(names) > 26 {
		return nil, fmt.Errorf("%d runs to compare: at most 26; quote a pattern, as in 'runs/gpt-*', to compare groups of runs that differ only in the seed", len(names))
	}
	var groups []*Group
	of := map[string]string{}
	for i, name := range names {
		g, err := findGroup(string(rune('A'+i)), name)
		if err != nil {
			return nil, err
		}
		for _, dir := range g.Runs {
			if of[dir] != "" {
				return nil, fmt.Errorf("%s is in both %s and %s: a run cannot be compared with itself", dir, of[dir], name)
			}
			of[dir] = name
		}
		groups = append(groups, g)
	}
	return groups, nil
}
