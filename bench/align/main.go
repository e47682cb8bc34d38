// Command align measures how well the attention of encoder–decoder models aligns the translations of the
// corpus tales, whose alignment is known, and draws it:
//
//	go run ./cmd/train -config configs/align-lstm.toml -out runs/align
//	go run ./bench/align -svg alignment.svg runs/align
//
// It prints a Markdown table with a row for each run.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"euryale/data"
	"euryale/internal/runfile"
	"euryale/layers/draw"
	"euryale/training"
)

// options say what to measure.
type options struct {
	part  string
	pairs int    // at most so many
	tap   string // of the weights; empty: those of the last attention to the source
	head  int    // counted from 1; 0: the mean of all
	svg   string
	shown int // pairs to draw
}

func main() {
	var o options
	flag.StringVar(&o.part, "part", "valid", "`PART` of the corpus")
	flag.IntVar(&o.pairs, "pairs", 500, "`N` pairs, at most")
	flag.StringVar(&o.tap, "tap", "", "`PATH` of the attention weights (the last attention to the source)")
	flag.IntVar(&o.head, "head", 0, "`N` head of the attention; 0 is the mean of all")
	flag.StringVar(&o.svg, "svg", "", "`FILE` draw the attention of the last run, with rings where it should be")
	flag.IntVar(&o.shown, "shown", 4, "`N` pairs to draw")
	flag.Parse()
	if flag.NArg() == 0 || o.pairs < 1 || o.head < 0 || o.shown < 1 {
		fmt.Fprintln(os.Stderr, "align: give the directories of runs, and numbers above 0")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := measureAll(ctx, os.Stdout, o, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "align:", err)
		os.Exit(1)
	}
}

// measureAll prints the table, and draws the last run.
func measureAll(ctx context.Context, w io.Writer, o options, dirs []string) error {
	fmt.Fprintln(w, "| run | pairs | aligned tokens | alignment error | 95 % interval | weight on the right tokens | on the end token |\n| --- | --- | --- | --- | --- | --- | --- |")
	var drawn draw.Maps
	for _, dir := range dirs {
		m, err := measureRun(ctx, dir, o)
		if err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
		low, high := m.interval()
		fmt.Fprintf(w, "| %s | %d | %d | %.3f | %.3f–%.3f | %.3f | %.3f |\n", dir, len(m.errors), m.tokens, m.error(), low, high, m.right/float64(m.tokens), m.onEnd/float64(m.tokens))
		drawn = m.drawn
	}
	if o.svg == "" {
		return nil
	}
	return runfile.WriteAtomic(o.svg, func(w io.Writer) error {
		_, err := io.WriteString(w, drawn.SVG())
		return err
	})
}

// measureRun measures the best weights of a run.
func measureRun(ctx context.Context, dir string, o options) (*measured, error) {
	s, err := training.Open(dir, false)
	if err != nil {
		return nil, err
	}
	sentences, err := data.AlignedSentences(s.Config.Data)
	if err != nil {
		return nil, err
	}
	corpus, err := s.OpenCorpus(data.Options{})
	if err != nil {
		return nil, err
	}
	defer corpus.Close()
	examples, err := corpus.Examples(o.part)
	if err != nil {
		return nil, err
	}
	g, err := s.Generator()
	if err != nil {
		return nil, err
	}
	return measure(ctx, g, pairsOf(examples, sentences, o.pairs), o)
}
