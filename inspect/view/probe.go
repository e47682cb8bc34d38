package view

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"euryale/layers/graph"
	"euryale/models"
)

// Examples are the rows of a tap with their labels, in the order of the text.
type Examples struct {
	Values [][]float64 // a row for each token
	Labels []int       // classes from 0
	Types  []int       // token of each row, which the control task labels
}

// ReadRows returns the rows of a tap for each token of sequences, and the tokens. Rows whose label is −1
// are left out; labels holds one list for each sequence.
func ReadRows(m models.Model, w *graph.Weights, tap string, seqs []Sequence, labels [][]int) (Examples, error) {
	var e Examples
	if len(labels) != len(seqs) {
		return e, fmt.Errorf("%d lists of labels for %d sequences", len(labels), len(seqs))
	}
	for at := 0; at < len(seqs); at += together {
		chunk := seqs[at:min(at+together, len(seqs))]
		p, err := run(m, w, chunk, tap)
		if err != nil {
			return e, err
		}
		values, shape, t := p.Float64s(tap), p.Shape(tap), p.Frame().T
		if len(shape) != 2 || shape[0] != len(chunk)*t {
			return e, fmt.Errorf("%s is %v, want (%d, D): a row for each token", tap, shape, len(chunk)*t)
		}
		for b, q := range chunk {
			of := labels[at+b]
			if len(of) != len(q.Tokens) {
				return e, fmt.Errorf("sequence %d has %d tokens and %d labels", at+b, len(q.Tokens), len(of))
			}
			for i, id := range q.Tokens {
				if of[i] < 0 {
					continue
				}
				e.Values = append(e.Values, values[(b*t+i)*shape[1]:][:shape[1]])
				e.Labels, e.Types = append(e.Labels, of[i]), append(e.Types, id)
			}
		}
	}
	return e, nil
}

// together is the number of sequences that a run reads side by side.
const together = 16

// ProbeOptions says how a probe is fitted.
type ProbeOptions struct {
	Test float64 // fraction of the examples, the last ones, that the accuracies are of; 0: 0.25
	L2   float64 // penalty on the squared weights of standardised columns, a multiple of the mean loss; 0: 0.001
	Seed uint64  // of the control task
}

// ProbeResult is a linear classifier of a tap's rows and its accuracy on examples that it was not
// fitted on.
type ProbeResult struct {
	Accuracy    float64
	Majority    float64 // accuracy of always answering the class that is most frequent in the examples fitted
	Control     float64 // accuracy on the control task
	Selectivity float64 // Accuracy − Control
	Train, Test int     // examples
	Units       []int   // columns of the tap from the one with the largest weights on
}

// Probe fits a linear classifier of the labels (softmax regression) and one of a control task, whose labels
// are random but the same for all occurrences of a token, with the frequencies of the real labels
// (Hewitt and Liang 2019, https://arxiv.org/abs/1909.03368). A probe that does as well on the control
// task has memorised tokens; the labels are then not in the representation.
func Probe(e Examples, o ProbeOptions) (ProbeResult, error) {
	if o.Test == 0 {
		o.Test = 0.25
	}
	if o.L2 == 0 {
		o.L2 = 1e-3
	}
	n := len(e.Values)
	train := n - int(float64(n)*o.Test)
	switch {
	case len(e.Labels) != n || len(e.Types) != n:
		return ProbeResult{}, fmt.Errorf("%d rows, %d labels and %d tokens, want equal numbers", n, len(e.Labels), len(e.Types))
	case !(o.Test > 0 && o.Test < 1) || !(o.L2 > 0):
		return ProbeResult{}, fmt.Errorf("test = %v, want between 0 and 1, and l2 = %v, want more than 0", o.Test, o.L2)
	case train < 1 || train == n:
		return ProbeResult{}, fmt.Errorf("%d examples are too few: some are to be fitted and some to be tested", n)
	case slices.Min(e.Labels) < 0:
		return ProbeResult{}, errors.New("a label is negative: leave such rows out")
	}
	x := standardised(e.Values, train)
	c := slices.Max(e.Labels) + 1
	r := ProbeResult{Train: train, Test: n - train}
	weights := fitSoftmax(x[:train], e.Labels[:train], c, o.L2)
	r.Accuracy, r.Units = accuracy(weights, x[train:], e.Labels[train:], c), unitsByWeight(weights, c)
	control := controlLabels(e, o.Seed)
	other := fitSoftmax(x[:train], control[:train], c, o.L2)
	r.Control = accuracy(other, x[train:], control[train:], c)
	r.Selectivity = r.Accuracy - r.Control
	counts := make([]int, c)
	for _, y := range e.Labels[:train] {
		counts[y]++
	}
	most := slices.Index(counts, slices.Max(counts))
	for _, y := range e.Labels[train:] {
		if y == most {
			r.Majority += 1 / float64(r.Test)
		}
	}
	return r, nil
}

// controlLabels returns a label for each example that depends on its token only.
func controlLabels(e Examples, seed uint64) []int {
	rng := rand.New(rand.NewPCG(seed, 1909))
	of := map[int]int{}
	for _, id := range slices.Compact(slices.Sorted(slices.Values(e.Types))) {
		of[id] = e.Labels[rng.IntN(len(e.Labels))]
	}
	labels := make([]int, len(e.Types))
	for i, id := range e.Types {
		labels[i] = of[id]
	}
	return labels
}

// standardised returns rows with the mean 0 and the variance 1 in each column of the first train rows, and
// a last column of ones.
func standardised(rows [][]float64, train int) [][]float64 {
	d := len(rows[0])
	mean, std := make([]float64, d), make([]float64, d)
	for _, r := range rows[:train] {
		for j, v := range r {
			mean[j] += v / float64(train)
		}
	}
	for _, r := range rows[:train] {
		for j, v := range r {
			std[j] += (v - mean[j]) * (v - mean[j]) / float64(train)
		}
	}
	out := make([][]float64, len(rows))
	for i, r := range rows {
		out[i] = make([]float64, d+1)
		for j, v := range r {
			if std[j] > 0 {
				out[i][j] = (v - mean[j]) / math.Sqrt(std[j])
			}
		}
		out[i][d] = 1
	}
	return out
}

// fitSteps is the number of gradient steps of a probe.
const fitSteps = 300

// fitSoftmax returns the weights (c, D) that minimise the mean cross-entropy plus l2/2 times their square, by
// accelerated gradient descent (Nesterov 1983). The last column, the bias, has no penalty.
func fitSoftmax(x [][]float64, y []int, c int, l2 float64) []float64 {
	d := len(x[0])
	w, ahead, gradient := make([]float64, c*d), make([]float64, c*d), make([]float64, c*d)
	step := 1 / (largestEigenvalue(x)/2 + l2) // 1/L, with L the Lipschitz constant of the gradient
	for k := range fitSteps {
		softmaxGradient(gradient, ahead, x, y, c, l2)
		momentum := float64(k) / float64(k+3)
		for i, a := range ahead {
			next := a - step*gradient[i]
			w[i], ahead[i] = next, next+momentum*(next-w[i])
		}
	}
	return w
}

// softmaxGradient sets g to the gradient of the penalised loss at w.
func softmaxGradient(g, w []float64, x [][]float64, y []int, c int, l2 float64) {
	d := len(x[0])
	for i, v := range w {
		g[i] = 0
		if i%d < d-1 {
			g[i] = l2 * v
		}
	}
	scores := make([]float64, c)
	for i, row := range x {
		score(scores, w, row)
		logp := logSoftmax(scores)
		for k := range c {
			e := math.Exp(logp[k])
			if k == y[i] {
				e--
			}
			e /= float64(len(x))
			for j, v := range row {
				g[k*d+j] += e * v
			}
		}
	}
}

// largestEigenvalue returns that of xᵀx/n, by power iteration, and a tenth more.
func largestEigenvalue(x [][]float64) float64 {
	d := len(x[0])
	v, value := make([]float64, d), 1.0
	for j := range v {
		v[j] = 1 + float64(j%7)/7
	}
	for range 30 {
		next := make([]float64, d)
		for _, row := range x {
			dot := 0.0
			for j, a := range row {
				dot += a * v[j] / float64(len(x))
			}
			for j, a := range row {
				next[j] += dot * a
			}
		}
		value = 0
		for _, a := range next {
			value += a * a
		}
		value = math.Sqrt(value)
		for j := range next {
			v[j] = next[j] / value
		}
	}
	return 1.1 * value
}

// score sets scores to w·row.
func score(scores, w, row []float64) {
	for k := range scores {
		sum := 0.0
		for j, v := range row {
			sum += w[k*len(row)+j] * v
		}
		scores[k] = sum
	}
}

func accuracy(w []float64, x [][]float64, y []int, c int) float64 {
	scores, right := make([]float64, c), 0
	for i, row := range x {
		score(scores, w, row)
		if top(scores, 1)[0] == y[i] {
			right++
		}
	}
	return float64(right) / float64(len(x))
}

// unitsByWeight returns the columns without the bias, from the one with the largest weights on.
func unitsByWeight(w []float64, c int) []int {
	d := len(w) / c
	size := make([]float64, d-1)
	units := make([]int, d-1)
	for j := range units {
		units[j] = j
		for k := range c {
			size[j] += w[k*d+j] * w[k*d+j]
		}
	}
	slices.SortStableFunc(units, func(a, b int) int { return cmp.Compare(size[b], size[a]) })
	return units
}
