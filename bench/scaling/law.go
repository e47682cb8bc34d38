package main

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// point is a trained model.
type point struct{ parameters, tokens, loss float64 }

// law is L(N, D) = E + A/N^α + B/D^β, the loss in nats a token.
type law struct{ e, a, alpha, b, beta float64 }

func (l law) String() string {
	return fmt.Sprintf("L = %.3f + %.4g/N^%.3f + %.4g/D^%.3f", l.e, l.a, l.alpha, l.b, l.beta)
}

// at returns the loss of a model of the law.
func (l law) at(p point) float64 {
	return l.e + l.a*math.Pow(p.parameters, -l.alpha) + l.b*math.Pow(p.tokens, -l.beta)
}

// best returns the size and the tokens with the lowest loss for a number of operations, taken to be 6·N·D.
func (l law) best(operations float64) point {
	// dL/dN = 0 with D = C/6N: α·A/N^α = β·B/D^β (Hoffmann et al. 2022, equation 4).
	nd := operations / 6
	n := math.Pow(l.alpha*l.a/(l.beta*l.b)*math.Pow(nd, l.beta), 1/(l.alpha+l.beta))
	return point{parameters: n, tokens: nd / n}
}

// fit returns the law with the smallest sum of squares of relative errors: for each pair of exponents of a grid, E, A
// and B are a linear least-squares problem.
func fit(points []point) law {
	best, lowest := law{}, math.Inf(1)
	for alpha := 0.02; alpha < 1.5; alpha += 0.01 {
		for beta := 0.02; beta < 1.5; beta += 0.01 {
			l, err := fitFactors(points, alpha, beta)
			if err != nil || l.e < 0 || l.a < 0 || l.b < 0 {
				continue
			}
			sum := 0.0
			for _, p := range points {
				d := l.at(p)/p.loss - 1
				sum += d * d
			}
			if sum < lowest {
				best, lowest = l, sum
			}
		}
	}
	return best
}

// fitFactors returns the law with these exponents.
func fitFactors(points []point, alpha, beta float64) (law, error) {
	rows, ones := mat.NewDense(len(points), 3, nil), mat.NewVecDense(len(points), nil)
	for i, p := range points {
		rows.SetRow(i, []float64{1 / p.loss, math.Pow(p.parameters, -alpha) / p.loss, math.Pow(p.tokens, -beta) / p.loss})
		ones.SetVec(i, 1)
	}
	var x mat.VecDense
	if err := x.SolveVec(rows, ones); err != nil {
		var badly mat.Condition // nearly the same column twice, solved all the same
		if !errors.As(err, &badly) || math.IsInf(float64(badly), 1) {
			return law{}, err
		}
	}
	return law{x.AtVec(0), x.AtVec(1), alpha, x.AtVec(2), beta}, nil
}
