package browser

import (
	"fmt"
	"math"
	"slices"

	"euryale/internal/runfile"
	"euryale/layers/graph"
)

// group is how many consecutive values of a matrix share a scale, as in llama.cpp's and llama2.c's
// eight-bit formats. With it a value takes 8.5 bits.
const group = 64

// scaleSuffix ends the name of the tensor of a matrix's scales.
const scaleSuffix = ".scale"

// quantized returns a matrix in eight bits and its scales: x ≈ q · scale, where the largest |q| of a group
// is 127.
func quantized(p *graph.Param) []runfile.Tensor {
	x := p.Float32()
	q, scales := make([]int8, len(x)), make([]float32, 0, len(x)/group+1)
	for at := 0; at < len(x); at += group {
		end, most := min(at+group, len(x)), float32(0)
		for _, v := range x[at:end] {
			most = max(most, v, -v)
		}
		scale := most / 127
		scales = append(scales, scale)
		for i := at; i < end && scale > 0; i++ {
			q[i] = int8(math.RoundToEven(float64(x[i] / scale)))
		}
	}
	return []runfile.Tensor{{Name: p.Path, Shape: p.Shape, Data: q}, {Name: p.Path + scaleSuffix, Shape: []int{len(scales)}, Data: scales}}
}

// valuesOf returns the values of a parameter from the tensors of a file, in which it is float32 or quantized.
func valuesOf(p *graph.Param, file map[string]runfile.Tensor) ([]float32, error) {
	t, ok := file[p.Path]
	if !ok {
		return nil, fmt.Errorf("%s is missing", p.Path)
	}
	if !slices.Equal(t.Shape, p.Shape) {
		return nil, fmt.Errorf("%s is %v, want %v", p.Path, t.Shape, p.Shape)
	}
	switch x := t.Data.(type) {
	case []float32:
		return x, nil
	case []int8:
		scales, _ := file[p.Path+scaleSuffix].Data.([]float32)
		if want := (len(x) + group - 1) / group; len(scales) != want {
			return nil, fmt.Errorf("%s has %d scales, want %d", p.Path, len(scales), want)
		}
		values := make([]float32, len(x))
		for i, q := range x {
			values[i] = float32(q) * scales[i/group]
		}
		return values, nil
	}
	return nil, fmt.Errorf("%s holds %T, want float32 or int8", p.Path, t.Data)
}
