package training

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"euryale/internal/runfile"
	"euryale/layers/graph"
	"euryale/models"
)

// formatVersion is what the metadata of weights and states say of their layout.
const formatVersion = "1"

// Save writes the weights and all that is needed to go on. The state holds a copy of the
// weights, so that it is of one moment even if the process dies between the two files.
func (r *Run) Save() error {
	if r.Dir == "" {
		return nil
	}
	if p, ok := r.Config.Model.(models.Predictor); ok { // that is all there is
		return p.Save(filepath.Join(r.Dir, "weights.safetensors"))
	}
	if err := r.saveWeights("weights.safetensors"); err != nil {
		return err
	}
	var ts []runfile.Tensor
	for _, p := range r.optim.params {
		shape := r.Weights.Get(p.path).Shape
		ts = append(ts,
			runfile.Tensor{Name: "weights/" + p.path, Shape: shape, Data: p.w},
			runfile.Tensor{Name: "m/" + p.path, Shape: shape, Data: p.m},
			runfile.Tensor{Name: "v/" + p.path, Shape: shape, Data: p.v})
	}
	for i, m := range r.carried {
		if m == nil {
			continue
		}
		for path, v := range m.Carried() {
			ts = append(ts, runfile.Tensor{Name: fmt.Sprintf("carried/%d/%s", i, path), Shape: []int{len(v)}, Data: v})
		}
	}
	return runfile.SaveTensors(filepath.Join(r.Dir, "state.safetensors"), ts, map[string]string{
		"format": "euryale-state", "version": formatVersion, "model": r.Config.ModelName,
		"step": strconv.Itoa(r.step), "tokens": strconv.Itoa(r.tokens), "seed": strconv.FormatUint(r.Config.Training.Seed, 10),
		"seconds": strconv.FormatFloat(r.elapsed().Seconds(), 'g', -1, 64), "best": strconv.FormatFloat(r.best, 'g', -1, 64),
	})
}

func (r *Run) saveWeights(name string) error {
	if r.Dir == "" {
		return nil
	}
	return SaveWeights(filepath.Join(r.Dir, name), r.Weights, r.Config.ModelName)
}

// SaveWeights writes a model's weights, named by their paths.
func SaveWeights(path string, w *graph.Weights, model string) error {
	var ts []runfile.Tensor
	for _, p := range w.All() {
		ts = append(ts, runfile.Tensor{Name: p.Path, Shape: p.Shape, Data: p.Float32()})
	}
	return runfile.SaveTensors(path, ts, map[string]string{"format": "euryale-weights", "version": formatVersion, "model": model})
}

// LoadWeights reads weights that must be just those of the model: a parameter that is
// missing, left over or of another shape is an error, and all are named at once.
func LoadWeights(path string, m models.Model) (*graph.Weights, error) {
	shapes, err := runfile.Shapes(path)
	if err != nil {
		return nil, err
	}
	if err := checkShapes(path, m, shapes); err != nil {
		return nil, err
	}
	ts, _, err := runfile.LoadTensors(path)
	if err != nil {
		return nil, err
	}
	return weightsOf(path, m, ts)
}

// checkShapes compares the tensors of a file, by name, with the parameters of a model. All
// that are missing, left over or of another shape are named at once.
func checkShapes(path string, m models.Model, have map[string][]int) error {
	params, err := models.Parameters(m)
	if err != nil {
		return err
	}
	var wrong []string
	known := map[string]bool{}
	for _, p := range params {
		known[p.Path] = true
		switch shape, ok := have[p.Path]; {
		case !ok:
			wrong = append(wrong, p.Path+" is missing")
		case !slices.Equal(shape, p.Shape):
			wrong = append(wrong, fmt.Sprintf("%s is %v, want %v", p.Path, shape, p.Shape))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if !known[name] {
			wrong = append(wrong, name+" is not a parameter of the model")
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("%s does not hold this model's weights: %s", path, strings.Join(wrong, "; "))
	}
	return nil
}

// weightsOf are the weights of m that a file's tensors hold.
func weightsOf(path string, m models.Model, ts []runfile.Tensor) (*graph.Weights, error) {
	file, shapes := map[string]any{}, map[string][]int{}
	for _, t := range ts {
		file[t.Name], shapes[t.Name] = t.Data, t.Shape
	}
	if err := checkShapes(path, m, shapes); err != nil {
		return nil, err
	}
	params, err := models.Parameters(m)
	if err != nil {
		return nil, err
	}
	w := graph.NewWeights(0)
	for _, p := range params {
		v, isFloat := file[p.Path].([]float32)
		if !isFloat {
			return nil, fmt.Errorf("%s: %s holds numbers of %s, want float32", path, p.Path, strings.TrimPrefix(fmt.Sprintf("%T", file[p.Path]), "[]"))
		}
		if err := w.Add(p.Path, p.Shape, v); err != nil {
			return nil, err
		}
	}
	w.Freeze()
	return w, nil
}

// restore puts a run where its state file left it.
func (r *Run) restore(path string) error {
	ts, meta, err := runfile.LoadTensors(path)
	if err != nil {
		return err
	}
	if meta["format"] != "euryale-state" || meta["version"] != formatVersion {
		return fmt.Errorf("%s is no state of a run (format %q, version %q)", path, meta["format"], meta["version"])
	}
	parts := map[string][]runfile.Tensor{}
	for _, t := range ts {
		part, name, _ := strings.Cut(t.Name, "/")
		t.Name = name
		parts[part] = append(parts[part], t)
	}
	if r.Weights, err = weightsOf(path, r.Config.Model, parts["weights"]); err != nil {
		return err
	}
	r.prepare()
	if err := r.restoreMoments(path, parts); err != nil {
		return err
	}
	r.keepCarried(parts["carried"])
	return r.restoreCounts(path, meta)
}

func (r *Run) restoreMoments(path string, parts map[string][]runfile.Tensor) error {
	for part, into := range map[string]func(p *moments) []float32{
		"m": func(p *moments) []float32 { return p.m },
		"v": func(p *moments) []float32 { return p.v },
	} {
		file := map[string][]float32{}
		for _, t := range parts[part] {
			file[t.Name], _ = t.Data.([]float32)
		}
		for i := range r.optim.params {
			p := &r.optim.params[i]
			if len(file[p.path]) != len(p.w) {
				return fmt.Errorf("%s: %s/%s has %d values, want %d", path, part, p.path, len(file[p.path]), len(p.w))
			}
			copy(into(p), file[p.path])
		}
	}
	return nil
}

func (r *Run) restoreCounts(path string, meta map[string]string) error {
	var seconds float64
	for key, into := range map[string]func(string) error{
		"step":    func(s string) (err error) { r.step, err = strconv.Atoi(s); return err },
		"tokens":  func(s string) (err error) { r.tokens, err = strconv.Atoi(s); return err },
		"seconds": func(s string) (err error) { seconds, err = strconv.ParseFloat(s, 64); return err },
		"best":    func(s string) (err error) { r.best, err = strconv.ParseFloat(s, 64); return err },
	} {
		if err := into(meta[key]); err != nil {
			return fmt.Errorf("%s: %s is %q, want a number", path, key, meta[key])
		}
	}
	if r.step < 0 || r.tokens < 0 || math.IsNaN(r.best) {
		return fmt.Errorf("%s: step %d, %d tokens, best loss %v make no sense", path, r.step, r.tokens, r.best)
	}
	r.optim.steps = r.step
	r.before = time.Duration(seconds * float64(time.Second))
	return nil
}

// keepCarried keeps saved recurrent states until the graphs that carry them are built.
func (r *Run) keepCarried(ts []runfile.Tensor) {
	for _, t := range ts {
		number, path, _ := strings.Cut(t.Name, "/")
		i, err := strconv.Atoi(number)
		v, ok := t.Data.([]float32)
		if err != nil || !ok || i < 0 || i >= r.Config.Training.Shards {
			continue // restoreCarried names what is missing
		}
		for len(r.resumed) <= i {
			r.resumed = append(r.resumed, map[string][]float32{})
		}
		r.resumed[i][path] = v
	}
}

// restoreCarried gives a shard's memory the state it had when the run was saved.
func (r *Run) restoreCarried(i int) error {
	if i >= len(r.resumed) || r.resumed[i] == nil || i >= len(r.carried) {
		return nil
	}
	err := r.carried[i].Restore(r.resumed[i])
	r.resumed[i] = nil
	return err
}
