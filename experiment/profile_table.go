package experiment

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"unicode/utf8"
)

// head returns the lines before the table.
func (p *StepProfile) head() string {
	text := fmt.Sprintf("%s: %.2f ms a step of %d tokens, mean of %d; %d shards on %d workers\n"+
		"peak of products %.0f GFLOP/s, of reads %.0f GB/s\n", p.Model, 1e3*p.Seconds, p.Tokens, p.Steps, p.Shards, p.Workers, p.PeakRate, p.ReadRate)
	if rate := total(p.Rows).Flops / 1e9 / p.Seconds; rate > p.PeakRate {
		text += fmt.Sprintf("the step is faster than that, with %.0f GFLOP/s: other programs ran while the peak was measured, and shares of it are too high\n", rate)
	}
	return text
}

// table returns a line for each row and their sum, then the memory.
func (p *StepProfile) table() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, p.padded("layer")+"\tpass\tms\t%\tMFLOP\tGFLOP/s\t% of peak\tMB moved\tGB/s\tMB held\tat peak\t")
	for _, r := range p.Rows {
		p.line(w, r)
	}
	sum := total(p.Rows)
	sum.Path = "all"
	p.line(w, sum)
	w.Flush() // to memory: it cannot fail
	fmt.Fprintf(&b, "\n%.2f %% of the step is in no row\n", 100*p.Unaccounted)
	fmt.Fprintf(&b, "memory: %.1f MB of weights and optimizer; %.1f MB of activations and gradients, of which %.1f MB are in use at the peak\n",
		mb(p.State), mb(p.Planned), mb(p.Peak))
	return b.String()
}

func (p *StepProfile) line(w *tabwriter.Writer, r Row) {
	fmt.Fprintf(w, "%s\t%s\t%.3f\t%.1f\t", p.padded(r.Path), r.Pass, 1e3*r.Seconds, 100*r.Seconds/p.Seconds)
	if r.Flops > 0 {
		fmt.Fprintf(w, "%.1f\t%.1f\t%.0f\t", r.Flops/1e6, r.Rate(), 100*r.Rate()/p.PeakRate)
	} else {
		fmt.Fprint(w, "\t\t\t")
	}
	if r.Bytes > 0 {
		fmt.Fprintf(w, "%.1f\t%.1f\t", r.Bytes/1e6, r.Bytes/1e9/max(r.Seconds, 1e-12))
	} else {
		fmt.Fprint(w, "\t\t")
	}
	if r.Memory > 0 {
		fmt.Fprintf(w, "%.2f\t%.2f\t\n", mb(r.Memory), mb(r.Live))
	} else {
		fmt.Fprint(w, "\t\t\n")
	}
}

// padded returns a path with spaces up to the longest one, for a column that is aligned left.
func (p *StepProfile) padded(path string) string {
	longest := 0
	for _, r := range p.Rows {
		longest = max(longest, utf8.RuneCountInString(r.Path))
	}
	return path + strings.Repeat(" ", max(0, longest-utf8.RuneCountInString(path)))
}

func mb(bytes int) float64 { return float64(bytes) / 1e6 }
