package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"euryale/generation"
	"euryale/internal/runfile"
	"euryale/internal/term"
	"euryale/training"
)

// evaluation are the flags of -eval.
type evaluation struct {
	dir, part                      string
	examples, tokens, beams, shown int
}

func (e *evaluation) declare(o *options) {
	o.StringVar(&e.dir, "eval", "", "`DIR` of a run to measure: losses, and its texts beside people's; also written to eval.json")
	o.StringVar(&e.part, "eval-part", "valid", "`PART` of the corpus whose examples are answered: valid or test")
	o.IntVar(&e.examples, "eval-examples", 500, "`N` examples to answer, evenly spread; 0: all")
	o.IntVar(&e.tokens, "eval-length", 128, "`N` tokens of an answer at most")
	o.IntVar(&e.beams, "eval-beam", 1, "`N` beams; 1: the likeliest token each time")
	o.IntVar(&e.shown, "eval-shown", 3, "`N` answers to print")
}

// check refuses flags that say what a new run should be.
func (e *evaluation) check(o *options) error {
	if e.dir == "" {
		return nil
	}
	return o.Only("eval", "eval-part", "eval-examples", "eval-length", "eval-beam", "eval-shown", "threads", "blas")
}

// evaluate measures a run, prints the measures as a table and some of its texts, and
// leaves all in the run's eval.json.
func evaluate(ctx context.Context, e evaluation, stdout io.Writer, stderr *os.File) error {
	bar := term.New(stderr, e.examples, "answering")
	s := generation.Settings{Tokens: e.tokens, Beams: e.beams, LengthPenalty: 1}
	if e.beams <= 1 {
		s.Seed = 1
	}
	m, err := training.Evaluate(ctx, e.dir, training.Evaluation{Part: e.part, Examples: e.examples, Settings: s, Log: stderr,
		Progress: func(done, _ int) { bar.Update(done, "") }})
	bar.Done()
	if err != nil {
		return err
	}
	for i, t := range m.Samples {
		if i == e.shown {
			break
		}
		if t.Source != "" {
			fmt.Fprintf(stdout, "%s\n", t.Source)
		}
		fmt.Fprintf(stdout, "→ %s\n", t.Text)
		if t.Reference != "" {
			fmt.Fprintf(stdout, "  (%s)\n", t.Reference)
		}
		fmt.Fprintln(stdout)
	}
	fmt.Fprint(stdout, m.Report)
	return runfile.WriteAtomic(filepath.Join(e.dir, "eval.json"), func(w io.Writer) error {
		j := json.NewEncoder(w)
		j.SetIndent("", " ")
		j.SetEscapeHTML(false)
		return j.Encode(map[string]any{"part": e.part, "report": m.Report, "samples": m.Samples})
	})
}
