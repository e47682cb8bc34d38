package interchange

import (
	"fmt"
	"slices"

	"euryale/layers/graph"
	"euryale/models"
)

// part says where a tensor of a file is in a parameter of this project: in its columns from col
// on.
type part struct {
	name  string // of the tensor
	shape []int
	col   int
	// turned: the tensor is (out, in), as torch.nn.Linear has it, and the parameter (in, out).
	turned bool
	// halves, if not 0, is the number of rows of a head whose first half rotary positions pair
	// with its second: row i with row i+halves/2, as in Hugging Face's transformers. Here, as in
	// the paper and in llama2.c, they pair neighbours, so that row i goes to column 2i, and row
	// i+halves/2 to column 2i+1. Scores are sums over a head's columns: changing the order of
	// those of queries and of keys alike changes nothing.
	halves int
}

// column returns the column, from col on, where row r of a turned tensor goes.
func (p part) column(r int) int {
	if p.halves == 0 {
		return p.col + r
	}
	head, i, half := r-r%p.halves, r%p.halves, p.halves/2
	return p.col + head + 2*(i%half) + i/half
}

// size returns the rows and columns of the tensor; one column for a vector.
func (p part) size() (rows, cols int) {
	if len(p.shape) == 1 {
		return p.shape[0], 1
	}
	return p.shape[0], p.shape[1]
}

// each calls f with the place of every value of the tensor, and its place in a parameter with ld
// columns.
func (p part) each(ld int, f func(tensor, param int)) {
	rows, cols := p.size()
	for r := range rows {
		switch col := p.column(r); {
		case p.turned || len(p.shape) == 1: // a bias has the order of its matrix's columns
			for c := range cols {
				f(r*cols+c, c*ld+col)
			}
		default:
			for c := range cols {
				f(r*cols+c, r*ld+p.col+c)
			}
		}
	}
}

// layout returns the tensors of a file that make up the parameter at path. A parameter without
// tensors is zero.
type layout func(path string) []part

// source has the tensors of a model's files, by name.
type source map[string]tensor

// tensor is one of them. Values are read when they are needed.
type tensor struct {
	shape []int
	dtype string // as in safetensors
	read  func() ([]float32, error)
}

// values returns the parameter p.
func (l layout) values(p *graph.Param, from source) ([]float32, error) {
	v := make([]float32, p.Size())
	for _, part := range l(p.Path) {
		t, err := from[part.name].read()
		if err != nil {
			return nil, err
		}
		part.each(p.Shape[len(p.Shape)-1], func(tensor, param int) { v[param] = t[tensor] })
	}
	return v, nil
}

// tensors returns the tensors that the values v of p are written as, in the order of the layout.
func (l layout) tensors(p *graph.Param, v []float32) ([][]float32, error) {
	parts := l(p.Path)
	if len(parts) == 0 && slices.ContainsFunc(v, func(x float32) bool { return x != 0 }) {
		return nil, fmt.Errorf("the format has no place for %s, which is not zero", p.Path)
	}
	ts := make([][]float32, len(parts))
	for i, part := range parts {
		rows, cols := part.size()
		ts[i] = make([]float32, rows*cols)
		part.each(p.Shape[len(p.Shape)-1], func(tensor, param int) { ts[i][tensor] = v[param] })
	}
	return ts, nil
}

// parameters lists the parameters of m, which a file with so many tensors describes: each block has
// one at least.
func parameters(m models.Model, blocks, tensors int) ([]*graph.Param, error) {
	if blocks > tensors { // before a graph of so many is built
		return nil, fmt.Errorf("config.json says %d layers, and the file has %d tensors", blocks, tensors)
	}
	return models.Parameters(m)
}
