package command

import (
	"context"
	"fmt"
	"io"

	"euryale/evaluation"
	"euryale/evaluation/page"
	"euryale/internal/runfile"
	"euryale/training"
)

// aligned is the number of answers whose alignment the page shows.
const aligned = 20

// writeAnswers writes the page of the answers.
func (o *evaluateOptions) writeAnswers(ctx context.Context, saved *training.Saved, m *evaluation.Measured, stderr io.Writer) error {
	if len(m.Systems) == 0 {
		return fmt.Errorf("-html %s: the run answers no examples, and the page shows answers: it is for data.task pairs, dialogue or summary", o.html)
	}
	alignments, err := evaluation.Align(ctx, saved, m.Samples, aligned)
	if err != nil {
		return err
	}
	p := page.Answers{Run: o.run, Part: o.part, Measured: m, Alignments: alignments}
	if err := runfile.WriteAtomic(o.html, p.WriteHTML); err != nil {
		return err
	}
	fmt.Fprintf(stderr, "the answers are in %s\n", o.html)
	return nil
}
