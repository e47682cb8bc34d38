package training

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"euryale/internal/runfile"
)

// Record is a report: what metrics.jsonl and TensorBoard hold of a step.
type Record struct {
	Step
	ValLoss *float64 // nil unless the step was evaluated
	Seconds float64  // since the run began, all sittings together
}

func (r *Run) record(s Step) Record { return Record{Step: s, Seconds: r.elapsed().Seconds()} }

func (r Record) values() map[string]float64 {
	v := map[string]float64{"tokens": float64(r.Tokens), "loss": r.Loss, "lr": r.LR, "grad_norm": r.GradNorm,
		"tokens_per_s": r.PerSecond, "seconds": r.Seconds}
	for _, l := range r.Added {
		v["loss/"+l.Name] = l.Value
	}
	if r.ValLoss != nil {
		v["val_loss"] = *r.ValLoss
	}
	return v
}

// files are what a run leaves behind beside its weights.
type files struct {
	dir          string
	metrics      *runfile.Metrics
	events       *runfile.Events
	train, valid []runfile.Point
	samples      bytes.Buffer
	warned       bool
}

// openFiles opens the files of a run that has made some steps. What an earlier sitting
// wrote of later steps is dropped.
func openFiles(dir string, step int) (f *files, err error) {
	if err := runfile.Sweep(dir); err != nil {
		return nil, err
	}
	f = &files{dir: dir}
	if f.metrics, err = runfile.OpenMetrics(filepath.Join(dir, "metrics.jsonl"), step); err != nil {
		return nil, err
	}
	if f.events, err = runfile.NewEvents(dir, step); err != nil {
		return nil, err
	}
	records, err := runfile.ReadMetrics(filepath.Join(dir, "metrics.jsonl"))
	if err != nil {
		return nil, err
	}
	for _, r := range records {
		f.points(r.Step, r.Values)
	}
	return f, f.readSamples(step)
}

func (f *files) points(step int, values map[string]float64) {
	f.train = append(f.train, runfile.Point{Step: step, Loss: values["loss"]})
	if v, ok := values["val_loss"]; ok {
		f.valid = append(f.valid, runfile.Point{Step: step, Loss: v})
	}
}

func (f *files) close() error { return errors.Join(f.metrics.Close(), f.events.Close()) }

// report appends a record to the run's files, and draws the loss curve when the step was
// evaluated.
func (r *Run) report(rec Record) error {
	f := r.files
	if f == nil {
		return nil
	}
	values := rec.values()
	f.points(rec.N, values)
	if err := f.metrics.Append(runfile.Record{Step: rec.N, Values: values}); err != nil {
		return err
	}
	if err := f.events.Scalars(rec.N, values); err != nil {
		return err
	}
	if rec.ValLoss == nil {
		return nil
	}
	warning, err := runfile.Curve(r.Dir, filepath.Base(r.Dir), f.train, f.valid)
	if warning != "" && !f.warned && r.Watch.Message != nil {
		f.warned = true
		r.Watch.Message(warning)
	}
	return err
}

// heading begins a sample in samples.txt.
var heading = regexp.MustCompile(`(?m)^=== step (\d+), .*$`)

// readSamples keeps the samples of steps up to step.
func (f *files) readSamples(step int) error {
	raw, err := os.ReadFile(filepath.Join(f.dir, "samples.txt"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	end := len(raw)
	for _, at := range heading.FindAllSubmatchIndex(raw, -1) {
		if n, err := strconv.Atoi(string(raw[at[2]:at[3]])); err == nil && n > step {
			end = at[0]
			break
		}
	}
	f.samples.Write(raw[:end])
	return nil
}

// addSample appends a sample to samples.txt.
func (f *files) addSample(step int, loss float64, text string) error {
	fmt.Fprintf(&f.samples, "=== step %d, validation loss %.4f\n%s\n\n", step, loss, strings.TrimRight(text, "\n"))
	return runfile.WriteAtomic(filepath.Join(f.dir, "samples.txt"), func(w io.Writer) error {
		_, err := w.Write(f.samples.Bytes())
		return err
	})
}
