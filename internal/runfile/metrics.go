package runfile

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
)

// Record is one report of a run: a line of metrics.jsonl.
type Record struct {
	Step   int
	Values map[string]float64 // by name: loss, val_loss, lr, …; "step" is reserved
}

// maxRecord is the longest line ReadMetrics accepts, in bytes.
const maxRecord = 1 << 20

// MarshalJSON returns an object of step, then the values sorted by name. NaN and infinities, which
// JSON cannot express, become null.
func (r Record) MarshalJSON() ([]byte, error) {
	b := fmt.Appendf(nil, `{"step":%d`, r.Step)
	for _, name := range slices.Sorted(maps.Keys(r.Values)) {
		if name == "step" {
			return nil, errors.New(`a value cannot be named "step"`)
		}
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		b = append(append(append(b, ','), key...), ':')
		if v := r.Values[name]; math.IsNaN(v) || math.IsInf(v, 0) {
			b = append(b, "null"...)
		} else {
			b = strconv.AppendFloat(b, v, 'g', -1, 64)
		}
	}
	return append(b, '}'), nil
}

// UnmarshalJSON parses the output of MarshalJSON; null becomes NaN.
func (r *Record) UnmarshalJSON(line []byte) error {
	var all map[string]*float64
	if err := json.Unmarshal(line, &all); err != nil {
		return err
	}
	step := all["step"]
	if step == nil || *step != math.Trunc(*step) || math.Abs(*step) > 1<<53 {
		return errors.New(`"step" is not a whole number`)
	}
	delete(all, "step")
	*r = Record{Step: int(*step), Values: make(map[string]float64, len(all))}
	for name, v := range all {
		if v == nil {
			r.Values[name] = math.NaN()
		} else {
			r.Values[name] = *v
		}
	}
	return nil
}

// Metrics appends reports to a metrics.jsonl file.
type Metrics struct {
	f *os.File
}

// OpenMetrics opens or creates the file at path for a run that resumes after the given step. It
// removes the records of later steps, which the run will write again, and an incomplete last line
// after a crash. A new run starts after step −1.
func OpenMetrics(path string, step int) (*Metrics, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	keep, err := scanRecords(f, func(r Record) bool { return r.Step <= step })
	if err == nil {
		err = f.Truncate(keep)
	}
	if err == nil {
		_, err = f.Seek(keep, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("resume %s: %w", path, err)
	}
	return &Metrics{f}, nil
}

// Append writes a record as one line. When it returns, the line has been passed to the operating
// system, so that it survives the end of the process.
func (m *Metrics) Append(r Record) error {
	line, err := r.MarshalJSON()
	if err != nil {
		return fmt.Errorf("write %s: step %d: %w", m.f.Name(), r.Step, err)
	}
	_, err = m.f.Write(append(line, '\n'))
	return err
}

// Close syncs and closes the file.
func (m *Metrics) Close() error {
	return errors.Join(m.f.Sync(), m.f.Close())
}

// ReadMetrics reads the records of a metrics.jsonl file. It ignores an incomplete last line, which
// a crash may leave; any other line that is not a record is an error with the number of the line.
func ReadMetrics(path string) ([]Record, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var records []Record
	_, err = scanRecords(f, func(r Record) bool {
		records = append(records, r)
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return records, nil
}

// scanRecords reads complete lines until keep returns false, and returns the size in bytes of the
// lines before that.
func scanRecords(r io.Reader, keep func(Record) bool) (size int64, err error) {
	lines := bufio.NewReaderSize(r, maxRecord)
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		switch {
		case err == io.EOF: // the rest is incomplete
			return size, nil
		case errors.Is(err, bufio.ErrBufferFull):
			return size, fmt.Errorf("line %d: longer than %d bytes: not a record", n, maxRecord)
		case err != nil:
			return size, err
		}
		var rec Record
		if err := json.Unmarshal(bytes.TrimSpace(line), &rec); err != nil {
			return size, fmt.Errorf("line %d: %w", n, err)
		}
		if !keep(rec) {
			return size, nil
		}
		size += int64(len(line))
	}
}
