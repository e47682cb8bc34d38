package experiment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"euryale/data"
	"euryale/layers/graph"
	"euryale/models"
	"euryale/models/modeltest"
)

// CheckOptions holds the settings of Check. The zero value is the default.
type CheckOptions struct {
	Seed    uint64         // of weights, tokens and sampled entries
	Batch   *data.Batch    // whose values and gradients are measured; nil: random tokens
	Weights *graph.Weights // that they are measured with; nil: initial values
	Noise   *graph.Noise   // of dropout on the batch; nil: off
}

// defaultVocab is the vocabulary of a model that has none yet, about that of English characters.
const defaultVocab = 65

// mostAtSize is the most parameters of a model whose scale and learning are checked at its own
// sizes, as 160 MB with their gradients: larger ones are checked at reduced sizes.
const mostAtSize = 20_000_000

// gradientTime ends the sampling of gradient entries, so that the whole check takes seconds.
const gradientTime = 3 * time.Second

// Check looks for mistakes in a model: in its graph, its derivatives, its state, and the scale
// of its values at the start of training. It builds weights of its own and changes none.
//
// The graph, the loss and the scale are checked at the model's own sizes, and the properties that
// do not depend on sizes (see package modeltest) on a copy with fewer columns, layers and tokens.
// A mistake is a Finding of the report and not an error. The error is that of ctx, or of settings
// that are invalid. With a Batch, such as the one that training stopped at, the check of scale
// runs on it, with given weights: it names the first layer whose values are not finite. A model without a vocabulary is checked with one of 65 ids.
func Check(ctx context.Context, m models.Model, o CheckOptions) (*Report, error) {
	if sizes := m.Common(); sizes.Vocab == 0 {
		sizes.Vocab = defaultVocab
		defer func() { sizes.Vocab = 0 }()
	}
	if err := m.Check(); err != nil {
		return nil, err
	}
	c := &checker{m: m, small: shrink(m), o: o, report: &Report{Model: nameOf(m), Findings: []Finding{}, Layers: []LayerScale{}}}
	start := time.Now()
	for _, s := range c.steps() {
		if err := c.do(ctx, s); err != nil {
			return nil, err
		}
		if c.stopped {
			break
		}
	}
	c.report.Seconds = time.Since(start).Seconds()
	return c.report, nil
}

// checker is the state of Check.
type checker struct {
	m, small models.Model // at its own sizes, and at reduced ones
	o        CheckOptions
	report   *Report
	stopped  bool // the model has no graph, or it cannot be built
}

// step is one check. Expected says what must hold.
type step struct {
	name, expected string
	run            func() error
}

// steps returns the checks in their order: what later ones rely on comes first.
func (c *checker) steps() []step {
	all := []step{
		{"build", "the graph of every program can be built", c.build},
		{"structure", "every value is used, every weight is trained, and weights are tied by Shared", c.structure},
	}
	o := modeltest.Options{Seed: c.o.Seed, Time: gradientTime}
	all = append(all, step{"finite", "all logits are finite", func() error {
		err := modeltest.Finite(c.small, o)
		c.stopped = err != nil // all other checks would say the same
		return err
	}})
	for _, t := range byCause(modeltest.Checks()) {
		all = append(all, step{t.Name, t.Doc, func() error { return t.Run(c.small, o) }})
	}
	return append(all,
		step{"dropout setting", "dropout changes the loss in training", c.dropout},
		step{"loss", "the model's own loss of a token depends on that token's target alone", c.ownLoss},
		step{"scale", "values and gradients at the start have similar sizes in all layers", c.scale},
		step{"learning", "the loss starts near ln V, one step lowers it, and one batch can be learned by heart", c.learning})
}

// byCause puts the check of gradients before those that use gradients for something else.
func byCause(checks []modeltest.Check) []modeltest.Check {
	rank := func(c modeltest.Check) int {
		return slices.Index([]string{"shared weights", "dropout"}, c.Name)
	}
	slices.SortStableFunc(checks, func(a, b modeltest.Check) int { return rank(a) - rank(b) })
	return checks
}

// do runs a step in a goroutine of its own, so that it can be left when ctx ends.
func (c *checker) do(ctx context.Context, s step) error {
	start, done := time.Now(), make(chan error, 1)
	known := len(c.report.Findings)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				done <- fmt.Errorf("the check panicked: %v", r)
			}
		}()
		done <- s.run()
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-done:
		if skipped := (*skip)(nil); errors.As(err, &skipped) {
			c.report.Checks = append(c.report.Checks, CheckResult{Name: s.name, Expected: s.expected, Skipped: skipped.why})
			return nil
		}
		for _, e := range flatten(err) {
			f := findingOf(s, e)
			if same := c.report.finding(f); same != "" {
				c.report.Checks = append(c.report.Checks, CheckResult{Name: s.name, Expected: s.expected, Skipped: "fails for the finding of " + same})
				return nil
			}
			c.report.Findings = append(c.report.Findings, f)
		}
	}
	c.report.Checks = append(c.report.Checks, CheckResult{Name: s.name, Expected: s.expected,
		Findings: len(c.report.Findings) - known, Seconds: time.Since(start).Seconds()})
	return nil
}

// finding returns the check that has a finding with what f says, or "".
func (r *Report) finding(f Finding) string {
	for _, g := range r.Findings {
		if g.Check != f.Check && g.Layer == f.Layer && g.Seen == f.Seen {
			return g.Check
		}
	}
	return ""
}

// skip is the error of a step that has nothing to check.
type skip struct{ why string }

func (s *skip) Error() string { return s.why }

// flatten returns the errors that errors.Join has joined.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// findingOf returns the finding of an error of a step.
func findingOf(s step, err error) Finding {
	f := Finding{Check: s.name, Expected: s.expected, Seen: err.Error()}
	var fault *modeltest.Fault
	var broken *graph.Error
	switch {
	case errors.As(err, &fault):
		f.Layer, f.Op, f.Line, f.Seen, f.Cause = fault.Layer, fault.Op, fault.Line, fault.Seen, fault.Cause
	case errors.As(err, &broken):
		f.Layer, f.Line, f.Seen = broken.Path, broken.Line, broken.Err.Error()
	}
	return f
}

// build compiles the programs that score and train at the model's own sizes. Nothing else can be
// checked if it fails.
func (c *checker) build() error {
	if _, counts := c.m.(models.Predictor); counts {
		c.stopped = true
		return &skip{"the model is made of counts, and has no graph"}
	}
	w := graph.NewBlankWeights()
	f := frameOf(c.m)
	f.B, f.T = 2, min(8, f.T)
	_, err := models.Score(c.m, w, f)
	c.stopped = err != nil
	return err
}

// frameOf returns the frame of a batch of real length.
func frameOf(m models.Model) graph.Frame {
	return graph.Frame{B: 4, T: min(64, m.Common().Context), S: min(24, models.SourceOf(m))}
}

// atSize returns the model whose scale and learning are checked: m itself unless it is large.
func (c *checker) atSize() models.Model {
	params, err := models.Parameters(c.m)
	n := 0
	for _, p := range params {
		n += p.Size()
	}
	if err != nil || n > mostAtSize {
		return c.small
	}
	return c.m
}

// nameOf returns the name of a model's type, such as GPT.
func nameOf(m models.Model) string {
	name := fmt.Sprintf("%T", m)
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == '.' {
			return name[i+1:]
		}
	}
	return name
}
