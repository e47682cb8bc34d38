package command

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"euryale/generation"
	"euryale/internal/cli"
	"euryale/training"
	"euryale/training/rundir"
)

// model holds the flags that name a trained model and say how to compute with it.
type model struct {
	run, precision string
	last           bool
	ensemble       cli.List // runs whose probabilities are averaged with the run's
	machine        cli.Machine
}

// declare adds the flags that name the model.
func (m *model) declare(f *cli.Flags) {
	f.StringVar(&m.run, "run", "", "`DIR` run directory (the newest in runs)")
	f.BoolVar(&m.last, "last", false, "use the last weights instead of the best")
}

// declareEnsemble adds the flag of an ensemble.
func (m *model) declareEnsemble(f *cli.Flags) {
	f.Var(&m.ensemble, "ensemble", "`RUNS…` predict by the mean of their probabilities and the run's")
	f.Several("ensemble")
}

// declareMachine adds the flags that say how to compute.
func (m *model) declareMachine(f *cli.Flags) {
	m.machine.Declare(f)
	f.StringVar(&m.precision, "precision", "", "`NAME` precision of products: highest, high, medium or int8 (as trained)")
}

// open opens the run. The caller calls release when it has finished with it.
func (m *model) open(stderr io.Writer) (s *training.Saved, g *generation.Generator, release func(), err error) {
	if m.run == "" {
		if m.run, err = training.Newest("runs"); err != nil {
			return nil, nil, nil, err
		}
	}
	if s, err = m.openRuns(); err != nil {
		return nil, nil, nil, err
	}
	if err := m.machine.Use(stderr); err != nil {
		return nil, nil, nil, err
	}
	if m.precision == "" {
		m.precision = s.Config.Training.Precision
	}
	if err := cli.Precision(stderr, m.precision); err != nil {
		return nil, nil, nil, err
	}
	if g, err = s.Generator(); err != nil {
		return nil, nil, nil, err
	}
	held := append([]*training.Saved{s}, s.Ensemble...)
	for _, h := range held {
		h.Weights.ReadOnly()
		h.Weights.Hold() // one layout for all texts
	}
	return s, g, func() {
		for _, h := range held {
			h.Weights.Release()
		}
	}, nil
}

// openRuns opens the run, and those of its ensemble.
func (m *model) openRuns() (*training.Saved, error) {
	for _, other := range m.ensemble {
		if err := training.CheckEnsemble(m.run, other); err != nil {
			return nil, err
		}
	}
	s, err := training.Open(m.run, m.last)
	if err != nil {
		return nil, err
	}
	for _, dir := range m.ensemble {
		other, err := training.Open(dir, m.last)
		if err != nil {
			return nil, err
		}
		s.Ensemble = append(s.Ensemble, other)
	}
	return s, nil
}

// fingerprint returns a hash of what texts follow from in the runs: configuration, tokenizer and weights.
func (m *model) fingerprint() (string, error) {
	var paths []string
	for _, dir := range append([]string{m.run}, m.ensemble...) {
		weights := rundir.BestWeights(dir)
		if m.last {
			weights = filepath.Join(dir, rundir.Weights)
		}
		paths = append(paths, filepath.Join(dir, rundir.Config), filepath.Join(dir, rundir.Tokenizer), weights)
	}
	hash := sha256.New()
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return "", err
		}
		_, err = io.Copy(hash, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// printJSON writes v as one line of JSON.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// tell writes a note about a file that was read, if there is one.
func tell(w io.Writer, note string) {
	if note != "" {
		fmt.Fprintf(w, "note: %s\n", note)
	}
}
