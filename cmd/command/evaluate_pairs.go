package command

import (
	"context"
	"fmt"
	"io"
	"strings"

	"euryale/evaluation/card"
	"euryale/evaluation/questions"
	"euryale/generation"
	"euryale/internal/term"
)

// askQuestions prints how often the model prefers the right answers of a file.
func (o *evaluateOptions) askQuestions(ctx context.Context, g *generation.Generator, s streams) error {
	all, notes, err := questions.Read(o.pairs)
	if err != nil {
		return err
	}
	for _, note := range notes {
		tell(s.err, note)
	}
	bar := term.New(s.err, 100, "reading "+all[0].Kind)
	r, err := questions.Measure(ctx, g, all, func(done, total int) { bar.Update(100*done/total, "") })
	bar.Done()
	if err != nil {
		return fmt.Errorf("%s: %w", o.pairs, err)
	}
	if o.format == "json" {
		err = printJSON(s.out, struct {
			File string `json:"file"`
			*questions.Result
		}{o.pairs, r})
	} else {
		_, err = fmt.Fprint(s.out, r)
	}
	o.keep(r.Section(o.pairs, o.command()), s.err)
	return err
}

// command returns the command line that the flags are of.
func (o *evaluateOptions) command() string {
	words := []string{o.Name()}
	for _, arg := range o.args {
		if arg == "" || strings.ContainsAny(arg, " \t\n'\"$*?[\\") {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		words = append(words, arg)
	}
	return strings.Join(words, " ")
}

// keep saves a section of the run's card. A run that cannot be written to, as one of someone else's, keeps
// none: that is a note on w.
func (m *model) keep(s *card.Section, w io.Writer) {
	var err error
	if s.Model, err = m.fingerprint(); err == nil {
		err = s.Save(m.run)
	}
	if err != nil {
		fmt.Fprintf(w, "note: the card of evaluate -report will lack this: %v\n", err)
	}
}
