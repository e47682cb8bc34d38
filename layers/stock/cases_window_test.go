package stock

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// window is a convolution or pooling of (B, C, H, W).
type window struct{ b, c, h, w, kh, kw, pad, stride, dilation int }

func (o window) in() tensor.Shape { return tensor.Shape{o.b, o.c, o.h, o.w} }
func (o window) out() (h, w int) {
	h = (o.h+2*o.pad-o.dilation*(o.kh-1)-1)/o.stride + 1
	w = (o.w+2*o.pad-o.dilation*(o.kw-1)-1)/o.stride + 1
	return h, w
}

// patch is what the window at (i, j) of a channel holds, with zeros in the padding.
func (o window) patch(x []float64, b, c, i, j int) (p []float64) {
	for k := range o.kh {
		for l := range o.kw {
			y, z, v := i*o.stride-o.pad+k*o.dilation, j*o.stride-o.pad+l*o.dilation, 0.0
			if y >= 0 && y < o.h && z >= 0 && z < o.w {
				v = x[((b*o.c+c)*o.h+y)*o.w+z]
			}
			p = append(p, v)
		}
	}
	return p
}

func (o window) im2col(x [][]float64) (y []float64) {
	h, w := o.out()
	for b := range o.b {
		for i := range h {
			for j := range w {
				for c := range o.c {
					y = append(y, o.patch(x[0], b, c, i, j)...)
				}
			}
		}
	}
	return y
}

func (o window) convolved(filters int) func(x [][]float64) []float64 {
	return func(x [][]float64) []float64 {
		h, w := o.out()
		cols, k := o.im2col(x), o.c*o.kh*o.kw
		y := make([]float64, o.b*filters*h*w)
		for i := range y {
			f, at := i/(h*w)%filters, i/(filters*h*w)*h*w+i%(h*w)
			y[i] = sum(pairs(func(a, b float64) float64 { return a * b })([][]float64{cols[at*k : at*k+k], x[1][f*k : f*k+k]}))
		}
		return y
	}
}

func (o window) pooled(f func([]float64) float64) func(x [][]float64) []float64 {
	return func(x [][]float64) (y []float64) {
		h, w := o.out()
		for b := range o.b {
			for c := range o.c {
				for i := range h {
					for j := range w {
						y = append(y, f(o.patch(x[0], b, c, i, j)))
					}
				}
			}
		}
		return y
	}
}

func windows() (ts []*trial) {
	for _, o := range []window{{1, 1, 4, 4, 3, 3, 0, 1, 1}, {2, 3, 5, 6, 3, 2, 1, 1, 1}, {2, 2, 7, 7, 3, 3, 0, 2, 1}, {1, 2, 7, 7, 2, 2, 0, 1, 2}, {1, 1, 1, 300, 1, 3, 0, 1, 1}} {
		k, pad, stride, dil := tensor.Shape{o.kh, o.kw}, []int{o.pad, o.pad}, []int{o.stride, o.stride}, []int{o.dilation, o.dilation}
		ts = append(ts,
			&trial{op: "Im2Col", what: fmt.Sprint(o), args: args(o.in()), build: func(x G.Nodes) (G.Nodes, error) { return one(G.Im2Col(x[0], k, pad, stride, dil)) },
				ref: o.im2col},
			&trial{op: "Conv2d", what: fmt.Sprint(o), args: args(o.in(), tensor.Shape{2, o.c, o.kh, o.kw}), build: func(x G.Nodes) (G.Nodes, error) { return one(G.Conv2d(x[0], x[1], k, pad, stride, dil)) },
				ref: o.convolved(2)})
	}
	lineOf := window{2, 3, 1, 9, 1, 3, 0, 1, 1}
	ts = append(ts, &trial{op: "Conv1d", what: fmt.Sprint(lineOf), args: args(lineOf.in(), tensor.Shape{2, 3, 1, 3}), build: func(x G.Nodes) (G.Nodes, error) { return one(G.Conv1d(x[0], x[1], 3, 0, 1, 1)) },
		ref: lineOf.convolved(2)})
	for _, o := range []window{{2, 3, 4, 4, 2, 2, 0, 2, 1}, {1, 1, 4, 4, 2, 2, 0, 1, 1}, {1, 2, 6, 300, 2, 2, 0, 2, 1}} {
		k, pad, stride := tensor.Shape{o.kh, o.kw}, []int{o.pad, o.pad}, []int{o.stride, o.stride}
		ts = append(ts,
			&trial{op: "MaxPool2D", what: fmt.Sprint(o), args: args(o.in()), build: func(x G.Nodes) (G.Nodes, error) { return one(G.MaxPool2D(x[0], k, pad, stride)) },
				ref: o.pooled(slices.Max[[]float64])},
			&trial{op: "AveragePool2D", what: fmt.Sprint(o), args: args(o.in()), build: func(x G.Nodes) (G.Nodes, error) { return one(G.AveragePool2D(x[0], k, pad, stride)) },
				ref: o.pooled(mean)})
	}
	pool := window{2, 3, 1, 9, 1, 3, 0, 3, 1}
	pool.stride = 1
	return append(ts,
		&trial{op: "MaxPool1D", what: fmt.Sprint(pool), args: args(pool.in()), build: func(x G.Nodes) (G.Nodes, error) { return one(G.MaxPool1D(x[0], 3, 0, 1)) }, ref: pool.pooled(slices.Max[[]float64])},
		&trial{op: "AveragePool1D", what: fmt.Sprint(pool), args: args(pool.in()), build: func(x G.Nodes) (G.Nodes, error) { return one(G.AveragePool1D(x[0], 3, 0, 1)) }, ref: pool.pooled(mean)},
		&trial{op: "GlobalAveragePool2D", what: "(2, 3, 4, 5)", args: args(tensor.Shape{2, 3, 4, 5}), build: unary(G.GlobalAveragePool2D), ref: reduce(tensor.Shape{2, 3, 4, 5}, []int{2, 3}, mean)},
		&trial{op: "Upsample2D", what: "(2, 3, 4, 5) by 2", args: args(tensor.Shape{2, 3, 4, 5}), build: func(x G.Nodes) (G.Nodes, error) { return one(G.Upsample2D(x[0], 2)) },
			ref: func(x [][]float64) (y []float64) {
				for i := range 2 * 3 * 8 * 10 {
					y = append(y, x[0][i/80*20+i%80/10/2*5+i%10/2])
				}
				return y
			}})
}
