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
	machine        cli.Machine
}

// declare adds the flags that name the model.
func (m *model) declare(f *cli.Flags) {
	f.StringVar(&m.run, "run", "", "`DIR` run directory (the newest in runs)")
	f.BoolVar(&m.last, "last", false, "use the last weights instead of the best")
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
	if s, err = training.Open(m.run, m.last); err != nil {
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
	s.Weights.ReadOnly()
	s.Weights.Hold() // one layout for all texts
	return s, g, s.Weights.Release, nil
}

// fingerprint returns a hash of what texts follow from in the run: configuration, tokenizer and weights.
func (m *model) fingerprint() (string, error) {
	weights := rundir.BestWeights(m.run)
	if m.last {
		weights = filepath.Join(m.run, rundir.Weights)
	}
	hash := sha256.New()
	for _, path := range []string{filepath.Join(m.run, rundir.Config), filepath.Join(m.run, rundir.Tokenizer), weights} {
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
