package stock

import (
	"fmt"
	"math"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// reduce applies f to the elements along the axes, for each place in the others.
func reduce(shape tensor.Shape, along []int, f func([]float64) float64) func(x [][]float64) []float64 {
	return func(x [][]float64) (y []float64) {
		groups := map[int][]float64{}
		for i, v := range x[0] {
			rest, at := i, 0
			place := make([]int, len(shape))
			for a := len(shape) - 1; a >= 0; a-- {
				place[a], rest = rest%shape[a], rest/shape[a]
			}
			for a := range shape {
				if !slices.Contains(along, a) {
					at = at*shape[a] + place[a]
				}
			}
			groups[at] = append(groups[at], v)
		}
		for i := range len(groups) {
			y = append(y, f(groups[i]))
		}
		return y
	}
}

func sum(x []float64) (s float64) {
	for _, v := range x {
		s += v
	}
	return s
}

func mean(x []float64) float64 { return sum(x) / float64(len(x)) }

func powers(x []float64, p float64) (s float64) {
	for _, v := range x {
		s += math.Pow(math.Abs(v), p)
	}
	return s
}

func logSumExp(x []float64) (s float64) {
	top := slices.Max(x)
	for _, v := range x {
		s += math.Exp(v - top)
	}
	return math.Log(s) + top
}

func reductions() (ts []*trial) {
	type of struct {
		shape tensor.Shape
		along []int
	}
	ofs := []of{
		{small, []int{0}}, {small, []int{1}}, {wide, []int{0}}, {wide, []int{1}}, {tall, []int{0}}, {tall, []int{1}}, {small, []int{0, 1}}, {wide, []int{0, 1}},
		{tensor.Shape{1, 5}, []int{0}}, {tensor.Shape{5, 1}, []int{1}}, {tensor.Shape{1, 1}, []int{0}}, {tensor.Shape{1, 1}, []int{0, 1}}, {tensor.Shape{300}, []int{0}},
		{tensor.Shape{2, 3, 4}, []int{0}}, {tensor.Shape{2, 3, 4}, []int{1}}, {tensor.Shape{2, 3, 4}, []int{2}}, {tensor.Shape{2, 3, 4}, []int{1, 2}},
		{tensor.Shape{2, 3, 4}, []int{0, 2}}, {tensor.Shape{2, 3, 4}, []int{0, 1}}, {tensor.Shape{2, 3, 4}, []int{0, 1, 2}},
		{tensor.Shape{2, 3, 4, 2}, []int{1, 3}},
	}
	for _, f := range []struct {
		name string
		f    func(a *G.Node, along ...int) (*G.Node, error)
		ref  func([]float64) float64
	}{{"Sum", G.Sum, sum}, {"Mean", G.Mean, mean}, {"Max", G.Max, slices.Max[[]float64]}} {
		for _, o := range ofs {
			ts = append(ts, &trial{op: f.name, what: fmt.Sprint(o.shape, " along ", o.along), args: args(o.shape),
				build: func(x G.Nodes) (G.Nodes, error) { return one(f.f(x[0], o.along...)) }, ref: reduce(o.shape, o.along, f.ref)})
		}
		ts = append(ts, &trial{op: f.name, what: "all of (3, 300)", args: args(wide), build: func(x G.Nodes) (G.Nodes, error) { return one(f.f(x[0])) },
			ref: reduce(wide, []int{0, 1}, f.ref)},
			&trial{op: "KeepDims", what: f.name + " of columns", args: args(wide), build: func(x G.Nodes) (G.Nodes, error) {
				return one(G.KeepDims(x[0], false, func(a *G.Node) (*G.Node, error) { return f.f(a, 1) }))
			}, ref: reduce(wide, []int{1}, f.ref)})
	}
	for _, o := range []of{{wide, []int{1}}, {tall, []int{0}}, {tensor.Shape{1, 5}, []int{0}}, {tensor.Shape{300}, []int{0}}, {tensor.Shape{2, 3, 4}, []int{1}}} {
		ts = append(ts, &trial{op: "LogSumExp", what: fmt.Sprint(o.shape, " along ", o.along), args: args(o.shape),
			build: func(x G.Nodes) (G.Nodes, error) { return one(G.LogSumExp(x[0], o.along[0])) }, ref: reduce(o.shape, o.along, logSumExp)})
		for _, p := range []int{1, 2, 3} {
			kinds := map[kind]string{signed: "", positive: ", of positive values"}
			for _, k := range []kind{signed, positive} {
				ts = append(ts, &trial{op: "Norm", what: fmt.Sprint(o.shape, " along ", o.along, " p=", p, kinds[k]), args: []arg{{shape: o.shape, kind: k}},
					build: func(x G.Nodes) (G.Nodes, error) { return one(G.Norm(x[0], o.along[0], p)) },
					ref: reduce(o.shape, o.along, func(x []float64) float64 {
						return math.Pow(powers(x, float64(p)), 1/float64(p))
					})})
			}
		}
	}
	return append(ts, softmaxes()...)
}

// normalised is softmax along an axis, or its logarithm.
func normalised(shape tensor.Shape, axis int, log bool) func(x [][]float64) []float64 {
	return func(x [][]float64) []float64 {
		lse := reduce(shape, []int{axis}, logSumExp)(x)
		inner := 1
		for _, s := range shape[axis+1:] {
			inner *= s
		}
		y := make([]float64, len(x[0]))
		for i, v := range x[0] {
			y[i] = v - lse[i/(inner*shape[axis])*inner+i%inner]
			if !log {
				y[i] = math.Exp(y[i])
			}
		}
		return y
	}
}

func softmaxes() (ts []*trial) {
	for _, f := range []struct {
		name string
		f    func(x *G.Node, axes ...int) (*G.Node, error)
		log  bool
	}{{"SoftMax", G.SoftMax, false}, {"LogSoftMax", G.LogSoftMax, true}} {
		for _, s := range []tensor.Shape{small, wide, tall, {4}, {1, 5}, {5, 1}, {2, 3, 4}} {
			ts = append(ts, &trial{op: f.name, what: fmt.Sprint(s), args: args(s), build: func(x G.Nodes) (G.Nodes, error) { return one(f.f(x[0])) },
				ref: normalised(s, len(s)-1, f.log)})
			for a := range s {
				ts = append(ts, &trial{op: f.name, what: fmt.Sprint(s, " along ", a), args: args(s), build: func(x G.Nodes) (G.Nodes, error) { return one(f.f(x[0], a)) },
					ref: normalised(s, a, f.log)})
			}
		}
		for k, what := range map[kind]string{far: "rows far apart", leading: "a large first column"} {
			for _, a := range []int{-1, 1, 0} {
				axis := max(a, 1)
				if a == 0 {
					axis = 0
				}
				ts = append(ts, &trial{op: f.name, what: fmt.Sprint(what, ", along ", a), args: []arg{{shape: small, kind: k}}, plain: true,
					build: func(x G.Nodes) (G.Nodes, error) {
						if a < 0 {
							return one(f.f(x[0]))
						}
						return one(f.f(x[0], a))
					},
					ref: normalised(small, axis, f.log)})
			}
		}
	}
	both := func(x [][]float64) []float64 {
		return append(normalised(small, 1, false)(x), normalised(small, 1, true)(x)...)
	}
	return append(ts,
		&trial{op: "LogSoftMax", what: "and SoftMax of one value", args: args(small), build: func(x G.Nodes) (G.Nodes, error) {
			p, err := G.SoftMax(x[0])
			if err != nil {
				return nil, err
			}
			l, err := G.LogSoftMax(x[0])
			return G.Nodes{p, l}, err
		}, ref: both},
		&trial{op: "Log", what: "of SoftMax", args: args(small), build: func(x G.Nodes) (G.Nodes, error) {
			p, err := G.SoftMax(x[0])
			if err != nil {
				return nil, err
			}
			l, err := G.Log(p)
			return G.Nodes{p, l}, err
		}, ref: both})
}
