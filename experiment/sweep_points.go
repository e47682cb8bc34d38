package experiment

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"euryale/training"
)

// variation is a key of the configuration and the values that a sweep gives it. The key "config"
// stands for the configuration's file.
type variation struct {
	key    string
	values []string
}

// parseVariation reads KEY=A,B. Commas within brackets or quotes belong to a value.
func parseVariation(text string) (v variation, err error) {
	key, list, ok := strings.Cut(text, "=")
	v.key = strings.TrimSpace(key)
	if !ok || v.key == "" {
		return v, fmt.Errorf("sweep %q: want KEY=A,B, as in optimizer.lr=1e-3,2e-3", text)
	}
	for _, value := range splitList(list) {
		switch {
		case value == "" && strings.TrimSpace(list) == "":
			return v, fmt.Errorf("sweep %s: it has no values: want KEY=A,B, as in optimizer.lr=1e-3,2e-3", v.key)
		case value == "":
			return v, fmt.Errorf("sweep %s=%s: a value is empty", v.key, list)
		case slices.Contains(v.values, value):
			return v, fmt.Errorf("sweep %s=%s: %s occurs twice", v.key, list, value)
		}
		v.values = append(v.values, value)
	}
	return v, nil
}

// splitList splits at commas outside brackets and quotes.
func splitList(list string) (values []string) {
	depth, quote, from := 0, rune(0), 0
	for i, r := range list {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '"' || r == '\'':
			quote = r
		case r == '[':
			depth++
		case r == ']':
			depth--
		case r == ',' && depth <= 0:
			values, from = append(values, strings.TrimSpace(list[from:i])), i+1
		}
	}
	return append(values, strings.TrimSpace(list[from:]))
}

// constantKeys cannot vary: they change no result, or are of the sweep as a whole.
var constantKeys = map[string]string{
	"out": "each run has a directory of its own", "resume": "a sweep resumes its own runs", "init": "all runs begin alike",
	"training.workers": "it changes no result", "training.log_every": "it changes no result",
	"training.sample": "it changes no result", "training.save_every": "it changes no result",
}

// variations reads and checks the keys of a sweep. The seeds are apart from them.
func (o SweepOptions) variations() (vs []variation, seeds []string, err error) {
	if len(o.Vary) == 0 && o.Seeds == 0 {
		return nil, nil, fmt.Errorf("the sweep is empty: give it a key and its values, as in optimizer.lr=1e-3,2e-3, or a number of seeds")
	}
	if o.Seeds < 0 {
		return nil, nil, fmt.Errorf("%d seeds: want 1 or more", o.Seeds)
	}
	for _, text := range o.Vary {
		v, err := parseVariation(text)
		if err != nil {
			return nil, nil, err
		}
		if why := constantKeys[v.key]; why != "" {
			return nil, nil, fmt.Errorf("sweep %s: %s cannot vary: %s", v.key, v.key, why)
		}
		if slices.ContainsFunc(vs, func(other variation) bool { return other.key == v.key }) || v.key == "training.seed" && seeds != nil {
			return nil, nil, fmt.Errorf("sweep %s: the key is given twice: put all its values into one list", v.key)
		}
		if slices.ContainsFunc(o.Sets, func(s string) bool { return strings.HasPrefix(strings.ReplaceAll(s, " ", ""), v.key+"=") }) || v.key == "config" && o.Config != "" {
			return nil, nil, fmt.Errorf("sweep %s: the key is also set for all runs: leave one of them out", v.key)
		}
		if v.key == "training.seed" {
			if o.Seeds > 0 {
				return nil, nil, fmt.Errorf("sweep training.seed: the number of seeds is given too, and says which: leave one of them out")
			}
			seeds = v.values
			continue
		}
		vs = append(vs, v)
	}
	if seeds == nil {
		seeds, err = o.seeds()
	}
	return vs, seeds, err
}

// seeds returns as many consecutive seeds as are wanted, from training.seed on.
func (o SweepOptions) seeds() (seeds []string, err error) {
	first := training.Default().Training.Seed
	for _, s := range o.Sets {
		if v, ok := strings.CutPrefix(s, "training.seed="); ok {
			if first, err = strconv.ParseUint(v, 10, 64); err != nil {
				return nil, fmt.Errorf("training.seed is %s, want a whole number, 0 or more", v)
			}
		}
	}
	for i := range max(1, o.Seeds) {
		seeds = append(seeds, strconv.FormatUint(first+uint64(i), 10))
	}
	return seeds, nil
}

// points returns the product of all values and seeds, each with its checked configuration.
func (o SweepOptions) points() (points []*Point, err error) {
	vs, seeds, err := o.variations()
	if err != nil {
		return nil, err
	}
	points = []*Point{{}}
	for _, v := range vs {
		var all []*Point
		for _, p := range points {
			for _, value := range v.values {
				all = append(all, &Point{Keys: append(slices.Clone(p.Keys), v.key), Values: append(slices.Clone(p.Values), value)})
			}
		}
		points = all
	}
	names := map[string]bool{}
	for _, p := range points {
		p.Name = pointName(vs, p.Values)
		for _, seed := range seeds {
			name := strings.TrimPrefix(p.Name+",seed="+seed, ",")
			if names[name] {
				return nil, fmt.Errorf("two runs of the sweep would be called %s: name their values apart", name)
			}
			names[name] = true
			r := &SweepRun{Name: name, Dir: filepath.Join(o.Dir, name)}
			if err := o.configure(r, p, seed); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			p.Runs = append(p.Runs, r)
		}
	}
	return points, nil
}

// configure sets the configuration of a run, and checks it.
func (o SweepOptions) configure(r *SweepRun, p *Point, seed string) error {
	r.file, r.sets = o.Config, slices.Clone(o.Sets)
	for i, key := range p.Keys {
		if key == "config" {
			r.file = p.Values[i]
		} else {
			r.sets = append(r.sets, key+"="+p.Values[i])
		}
	}
	r.sets = append(r.sets, "training.seed="+seed)
	start, err := o.start()
	if err != nil {
		return err
	}
	if r.config, err = start.Parse(r.file, r.sets); err != nil {
		return err
	}
	return r.config.Check()
}

// start returns what the runs begin with.
func (o SweepOptions) start() (*training.Start, error) {
	if o.Init == "" {
		return new(training.Start), nil
	}
	return training.OpenStart(o.Init, o.Tokenizer)
}

// pointName returns KEY=VALUE of each key, by the last part of the key if that is no other's.
func pointName(vs []variation, values []string) string {
	count := map[string]int{}
	for _, v := range vs {
		count[lastPart(v.key)]++
	}
	var parts []string
	for i, v := range vs {
		key := v.key
		if count[lastPart(key)] == 1 {
			key = lastPart(key)
		}
		if v.key == "model.name" || v.key == "data.name" {
			key, _, _ = strings.Cut(v.key, ".")
		}
		parts = append(parts, key+"="+fileName(values[i]))
	}
	return strings.Join(parts, ",")
}

func lastPart(key string) string { return key[strings.LastIndex(key, ".")+1:] }

// fileName returns a value as a part of a file's name: of a path its last element, without the
// ending of a configuration.
func fileName(value string) string {
	value = strings.TrimSuffix(filepath.Base(strings.Trim(value, `"`)), ".toml")
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || strings.ContainsRune("-_+.", r) {
			return r
		}
		return '_'
	}, value)
}
