// Command inside measures what package inspect finds in models whose training text has a structure
// that is known:
//
//	go run ./bench/inside induction    induction heads of configs/induction-gpt.toml
//	go run ./bench/inside quotes       units of configs/quotes-lstm.toml that remember a quotation mark
//
// It trains the model with three seeds, which takes minutes and seconds, and prints Markdown tables.
// Runs are kept in -dir, and used again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"

	"euryale/data"
	"euryale/generation"
	"euryale/layers/graph"
	"euryale/models"
	"euryale/training"
)

func main() {
	seeds := flag.Int("seeds", 3, "`N` models, trained with the seeds 1 to N")
	dir := flag.String("dir", filepath.Join(os.TempDir(), "euryale-inside"), "`DIR` directory of the runs")
	flag.Parse()
	measure := map[string]func(context.Context, io.Writer, string, int) error{"induction": induction, "quotes": quotes}[flag.Arg(0)]
	if measure == nil || flag.NArg() != 1 || *seeds < 1 {
		fmt.Fprintln(os.Stderr, "inside: say what to measure: induction, or quotes")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := measure(ctx, os.Stdout, *dir, *seeds); err != nil {
		fmt.Fprintln(os.Stderr, "inside:", err)
		os.Exit(1)
	}
}

// trained returns the model of a configuration and a seed, and held-out text. It trains the model
// unless there is a run of it in dir.
func trained(ctx context.Context, dir, config string, seed int) (*generation.Generator, string, error) {
	dir = filepath.Join(dir, fmt.Sprintf("%s-%d", config, seed))
	s, err := training.Open(dir, true)
	if errors.Is(err, fs.ErrNotExist) || err != nil && !exists(dir) {
		if err = train(ctx, dir, config, seed); err == nil {
			s, err = training.Open(dir, true)
		}
	}
	if err != nil {
		return nil, "", err
	}
	corpus, err := data.Open(s.Config.Data, s.Config.Tokenizer, s.Tokenizer, data.Options{})
	if err != nil {
		return nil, "", err
	}
	defer corpus.Close()
	text, err := corpus.Text("valid", 0)
	if err != nil {
		return nil, "", err
	}
	g, err := s.Generator()
	return g, text, err
}

func exists(dir string) bool {
	_, err := os.Stat(dir)
	return err == nil
}

func train(ctx context.Context, dir, config string, seed int) error {
	c, err := training.Parse(filepath.Join("configs", config+".toml"), []string{fmt.Sprint("training.seed=", seed)})
	if err != nil {
		return err
	}
	run, err := training.New(c, dir, os.Stderr)
	if err != nil {
		return err
	}
	return errors.Join(run.Train(ctx), run.Close())
}

// summary writes the mean and the range of the values of the seeds, as "0.85 (0.80–0.91)".
func summary(values []float64) string {
	sum := 0.0
	for _, v := range values {
		sum += v / float64(len(values))
	}
	return fmt.Sprintf("%.2f (%.2f–%.2f)", sum, slices.Min(values), slices.Max(values))
}

// lossesOf returns the loss of each letter of lines from those before it, in nats, in rows of f.T. Letter
// i of a line has entry i−1.
func lossesOf(g *generation.Generator, lines [][]int) (all []float32, f graph.Frame, err error) {
	f.B = len(lines)
	for _, tokens := range lines {
		f.T = max(f.T, len(tokens))
	}
	var feed graph.Feed
	for _, tokens := range lines {
		padding := slices.Repeat([]int{-1}, f.T-len(tokens))
		feed.Tokens = slices.Concat(feed.Tokens, tokens, padding)
		feed.Targets = slices.Concat(feed.Targets, tokens[1:], padding, []int{-1})
	}
	p, err := models.Score(g.Model, g.Weights, f)
	if err != nil {
		return nil, f, err
	}
	err = p.Run(feed)
	return p.Value("losses"), f, err
}
