package experiment

import (
	"fmt"
	"math"
	"strings"
)

// Better returns the label of the group whose definition is better, or "" if that cannot be
// told: the interval contains 0, or it is about single runs.
func (v Verdict) Better() string {
	switch {
	case !v.Differs() || v.OfRuns:
		return ""
	case v.Gain > 0:
		return v.B
	}
	return v.A
}

// Sentence says which group is better and by how much, or that it cannot be told.
func (v Verdict) Sentence() string {
	if v.Half == 0 && v.Gain == 0 {
		return fmt.Sprintf("%s and %s have the same %s", v.A, v.B, v.Measure)
	}
	if v.OfRuns {
		return v.ofRuns()
	}
	amount := v.amount() + v.basis()
	if better := v.Better(); better != "" {
		return fmt.Sprintf("%s is better by %s", better, amount)
	}
	s := "cannot tell: " + amount
	switch {
	case v.SeedSD == [2]float64{}:
	case v.MoreSeeds > 0:
		s += fmt.Sprintf("; about %d more %s each would", v.MoreSeeds, plural(v.MoreSeeds, "seed"))
	case v.MoreSeeds < 0:
		s += "; 100 more seeds each would not"
	}
	return s
}

// ofRuns is the sentence about two single runs.
func (v Verdict) ofRuns() string {
	s := fmt.Sprintf("these two runs differ by %s (%s on this text, %s's is better)", v.amount(), percent(v.Level), v.higher())
	if !v.Differs() {
		s = fmt.Sprintf("these two runs do not differ: %s (%s on this text)", v.amount(), percent(v.Level))
	}
	return s + "; one seed each cannot tell whether one definition is better: train more seeds of both"
}

func (v Verdict) higher() string {
	if v.Gain > 0 {
		return v.B
	}
	return v.A
}

// amount returns the difference and half the width of its interval.
func (v Verdict) amount() string {
	digits := 3
	for digits < 6 && v.Half > 0 && v.Half < 2*math.Pow10(-digits) {
		digits++
	}
	if v.Unit == "points" {
		digits = 2
	}
	return fmt.Sprintf("%.*f ± %.*f %s", digits, math.Abs(v.Gain), digits, v.Half, v.Unit)
}

// basis says what an interval rests on.
func (v Verdict) basis() string {
	var parts []string
	parts = append(parts, percent(v.Level))
	switch {
	case v.SeedSD == [2]float64{} && v.TextSD > 0 && v.Seeds == [2]int{1, 1}: // neither depends on a seed
	case v.Seeds[0] == v.Seeds[1]:
		parts = append(parts, fmt.Sprintf("%d %s each", v.Seeds[0], plural(v.Seeds[0], "seed")))
	default:
		parts = append(parts, fmt.Sprintf("%d and %d seeds", v.Seeds[0], v.Seeds[1]))
	}
	if v.Borrowed {
		parts = append(parts, "if the seeds of both spread alike")
	}
	if v.Family > 1 {
		parts = append(parts, fmt.Sprintf("so that all %d comparisons hold with 95 %%", v.Family))
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

func percent(level float64) string {
	return strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.2f", 100*level), "0"), ".") + " %"
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// Sentences returns the sentence of each comparison of losses, then those of each measure of a
// task.
func (c *Comparison) Sentences() (all []string) {
	for _, v := range c.Verdicts {
		s := v.Sentence()
		if v.Measure != "loss" {
			s = v.Measure + ": " + s
		}
		if len(c.Groups) > 2 {
			s = fmt.Sprintf("%s and %s: %s", v.A, v.B, s)
		}
		all = append(all, s)
	}
	return all
}
