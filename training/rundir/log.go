package rundir

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

// Log writes what happens in a run: metrics, TensorBoard events, the loss curve and
// samples.
type Log struct {
	dir          string
	metrics      *runfile.Metrics
	events       *runfile.Events
	train, valid []runfile.Point
	samples      bytes.Buffer
	warned       bool
}

// OpenLog opens the files of the run in dir after the given number of updates. It drops
// what they hold of later updates.
func OpenLog(dir string, step int) (l *Log, err error) {
	if err := runfile.Sweep(dir); err != nil {
		return nil, err
	}
	l = &Log{dir: dir}
	path := filepath.Join(dir, metrics)
	if l.metrics, err = runfile.OpenMetrics(path, step); err != nil {
		return nil, err
	}
	if l.events, err = runfile.NewEvents(dir, step); err != nil {
		return nil, errors.Join(err, l.metrics.Close())
	}
	records, err := runfile.ReadMetrics(path)
	for _, r := range records {
		l.addPoints(r.Step, r.Values)
	}
	if err = errors.Join(err, l.readSamples(step)); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Close closes the files.
func (l *Log) Close() error { return errors.Join(l.metrics.Close(), l.events.Close()) }

// Append appends the values of an update. With "val_loss" among them it draws the loss
// curve of "loss" and "val_loss" too. The warning, if not empty, is given once: why the
// curve is not drawn as it should be.
func (l *Log) Append(step int, values map[string]float64) (warning string, err error) {
	l.addPoints(step, values)
	if err := l.metrics.Append(runfile.Record{Step: step, Values: values}); err != nil {
		return "", err
	}
	if err := l.events.Scalars(step, values); err != nil {
		return "", err
	}
	if _, evaluated := values["val_loss"]; !evaluated || len(l.train) == 0 {
		return "", nil
	}
	warning, err = runfile.Curve(l.dir, filepath.Base(l.dir), l.train, l.valid)
	if l.warned {
		warning = ""
	}
	l.warned = l.warned || warning != ""
	return warning, err
}

// ReadMetrics returns the values that were appended to the log of the run in dir.
func ReadMetrics(dir string) ([]runfile.Record, error) {
	return runfile.ReadMetrics(filepath.Join(dir, metrics))
}

// addPoints adds an update to the loss curve.
func (l *Log) addPoints(step int, values map[string]float64) {
	if v, ok := values["loss"]; ok {
		l.train = append(l.train, runfile.Point{Step: step, Loss: v})
	}
	if v, ok := values["val_loss"]; ok {
		l.valid = append(l.valid, runfile.Point{Step: step, Loss: v})
	}
}

// heading is the first line of a sample in samples.txt.
var heading = regexp.MustCompile(`(?m)^=== step (\d+), .*$`)

// readSamples reads the samples of updates up to step.
func (l *Log) readSamples(step int) error {
	raw, err := os.ReadFile(filepath.Join(l.dir, samples))
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
	l.samples.Write(raw[:end])
	return nil
}

// AddSample appends a generated text to samples.txt.
func (l *Log) AddSample(step int, loss float64, text string) error {
	fmt.Fprintf(&l.samples, "=== step %d, validation loss %.4f\n%s\n\n", step, loss, strings.TrimRight(text, "\n"))
	return runfile.WriteAtomic(filepath.Join(l.dir, samples), func(w io.Writer) error {
		_, err := w.Write(l.samples.Bytes())
		return err
	})
}
