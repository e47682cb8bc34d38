package command

import (
	"fmt"
	"os"
	"path/filepath"

	"euryale/evaluation"
	"euryale/evaluation/card"
	"euryale/internal/runfile"
	"euryale/training"
)

// The files of a card.
const (
	cardPage   = "card.html"
	cardReadme = "README.md"
)

// writeReport writes the card of the run into a directory: a page, and a README.md of Hugging Face.
func (o *evaluateOptions) writeReport(saved *training.Saved, s streams) error {
	model, err := o.fingerprint()
	if err != nil {
		return err
	}
	c, err := evaluation.Card(saved, model)
	if err != nil {
		return err
	}
	if err := writeCard(c, o.report); err != nil {
		return err
	}
	for _, m := range c.Missing {
		fmt.Fprintf(s.err, "not measured: %s: %s\n", m.What.En, m.Command)
	}
	_, err = fmt.Fprintf(s.out, "%s\n%s\n", filepath.Join(o.report, cardPage), filepath.Join(o.report, cardReadme))
	return err
}

// writeCard writes the files of a card.
func writeCard(c *card.Card, dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	if err := runfile.WriteAtomic(filepath.Join(dir, cardPage), c.WriteHTML); err != nil {
		return err
	}
	return runfile.WriteAtomic(filepath.Join(dir, cardReadme), c.WriteREADME)
}
