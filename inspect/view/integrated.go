package view

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/integrate/quad"

	"euryale/layers/ops"
)

// Completeness is the relative error up to which integrated gradients must add up to the difference of the
// outputs.
const Completeness = 0.01

// mostSteps is the largest number of points of the path of integrated gradients.
const mostSteps = 1024

// IntegratedGradients returns the integrated gradients (Sundararajan, Taly and Yan 2017,
// https://arxiv.org/abs/1703.01365) of an output: for every token, the sum over the columns of its embedding
// times the mean of the output's gradient on the way from embeddings of zero to those of the text.
// They add up to the difference of the output at both ends; the number of points is doubled until
// they do within Completeness. The note of the row's first value has the figures.
func IntegratedGradients(t *Text, o Output) (*Figure, error) {
	rows, err := t.outputAxis([]Output{o})
	if err != nil {
		return nil, err
	}
	d, err := t.differentiate(1, true)
	if err != nil {
		return nil, err
	}
	difference, err := d.between(o)
	if err != nil {
		return nil, err
	}
	var text, source *Grid
	for steps := 16; ; steps *= 2 {
		text, source = t.saliencyGrids(d.embeddings, rows)
		if err := d.integrate(o, steps, text, source); err != nil {
			return nil, err
		}
		f := figureOf("integrated", text, source)
		sum := 0.0
		for _, g := range f.Grids {
			for _, v := range g.Values {
				sum += v
			}
		}
		missing := math.Abs(sum-difference) / math.Max(math.Abs(difference), 1e-6)
		if missing <= Completeness {
			f.Grids[0].note(0, 0, "sum %.4g of the difference %.4g, %d points", sum, difference, steps)
			return f, nil
		}
		if steps >= mostSteps {
			return nil, unfit(fmt.Sprintf("integrated gradients add up to %.4g with %d points, and not to the difference of the output, %.4g: the output changes too abruptly on the way from zero embeddings", sum, steps, difference),
				fmt.Sprintf("%d 个积分点的积分梯度之和为 %.4g，不等于输出之差 %.4g：从零嵌入出发的路径上输出变化过于剧烈", steps, sum, difference))
		}
	}
}

// between returns the output with the text's embeddings, minus that with embeddings of zero.
func (d *gradients) between(o Output) (float64, error) {
	var ends [2]float64
	for i, share := range []float64{0, 1} {
		d.scale(share)
		if err := d.run([]Output{o}); err != nil {
			return 0, err
		}
		ends[i] = d.Loss()
	}
	return ends[1] - ends[0], nil
}

// scale multiplies the embeddings of later runs by share.
func (d *gradients) scale(share float64) {
	for _, c := range d.changes {
		*c = ops.Change{Op: ops.Multiply, Value: ops.Operand{Scale: share}}
	}
}

// steepness is k of the path of integrated gradients.
const steepness = 14

// integrate adds the integral of the gradients times the embeddings to the grids, by Gauss-Legendre
// quadrature over u with share = (exp(k·u) − 1)/(exp(k) − 1). Norms make an output change by orders of
// magnitude of the embeddings, down to the ε that they add to variances; u has those evenly.
func (d *gradients) integrate(o Output, steps int, text, source *Grid) error {
	u, weights := make([]float64, steps), make([]float64, steps)
	quad.Legendre{}.FixedLocations(u, weights, 0, 1)
	for k := range u {
		share := math.Expm1(steepness*u[k]) / math.Expm1(steepness)
		slope := steepness * math.Exp(steepness*u[k]) / math.Expm1(steepness)
		d.scale(share)
		if err := d.run([]Output{o}); err != nil {
			return err
		}
		for _, e := range d.embeddings {
			g := text
			if e.source {
				g = source
			}
			x, dx := d.rows(e, 0) // share times the embedding
			for i := range x {
				g.Values[i] += weights[k] * slope * dot(x[i], dx[i]) / share
			}
		}
	}
	return nil
}
