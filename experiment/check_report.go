package experiment

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// Finding is a mistake that Check has found.
type Finding struct {
	Check    string `json:"check"`           // the check's name
	Layer    string `json:"layer"`           // path of the layer or parameter where it shows first, "" if it is not known
	Op       string `json:"op,omitempty"`    // op of that layer
	Line     string `json:"line"`            // file and line of the model's code that declared it, "" if it is not known
	Expected string `json:"expected"`        // what must hold
	Seen     string `json:"seen"`            // what was observed, with numbers
	Cause    string `json:"cause,omitempty"` // what usually causes it, and what to do
}

// CheckResult is the result of one check.
type CheckResult struct {
	Name     string  `json:"name"`
	Expected string  `json:"expected"` // what must hold
	Findings int     `json:"findings"`
	Skipped  string  `json:"skipped,omitempty"` // why there was nothing to check
	Seconds  float64 `json:"seconds"`
}

// LayerScale is the size of a layer's values and gradients at the start of training.
type LayerScale struct {
	Layer    string  `json:"layer"` // path
	Op       string  `json:"op"`    // whose result it is
	Line     string  `json:"line"`
	Mean     float64 `json:"mean"`     // of the values
	Spread   float64 `json:"spread"`   // standard deviation of the values
	Dead     float64 `json:"dead"`     // fraction of columns that are zero for every token
	Gradient float64 `json:"gradient"` // root mean square of the loss's gradient, times the number of targets
}

// Report is the result of Check. In a notebook it is shown as a picture of the scale of layers.
type Report struct {
	Model    string        `json:"model"`
	Findings []Finding     `json:"findings"`
	Checks   []CheckResult `json:"checks"`
	Layers   []LayerScale  `json:"layers"` // in the order of the pass
	Seconds  float64       `json:"seconds"`
}

// OK reports whether there are no findings.
func (r *Report) OK() bool { return len(r.Findings) == 0 }

// String returns the tables of checks and layers, and the findings.
func (r *Report) String() string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "check\tresult\tseconds\twhat must hold")
	for _, c := range r.Checks {
		result := "right"
		switch {
		case c.Skipped != "":
			result = "–"
		case c.Findings > 0:
			result = count(c.Findings, "finding")
		}
		says := c.Expected
		if c.Skipped != "" {
			says = c.Skipped
		}
		fmt.Fprintf(t, "%s\t%s\t%.1f\t%s\n", c.Name, result, c.Seconds, says)
	}
	t.Flush() // into memory
	r.writeLayers(&b)
	for i, f := range r.Findings {
		fmt.Fprintf(&b, "\n%d. %s\n", i+1, f.String())
	}
	fmt.Fprintf(&b, "\n%s: %s in %.1f s\n", r.Model, count(len(r.Findings), "finding"), r.Seconds)
	return b.String()
}

// writeLayers writes the table of scales.
func (r *Report) writeLayers(b *strings.Builder) {
	if len(r.Layers) == 0 {
		return
	}
	fmt.Fprintln(b, "\nScale at the start of training")
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "layer\tmean\tspread\tgradient\tdead\t")
	for _, l := range r.Layers {
		fmt.Fprintf(t, "%s\t%.3g\t%.3g\t%.3g\t%.0f%%\t\n", nameOrModel(l.Layer), l.Mean, l.Spread, l.Gradient, 100*l.Dead)
	}
	t.Flush() // into memory
}

// String returns the finding in four lines: where, what was expected, what was seen, and what
// usually causes it.
func (f Finding) String() string {
	where := nameOrModel(f.Layer)
	if f.Op != "" {
		where += " (" + f.Op + ")"
	}
	if f.Line != "" {
		at := "at "
		if !strings.Contains(f.Line, ":") { // a cell of a notebook
			at = "in "
		}
		where += ", declared " + at + f.Line
	}
	text := fmt.Sprintf("%s: %s\n   expected: %s\n   seen: %s", f.Check, where, f.Expected, strings.ReplaceAll(f.Seen, "\n", "\n   "))
	if f.Cause != "" {
		text += "\n   usual cause: " + f.Cause
	}
	return text
}

func nameOrModel(path string) string {
	if path == "" {
		return "model"
	}
	return path
}

// count returns a number with a noun.
func count(n int, noun string) string {
	switch n {
	case 0:
		return "no " + noun + "s"
	case 1:
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
