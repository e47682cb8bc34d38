package training

import (
	"fmt"
	"math"
	"strings"
)

// The strings below are what a notebook shows of a value that ends a cell.

// String returns the model, the steps made and the lowest validation loss in a line.
func (r *Run) String() string {
	text := fmt.Sprintf("run of %s, %d of %d steps", r.Config.ModelName, r.step, r.Config.Training.Steps)
	if r.Weights != nil {
		text += fmt.Sprintf(", %d values in %d parameters", r.Weights.Count(), len(r.Weights.All()))
	}
	switch name := r.Config.Training.BestBy; {
	case r.best == 0 || math.IsInf(r.best, 0):
	case name != byLoss:
		text += fmt.Sprintf(", best %s %.4g", name, -r.best)
	default:
		text += fmt.Sprintf(", validation loss %.4f", r.best)
	}
	if r.Dir != "" {
		text += ", in " + r.Dir
	}
	return text
}

// String returns the model in a line.
func (s *Saved) String() string {
	text := "saved " + s.Config.ModelName
	if s.Weights != nil {
		text += fmt.Sprintf(", %d values in %d parameters", s.Weights.Count(), len(s.Weights.All()))
	}
	if s.Tokenizer != nil {
		text += fmt.Sprintf("; tokenizer %s, %d ids", s.Tokenizer.Kind(), s.Tokenizer.Vocab())
	}
	return text
}

// String returns the step in a line.
func (s Step) String() string {
	parts := []string{fmt.Sprintf("step %d of %d: loss %.4f, gradient norm %.3g, learning rate %.3g", s.N, s.Of, s.Loss, s.GradNorm, s.LR)}
	for _, l := range s.Added {
		parts = append(parts, fmt.Sprintf("%s %.4f", l.Name, l.Value))
	}
	if s.Skipped {
		parts = append(parts, "skipped")
	}
	return strings.Join(parts, ", ")
}

// String returns the report in a line.
func (r Record) String() string {
	if r.ValLoss == nil {
		return r.Step.String()
	}
	text := fmt.Sprintf("%v, validation loss %.4f over %d targets", r.Step, *r.ValLoss, r.ValTokens)
	if r.Answers != nil {
		text += ", " + r.Answers.String()
	}
	return text
}
