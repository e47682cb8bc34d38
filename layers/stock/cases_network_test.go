package stock

import (
	"fmt"
	"math"
	"slices"
	"sort"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// standardised is x with mean 0 and variance 1 over each group that of gives the element.
func standardised(x []float64, of func(i int) int, eps float64) []float64 {
	groups := map[int][]float64{}
	for i, v := range x {
		groups[of(i)] = append(groups[of(i)], v)
	}
	y := make([]float64, len(x))
	for i, v := range x {
		g := groups[of(i)]
		m, s := mean(g), 0.0
		for _, e := range g {
			s += (e - m) * (e - m)
		}
		y[i] = (v - m) / math.Sqrt(s/float64(len(g))+eps)
	}
	return y
}

// sparsemax is the projection of each row to the simplex (Martins and Astudillo, 2016).
func sparsemax(x []float64, width int) (y []float64) {
	for i := 0; i < len(x); i += width {
		row := x[i : i+width]
		z := slices.Clone(row)
		sort.Sort(sort.Reverse(sort.Float64Slice(z)))
		total, tau := 0.0, 0.0
		for k, v := range z {
			total += v
			if t := (total - 1) / float64(k+1); v > t {
				tau = t
			}
		}
		for _, v := range row {
			y = append(y, max(v-tau, 0))
		}
	}
	return y
}

// ctc is the mean or sum over the batch of connectionist temporal classification's loss of
// log-probabilities (T, B, C), of targets (B, S) in whole length.
func ctc(lp, targets []float64, T, B, C, S int, whole bool) (loss float64) {
	for b := range B {
		labels := []int{0}
		for _, t := range targets[b*S : b*S+S] {
			labels = append(labels, int(t), 0)
		}
		at := func(t, s int) float64 { return math.Exp(lp[(t*B+b)*C+labels[s]]) }
		alpha := make([]float64, len(labels))
		alpha[0], alpha[1] = at(0, 0), at(0, 1)
		for t := 1; t < T; t++ {
			next := make([]float64, len(labels))
			for s := range labels {
				p := alpha[s]
				if s > 0 {
					p += alpha[s-1]
				}
				if s > 1 && labels[s] != labels[s-2] {
					p += alpha[s-2]
				}
				next[s] = p * at(t, s)
			}
			alpha = next
		}
		l := -math.Log(alpha[len(labels)-1] + alpha[len(labels)-2])
		if !whole {
			l /= float64(S * B)
		}
		loss += l
	}
	return loss
}

func networks() (ts []*trial) {
	for _, s := range []tensor.Shape{small, wide, {4}, {2, 3, 4}} {
		ts = append(ts, &trial{op: "Sparsemax", what: fmt.Sprint(s), args: args(s), build: func(x G.Nodes) (G.Nodes, error) { return one(G.Sparsemax(x[0])) },
			ref: func(x [][]float64) []float64 { return sparsemax(x[0], s[len(s)-1]) }})
		ts = append(ts, &trial{op: "BinaryXent", what: fmt.Sprint(s), args: []arg{{shape: s, kind: unit}, {shape: s, kind: unit, fixed: true}}, build: binary(G.BinaryXent),
			ref: pairs(func(p, t float64) float64 { return -t*math.Log(p) - (1-t)*math.Log(1-p) })})
	}
	ts = append(ts, &trial{op: "Sparsemax", what: "(3, 5) along 0", args: args(small), build: func(x G.Nodes) (G.Nodes, error) { return one(G.Sparsemax(x[0], 0)) },
		ref: func(x [][]float64) []float64 { return transposed(sparsemax(transposed(x[0], 3, 5), 3), 5, 3) }},
		&trial{op: "Sparsemax", what: "(3, 5) along 1", args: args(small), build: func(x G.Nodes) (G.Nodes, error) { return one(G.Sparsemax(x[0], 1)) },
			ref: func(x [][]float64) []float64 { return sparsemax(x[0], 5) }},
		&trial{op: "Dropout", what: "with probability 0", args: args(small), build: func(x G.Nodes) (G.Nodes, error) { return one(G.Dropout(x[0], 0)) }, ref: same})
	scaled := func(y []float64, x [][]float64, channel func(i int) int) []float64 {
		for i := range y {
			y[i] = y[i]*x[1][channel(i)] + x[2][channel(i)]
		}
		return y
	}
	image, per := tensor.Shape{4, 6, 2, 3}, tensor.Shape{1, 6, 1, 1}
	channel := func(i int) int { return i / 6 % 6 }
	ts = append(ts,
		&trial{op: "BatchNorm", what: "(4, 6, 2, 3)", args: args(image, per, per), build: func(x G.Nodes) (G.Nodes, error) {
			y, _, _, _, err := G.BatchNorm(x[0], x[1], x[2], 0.9, 1e-5)
			return one(y, err)
		}, ref: func(x [][]float64) []float64 { return scaled(standardised(x[0], channel, 1e-5), x, channel) }},
		&trial{op: "BatchNorm", what: "(4, 300)", args: args(tensor.Shape{4, 300}, tensor.Shape{1, 300}, tensor.Shape{1, 300}), build: func(x G.Nodes) (G.Nodes, error) {
			y, _, _, _, err := G.BatchNorm(x[0], x[1], x[2], 0.9, 1e-5)
			return one(y, err)
		}, ref: func(x [][]float64) []float64 {
			column := func(i int) int { return i % 300 }
			return scaled(standardised(x[0], column, 1e-5), x, column)
		}},
		&trial{op: "GroupNorm", what: "(4, 6, 2, 3) in 2 groups", args: args(image, per, per), build: func(x G.Nodes) (G.Nodes, error) { return one(G.GroupNorm(x[0], x[1], x[2], 2, 6, 1e-5)) },
			ref: func(x [][]float64) []float64 {
				return scaled(standardised(x[0], func(i int) int { return i / 18 }, 1e-5), x, channel)
			}},
		&trial{op: "YOLOv3", what: "with a gradient", args: args(tensor.Shape{1, 7, 2, 2}), build: func(x G.Nodes) (G.Nodes, error) { return one(G.YOLOv3(x[0], []float32{1, 2}, []int{0}, 8, 2, 0.5)) }})
	for _, whole := range []bool{false, true} {
		reduction := G.ReductionMean
		if whole {
			reduction = G.ReductionSum
		}
		as := []arg{{shape: tensor.Shape{7, 2, 5}}, {shape: tensor.Shape{2, 3}, kind: index, from: 1, below: 4}, {shape: tensor.Shape{2}, kind: index, from: 7, below: 1}, {shape: tensor.Shape{2}, kind: index, from: 3, below: 1}}
		logs := func(x [][]float64) []float64 { return normalised(tensor.Shape{7, 2, 5}, 2, true)(x) }
		ts = append(ts, &trial{op: "CTCLoss", what: fmt.Sprint("of LogSoftMax, summed ", whole), args: as, build: func(x G.Nodes) (G.Nodes, error) {
			l, err := G.LogSoftMax(x[0])
			if err != nil {
				return nil, err
			}
			return one(G.CTCLoss(l, x[1], x[2], x[3], reduction))
		}, ref: func(x [][]float64) []float64 { return []float64{ctc(logs(x), x[1], 7, 2, 5, 3, whole)} }},
			&trial{op: "CTCLoss", what: fmt.Sprint("as the loss, of LogSoftMax, summed ", whole), args: as, bare: true, build: func(x G.Nodes) (G.Nodes, error) {
				l, err := G.LogSoftMax(x[0])
				if err != nil {
					return nil, err
				}
				return one(G.CTCLoss(l, x[1], x[2], x[3], reduction))
			}, ref: func(x [][]float64) []float64 { return []float64{ctc(logs(x), x[1], 7, 2, 5, 3, whole)} }},
			&trial{op: "CTCLoss", what: fmt.Sprint("of log-probabilities, summed ", whole), args: as, build: func(x G.Nodes) (G.Nodes, error) { return one(G.CTCLoss(x[0], x[1], x[2], x[3], reduction)) },
				ref: func(x [][]float64) []float64 { return []float64{ctc(x[0], x[1], 7, 2, 5, 3, whole)} }})
	}
	return append(append(ts, merged()...), windows()...)
}

// merged are pairs of nodes that Gorgonia may take for one.
func merged() []*trial {
	o := window{1, 2, 7, 7, 2, 2, 0, 3, 1}
	apart := o
	apart.dilation = 2
	im2col := func(o window, x *G.Node) (*G.Node, error) {
		return G.Im2Col(x, tensor.Shape{o.kh, o.kw}, []int{0, 0}, []int{o.stride, o.stride}, []int{o.dilation, o.dilation})
	}
	both := func(f, g func(x *G.Node) (*G.Node, error)) func(x G.Nodes) (G.Nodes, error) {
		return func(x G.Nodes) (G.Nodes, error) {
			y, err := f(x[0])
			if err != nil {
				return nil, err
			}
			z, err := g(x[0])
			return G.Nodes{y, z}, err
		}
	}
	norm := func(eps float64) func(x *G.Node) (*G.Node, error) {
		return func(x *G.Node) (*G.Node, error) {
			s := G.NewTensor(x.Graph(), x.Dtype(), 2, G.WithShape(1, 3), G.WithName("scale"), G.WithInit(G.Ones()))
			b := G.NewTensor(x.Graph(), x.Dtype(), 2, G.WithShape(1, 3), G.WithName("bias"), G.WithInit(G.Zeroes()))
			y, _, _, _, err := G.BatchNorm(x, s, b, 0.9, eps)
			return y, err
		}
	}
	column := func(i int) int { return i % 3 }
	return []*trial{
		{op: "Im2Col", what: "two that differ in dilation", args: args(o.in()),
			build: both(func(x *G.Node) (*G.Node, error) { return im2col(o, x) }, func(x *G.Node) (*G.Node, error) { return im2col(apart, x) }),
			ref:   func(x [][]float64) []float64 { return append(o.im2col(x), apart.im2col(x)...) }},
		{op: "BatchNorm", what: "two that differ in epsilon", args: args(tensor.Shape{4, 3}), build: both(norm(1e-5), norm(0.04)),
			ref: func(x [][]float64) []float64 {
				return append(standardised(x[0], column, 1e-5), standardised(x[0], column, 0.04)...)
			}},
		{op: "Log", what: "of 1 + x, which others read, after BinaryXent", args: []arg{{shape: small, kind: unit}}, build: func(x G.Nodes) (ys G.Nodes, err error) {
			e, err := G.BinaryXent(x[0], x[0])
			if err != nil {
				return nil, err
			}
			c := G.NewConstant(1.0)
			if x[0].Dtype() == tensor.Float32 {
				c = G.NewConstant(float32(1))
			}
			y, err := G.Add(x[0], c)
			if err != nil {
				return nil, err
			}
			l, err := G.Log(y)
			if err != nil {
				return nil, err
			}
			z, err := G.Square(y)
			return G.Nodes{e, l, z}, err
		}, ref: func(x [][]float64) (y []float64) {
			y = each(func(p float64) float64 { return -p*math.Log(p) - (1-p)*math.Log(1-p) })(x)
			y = append(y, each(math.Log1p)(x)...)
			return append(y, each(func(p float64) float64 { return (1 + p) * (1 + p) })(x)...)
		}},
	}
}
