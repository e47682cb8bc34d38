package rundir

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"euryale/internal/runfile"
	"euryale/layers/graph"
)

// formatVersion is what the metadata of weights and states say of their layout.
const formatVersion = "1"

// Tensor is a named array of float32 in row-major order.
type Tensor struct {
	Name   string
	Shape  []int
	Values []float32
}

func (t Tensor) file() runfile.Tensor {
	return runfile.Tensor{Name: t.Name, Shape: t.Shape, Data: t.Values}
}

// SaveWeights writes the weights of the model called model, named by their paths.
func SaveWeights(path string, w *graph.Weights, model string) error {
	var ts []runfile.Tensor
	for _, p := range w.All() {
		ts = append(ts, runfile.Tensor{Name: p.Path, Shape: p.Shape, Data: p.Float32()})
	}
	return runfile.SaveTensors(path, ts, map[string]string{"format": "euryale-weights", "version": formatVersion, "model": model})
}

// LoadWeights reads weights that must be exactly the given parameters, in their order. It
// compares all shapes before it reads a value: see CheckShapes. The values are the file itself,
// mapped into memory where the machine can do that: changes of them are not written to it.
func LoadWeights(path string, params []*graph.Param) (*graph.Weights, error) {
	shapes, err := runfile.Shapes(path)
	if err != nil {
		return nil, err
	}
	if err := CheckShapes(path, params, shapes); err != nil {
		return nil, err
	}
	ts, _, err := runfile.MapTensors(path)
	if err != nil {
		return nil, err
	}
	return weightsOf(path, params, ts)
}

// CheckShapes compares the shapes of a file's tensors, by name, with a model's parameters.
// The error names every tensor that is missing, left over or of another shape.
func CheckShapes(path string, params []*graph.Param, have map[string][]int) error {
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

// weightsOf returns the parameters whose values the tensors of a file hold.
func weightsOf(path string, params []*graph.Param, ts []runfile.Tensor) (*graph.Weights, error) {
	file, shapes := map[string]any{}, map[string][]int{}
	for _, t := range ts {
		file[t.Name], shapes[t.Name] = t.Data, t.Shape
	}
	if err := CheckShapes(path, params, shapes); err != nil {
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
