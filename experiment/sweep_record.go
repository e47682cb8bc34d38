package experiment

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"euryale/internal/runfile"
	"euryale/training"
)

// Result is what is recorded of a finished run.
type Result struct {
	Done        bool    `json:"done"`
	Loss        float64 `json:"nll_per_token"`           // of the best weights over the whole validation text
	BitsPerByte float64 `json:"bits_per_byte,omitempty"` // the same; 0 of masked text
	Steps       int     `json:"steps"`
	Seconds     float64 `json:"seconds"`
	Text        string  `json:"text"`   // hash of the validation text
	Tokens      string  `json:"tokens"` // hash of its tokens
}

// recordName is the file in a sweep's directory that says which runs it has, and which are
// finished.
const recordName = "sweep.json"

// recorded is a run in the file.
type recorded struct {
	Name   string `json:"name"`
	Config string `json:"config"` // as configured, in TOML
	Result
}

// record is the file of a sweep.
type record struct {
	path string
	runs []recorded
}

// openRecord reads the results of runs that are finished. A directory of another sweep, in which
// runs of the same names have other configurations, is an error.
func openRecord(o SweepOptions, points []*Point) (*record, error) {
	r := &record{path: filepath.Join(o.Dir, recordName)}
	raw, err := os.ReadFile(r.path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		if others, _ := filepath.Glob(filepath.Join(o.Dir, "[^.]*")); len(others) > 0 {
			return nil, fmt.Errorf("%s is no sweep's: it has no %s, and is not empty; choose another directory", o.Dir, recordName)
		}
	case err != nil:
		return nil, err
	default:
		if err := json.Unmarshal(raw, &r.runs); err != nil {
			return nil, fmt.Errorf("%s: %w", r.path, err)
		}
	}
	for _, p := range points {
		for _, run := range p.Runs {
			i := r.find(run.Name)
			if i < 0 {
				r.runs = append(r.runs, recorded{Name: run.Name, Config: run.config.String()})
				continue
			}
			if err := sameConfig(r.runs[i].Config, run.config); err != nil {
				return nil, fmt.Errorf("%s was begun with another configuration: %w; choose another directory", run.Dir, err)
			}
			run.Result = r.runs[i].Result
		}
	}
	return r, r.save(points)
}

func (r *record) find(name string) int {
	return slices.IndexFunc(r.runs, func(x recorded) bool { return x.Name == name })
}

// sameConfig names the first key that differs.
func sameConfig(was string, c training.Config) error {
	if was == c.String() {
		return nil
	}
	before, err := training.ParseText(was)
	if err != nil {
		return err
	}
	a, err := before.Values()
	if err != nil {
		return err
	}
	b, err := c.Values()
	if err != nil {
		return err
	}
	for _, key := range keysOf(a, b) {
		if shown(a[key]) != shown(b[key]) {
			return fmt.Errorf("%s was %s, and is %s", key, shown(a[key]), shown(b[key]))
		}
	}
	return nil
}

// save writes the file.
func (r *record) save(points []*Point) error {
	for _, p := range points {
		for _, run := range p.Runs {
			if run.Done {
				r.runs[r.find(run.Name)].Result = run.Result
			}
		}
	}
	return runfile.WriteAtomic(r.path, func(w io.Writer) error {
		j := json.NewEncoder(w)
		j.SetIndent("", " ")
		j.SetEscapeHTML(false)
		return j.Encode(r.runs)
	})
}
