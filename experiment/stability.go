package experiment

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"

	"euryale/training"
	"euryale/training/rundir"
)

// Stability says how much the final loss of a configuration depends on what should not matter.
type Stability struct {
	Runs    int      `json:"runs"`
	Tokens  int      `json:"tokens"` // of the validation part that the losses are of
	Factors []Factor `json:"factors"`

	first member
}

// Factor is a key of the configuration, and how the final validation loss, in nats per token, varies among runs
// that differ in this key alone. If there are several sets of such runs, SD is the standard deviation within a
// set, pooled over all.
type Factor struct {
	Key    string   `json:"key"`
	Values []string `json:"values"`
	Runs   int      `json:"runs"`
	Sets   int      `json:"sets"`
	Mean   float64  `json:"mean"`
	Low    float64  `json:"low"` // of the t interval of the mean, at 95 %
	High   float64  `json:"high"`
	SD     float64  `json:"sd"`
	Range  float64  `json:"range"` // the largest difference of two runs of a set

	batches bool // the seed is also that of the batches
}

// factorKeys are the keys that runs may differ in.
var factorKeys = []string{"training.seed", "training.batch_seed", "training.precision", "training.shards"}

// member is a finished run.
type member struct {
	dir    string
	values map[string]any
	corpus string // its fingerprint; empty: unknown
	loss   float64
	tokens float64 // that the loss is of
}

// MeasureStability compares the final losses of finished runs, each named by its directory or by a pattern that
// matches several. Final losses are those of the last evaluations. The runs may differ in the seed, the
// batch seed, the precision and the number of shards; fewer than two runs, runs that differ in another key, are
// not finished or are of different corpora, and two that train the same are errors.
func MeasureStability(names []string) (*Stability, error) {
	var all []member
	seen := map[string]bool{}
	for _, name := range names {
		g, err := findGroup("", name)
		if err != nil {
			return nil, err
		}
		for _, dir := range g.Runs {
			if seen[dir] {
				continue
			}
			seen[dir] = true
			m, err := readMember(dir)
			if err != nil {
				return nil, err
			}
			all = append(all, m)
		}
	}
	if len(all) < 2 {
		return nil, fmt.Errorf("%s is one run: stability is measured on two or more, as train -sweep makes them", strings.Join(names, " "))
	}
	for i, m := range all {
		if err := m.sameAs(all[0]); err != nil {
			return nil, err
		}
		for _, other := range all[:i] {
			if m.id("") == other.id("") {
				return nil, fmt.Errorf("%s and %s train the same, seed and batches included: leave one of them out", other.dir, m.dir)
			}
		}
	}
	s := &Stability{Runs: len(all), Tokens: int(all[0].tokens), first: all[0]}
	for _, key := range factorKeys {
		if f := factorOf(key, all); f.Runs > 0 {
			s.Factors = append(s.Factors, f)
		}
	}
	if len(s.Factors) == 0 {
		return nil, fmt.Errorf("no two of the %d runs differ in one of %s alone: add runs that do", len(all), strings.Join(factorKeys, ", "))
	}
	return s, nil
}

// Describes returns an error if the run in dir differs from the measured ones in more than the factors.
func (s *Stability) Describes(dir string) error {
	m, err := readMember(dir)
	if err != nil {
		return err
	}
	return m.sameAs(s.first)
}

// readMember reads the configuration and the last loss of a run.
func readMember(dir string) (m member, err error) {
	c, err := training.Parse(filepath.Join(dir, rundir.Config), nil)
	if err != nil {
		return m, err
	}
	m.dir = dir
	if m.values, err = c.Values(); err != nil {
		return m, err
	}
	origin, err := training.ReadOrigin(dir)
	if err != nil {
		return m, err
	}
	if origin != nil {
		m.corpus = origin.Fingerprint
	}
	records, err := rundir.ReadMetrics(dir)
	if err != nil {
		return m, err
	}
	step := 0
	for _, r := range records {
		step = max(step, r.Step)
		if v, ok := r.Values["val_loss"]; ok {
			m.loss, m.tokens = v, r.Values["val_tokens"]
		}
	}
	t := c.Training
	switch {
	case m.tokens == 0:
		return m, fmt.Errorf("%s has no validation loss: let it train to its end", dir)
	case step < t.Steps && t.For == "" && t.Patience == 0:
		return m, fmt.Errorf("%s is not finished: it stopped after %d of %d updates; continue it with train -resume %s", dir, step, t.Steps, dir)
	}
	return m, nil
}

// sameAs returns an error if m and other differ in more than the factors, and names the keys.
func (m member) sameAs(other member) error {
	var keys []string
	for _, key := range keysOf(m.values, other.values) {
		a, b := other.values[key], m.values[key]
		if !slices.Contains(factorKeys, key) && !slices.Contains(freeKeys, key) && !sameValue(key, a, b) {
			keys = append(keys, fmt.Sprintf("%s (%s and %s)", key, shown(a), shown(b)))
		}
	}
	switch {
	case len(keys) > 0:
		return fmt.Errorf("%s and %s differ in %s: runs to measure stability on differ in %s alone", other.dir, m.dir, strings.Join(keys, ", "), strings.Join(factorKeys, ", "))
	case m.corpus != other.corpus && m.corpus != "" && other.corpus != "":
		return fmt.Errorf("%s and %s were trained on different texts: the corpus changed in between", other.dir, m.dir)
	case m.tokens != other.tokens && m.tokens > 0:
		return fmt.Errorf("the last losses of %s and %s are of %.0f and %.0f tokens, and cannot be compared", other.dir, m.dir, other.tokens, m.tokens)
	}
	return nil
}

// id names the values of the factors, without that of a key. Batches follow from the seed if they have none of
// their own.
func (m member) id(without string) string {
	var parts []string
	for _, key := range factorKeys {
		v := shown(m.values[key])
		if key == "training.batch_seed" && v == "0" && without == "" {
			v = shown(m.values["training.seed"])
		}
		if key != without {
			parts = append(parts, v)
		}
	}
	return strings.Join(parts, " ")
}

// factorOf compares the runs that differ in a key alone.
func factorOf(key string, all []member) (f Factor) {
	f.Key = key
	sets := map[string][]member{}
	for _, m := range all {
		sets[m.id(key)] = append(sets[m.id(key)], m)
	}
	sum, squares := 0.0, 0.0
	for _, id := range slices.Sorted(maps.Keys(sets)) {
		set := sets[id]
		if len(set) < 2 {
			continue
		}
		g := &Group{}
		for _, m := range set {
			g.Losses = append(g.Losses, m.loss)
			if v := strings.Trim(shown(m.values[key]), `"`); !slices.Contains(f.Values, v) {
				f.Values = append(f.Values, v)
			}
			f.batches = f.batches || key == "training.seed" && shown(m.values["training.batch_seed"]) == "0"
		}
		mean, sd := g.Loss()
		n := float64(len(set))
		sum, squares = sum+n*mean, squares+(n-1)*sd*sd
		f.Runs, f.Sets = f.Runs+len(set), f.Sets+1
		f.Range = max(f.Range, slices.Max(g.Losses)-slices.Min(g.Losses))
	}
	if f.Runs == 0 {
		return f
	}
	slices.SortFunc(f.Values, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) }) // 2 before 10
	df := float64(f.Runs - f.Sets)
	f.Mean, f.SD = sum/float64(f.Runs), math.Sqrt(squares/df)
	half := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}.Quantile(0.975) * f.SD / math.Sqrt(float64(f.Runs))
	f.Low, f.High = f.Mean-half, f.Mean+half
	return f
}
