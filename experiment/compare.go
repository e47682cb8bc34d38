package experiment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"euryale/evaluation/metrics"
	"euryale/generation"
)

// CompareOptions say how to compare runs. The zero value compares losses, and of tasks the
// greedy answers to 200 examples.
type CompareOptions struct {
	Last      bool                // use the last weights instead of the best
	Part      string              // that losses are of, and whose examples of a task are answered: "valid" (default), "test" or "train"
	Examples  int                 // the most to answer, evenly spread; 0: 200; below 0: none
	Settings  generation.Settings // of generating the answers
	Precision string              // of products; empty: as each run was trained
	Log       io.Writer           // of preparing corpora; may be nil
	Cache     *Cache              // of losses, for runs in several comparisons with the same options; may be nil
	// Progress, which may be nil, is called with how much is done, and the run that is read.
	Progress func(done, total int, run string)
}

// Comparison is what differs between groups of runs, and which is better. Groups after the first
// are compared with the first.
type Comparison struct {
	Groups     []*Group
	Settings   []Difference // keys of the configuration
	Parameters []Difference // shapes by path
	Unit       string       // of losses: "nats a token" or "bits a byte"
	Part       string       // of the corpora, that was read: "valid", "test" or "train"
	Tokens     int          // targets of its text, in the first group's tokens
	Bytes      int          // of the text; 0 of masked text
	Blocks     int          // that it is divided into
	Verdicts   []Verdict    // of the losses, then of the scores of a task

	curves []curve
}

// Verdict is how a group compares with the first in one measure.
type Verdict struct {
	Measure  string // "loss", "bleu", "chrf2", "rouge_1", …
	Unit     string // "nats a token", "points"
	A, B     string // labels of the groups
	Estimate        // of the measure; of a loss, Gain is by how much B's is lower
	Family   int    // comparisons that share the error probability of 5 %
}

// Compare compares runs, or groups of runs: each name is a run's directory, or a pattern that
// matches runs which differ only in the seed. All must have been validated on the same text;
// with different tokenizers losses are compared in bits per byte. Weights are the best of each
// run. Runs of different texts, a group whose runs differ in more than the seed, and a run
// without weights are errors. When ctx ends, its error is returned.
func Compare(ctx context.Context, names []string, o CompareOptions) (*Comparison, error) {
	groups, err := findGroups(names)
	if err != nil {
		return nil, err
	}
	return compareGroups(ctx, groups, o)
}

// CompareRuns compares groups of runs as Compare does: each is a list of directories of runs that
// differ only in the seed.
func CompareRuns(ctx context.Context, runs [][]string, o CompareOptions) (*Comparison, error) {
	if len(runs) < 2 {
		return nil, errNothing
	}
	var groups []*Group
	for i, dirs := range runs {
		if len(dirs) == 0 {
			return nil, fmt.Errorf("group %d of the comparison has no runs", i+1)
		}
		groups = append(groups, &Group{Label: string(rune('A' + i)), Name: strings.Join(dirs, " "), Runs: dirs})
	}
	return compareGroups(ctx, groups, o)
}

// compareGroups compares the first group with the others.
func compareGroups(ctx context.Context, groups []*Group, o CompareOptions) (c *Comparison, err error) {
	r := &reader{options: o}
	for _, g := range groups {
		r.runs += len(g.Runs)
	}
	for _, g := range groups {
		if err := r.readGroup(ctx, g); err != nil {
			return nil, err
		}
	}
	c = &Comparison{Part: cmp.Or(o.Part, "valid"), Groups: groups, Settings: differingKeys(groups), Parameters: differingParameters(groups)}
	if err := c.compareLosses(r); err != nil {
		return nil, err
	}
	if err := c.compareAnswers(r); err != nil {
		return nil, err
	}
	c.curves, err = readCurves(groups)
	return c, err
}

// level is the confidence of each of n intervals that together exclude a true value with a
// probability of at most 5 % (Bonferroni).
func level(n int) float64 { return 1 - 0.05/float64(n) }

// compareLosses compares each later group's losses with the first's.
func (c *Comparison) compareLosses(r *reader) error {
	first := r.losses[0][0]
	inBytes := false
	for g, runs := range r.losses {
		for i, l := range runs {
			switch {
			case l.rows != first.rows || l.masked != first.masked || l.text != first.text:
				return c.differentTexts(c.Groups[g].Runs[i], l, first)
			case l.ids != first.ids && l.masked:
				return fmt.Errorf("%s and %s hide other tokens of the text: masked models are compared only with the same tokenizer, context and batch", c.Groups[0].Runs[0], c.Groups[g].Runs[i])
			case l.ids != first.ids:
				inBytes = true
			}
		}
	}
	scale := 1.0
	c.Unit, c.Tokens, c.Bytes = "nats a token", len(first.targets), first.bytes
	if inBytes {
		c.Unit, scale = "bits a byte", 1/math.Ln2
	}
	var scorers [][]scorer
	for g, runs := range r.losses {
		var s []scorer
		for _, l := range runs {
			sums, units := l.blocks(inBytes)
			c.Blocks = len(sums)
			s = append(s, lossScorer(sums, units, scale))
		}
		for _, run := range s {
			c.Groups[g].Losses = append(c.Groups[g].Losses, -run(numbers(c.Blocks)))
		}
		scorers = append(scorers, s)
	}
	for g := 1; g < len(scorers); g++ {
		v := c.verdict("loss", c.Unit, g, scorers, c.Blocks)
		v.MeanA, v.MeanB = -v.MeanA, -v.MeanB
		c.Verdicts = append(c.Verdicts, v)
	}
	return nil
}

// verdict compares a group with the first.
func (c *Comparison) verdict(measure, unit string, g int, scorers [][]scorer, blocks int) Verdict {
	family := len(c.Groups) - 1
	e := estimate(scorers[0], scorers[g], blocks, level(family), [2]bool{c.Groups[0].deterministic, c.Groups[g].deterministic})
	return Verdict{Measure: measure, Unit: unit, A: c.Groups[0].Label, B: c.Groups[g].Label, Estimate: e, Family: family}
}

// differentTexts says why two runs cannot be compared.
func (c *Comparison) differentTexts(dir string, l, first *scored) error {
	var keys []string
	for _, d := range c.Settings {
		if strings.HasPrefix(d.Name, "data.") || d.Name == "model.context" || d.Name == "model.source_context" {
			keys = append(keys, fmt.Sprintf("%s = %s", d.Name, strings.Join(d.Values, ", ")))
		}
	}
	why := "the corpus has changed since"
	if len(keys) > 0 {
		why = strings.Join(keys, "; ")
	}
	return fmt.Errorf("%s and %s are measured on different texts, of %d and %d bytes, so that their losses cannot be compared (%s)",
		c.Groups[0].Runs[0], dir, first.bytes, l.bytes, why)
}

// compareAnswers compares BLEU, chrF and ROUGE of the answers, if the corpus is a task.
func (c *Comparison) compareAnswers(r *reader) error {
	if len(r.answers[0]) == 0 {
		return nil
	}
	n := r.answers[0][0].Len()
	for g, runs := range r.answers {
		for i, a := range runs {
			if a.Len() != n {
				return errors.New(c.Groups[g].Runs[i] + " has other examples than " + c.Groups[0].Runs[0])
			}
		}
	}
	for m, name := range metrics.ScoreNames {
		var scorers [][]scorer
		for _, runs := range r.answers {
			var s []scorer
			for _, a := range runs {
				s = append(s, func(pick []int) float64 { return points(name, a.Over(pick)[m]) })
			}
			scorers = append(scorers, s)
		}
		for g := 1; g < len(scorers); g++ {
			c.Verdicts = append(c.Verdicts, c.verdict(name, "points", g, scorers, n))
		}
	}
	return nil
}

// points returns a score of 0 to 100.
func points(name string, v float64) float64 {
	if strings.HasPrefix(name, "rouge") {
		return 100 * v
	}
	return v
}

func numbers(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func sortedKeys(m map[int][]entry) []int { return slices.Sorted(maps.Keys(m)) }
