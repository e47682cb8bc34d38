package rundir

import (
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"euryale/internal/runfile"
	"euryale/layers/graph"
)

// Checkpoint is all that a run needs to resume as if it had never stopped.
type Checkpoint struct {
	Model     string
	Seed      uint64
	Step      int           // updates made
	Tokens    int           // trained on
	Elapsed   time.Duration // time spent training
	Best      float64       // lowest validation loss, or the lowest of minus the measure that training.best_by names
	Progress  string        // what else training continues from; empty: nothing
	Weights   *graph.Weights
	Optimizer []Tensor                     // state of the optimizer
	Late      []runfile.Tensor             // more of it, which Save reads when it writes it
	Carried   map[int]map[string][]float32 // recurrent states by shard, then by path
}

// Save writes the checkpoint of the run in dir. It includes the weights, so that weights
// and optimizer state are of the same step even if the process dies between two files.
func (c *Checkpoint) Save(dir string) error {
	var ts []runfile.Tensor
	for _, p := range c.Weights.All() {
		ts = append(ts, runfile.Tensor{Name: "weights/" + p.Path, Shape: p.Shape, Data: p.Float32()})
	}
	for _, t := range c.Optimizer {
		ts = append(ts, t.file())
	}
	ts = append(ts, c.Late...)
	for shard, states := range c.Carried {
		for path, v := range states {
			ts = append(ts, runfile.Tensor{Name: fmt.Sprintf("carried/%d/%s", shard, path), Shape: []int{len(v)}, Data: v})
		}
	}
	meta := map[string]string{
		"format": "euryale-state", "version": formatVersion, "model": c.Model,
		"step": strconv.Itoa(c.Step), "tokens": strconv.Itoa(c.Tokens), "seed": strconv.FormatUint(c.Seed, 10),
		"seconds": strconv.FormatFloat(c.Elapsed.Seconds(), 'g', -1, 64), "best": strconv.FormatFloat(c.Best, 'g', -1, 64),
	}
	if c.Progress != "" {
		meta["progress"] = c.Progress
	}
	return runfile.SaveTensors(filepath.Join(dir, State), ts, meta)
}

// LoadCheckpoint reads the checkpoint of the run in dir, whose model has exactly the given
// parameters. Model and Seed stay empty: the configuration has them.
func LoadCheckpoint(dir string, params []*graph.Param) (*Checkpoint, error) {
	path := filepath.Join(dir, State)
	ts, meta, err := runfile.LoadTensors(path)
	if err != nil {
		return nil, err
	}
	if meta["format"] != "euryale-state" || meta["version"] != formatVersion {
		return nil, fmt.Errorf("%s is not the state of a run (format %q, version %q)", path, meta["format"], meta["version"])
	}
	c := &Checkpoint{Progress: meta["progress"], Carried: map[int]map[string][]float32{}}
	var weights []runfile.Tensor
	for _, t := range ts {
		part, name, _ := strings.Cut(t.Name, "/")
		values, _ := t.Data.([]float32) // of another type: who takes it misses its values
		switch part {
		case "weights":
			t.Name = name
			weights = append(weights, t)
		case "carried":
			c.addCarried(name, values)
		default:
			c.Optimizer = append(c.Optimizer, Tensor{t.Name, t.Shape, values})
		}
	}
	if c.Weights, err = weightsOf(path, params, weights); err != nil {
		return nil, err
	}
	return c, c.readCounts(path, meta)
}

// addCarried adds the recurrent state called "SHARD/PATH".
func (c *Checkpoint) addCarried(name string, values []float32) {
	number, path, _ := strings.Cut(name, "/")
	shard, err := strconv.Atoi(number)
	if err != nil {
		return // the memory that wants it names what is missing
	}
	if c.Carried[shard] == nil {
		c.Carried[shard] = map[string][]float32{}
	}
	c.Carried[shard][path] = values
}

func (c *Checkpoint) readCounts(path string, meta map[string]string) error {
	var seconds float64
	for key, read := range map[string]func(string) error{
		"step":    func(s string) (err error) { c.Step, err = strconv.Atoi(s); return err },
		"tokens":  func(s string) (err error) { c.Tokens, err = strconv.Atoi(s); return err },
		"seconds": func(s string) (err error) { seconds, err = strconv.ParseFloat(s, 64); return err },
		"best":    func(s string) (err error) { c.Best, err = strconv.ParseFloat(s, 64); return err },
	} {
		if err := read(meta[key]); err != nil {
			return fmt.Errorf("%s: %s is %q, want a number", path, key, meta[key])
		}
	}
	if c.Step < 0 || c.Tokens < 0 || math.IsNaN(c.Best) {
		return fmt.Errorf("%s: step %d, %d tokens, best loss %v: the file is damaged", path, c.Step, c.Tokens, c.Best)
	}
	c.Elapsed = time.Duration(seconds * float64(time.Second))
	return nil
}
