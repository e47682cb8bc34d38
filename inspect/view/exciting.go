package view

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
)

// excerpt is the number of tokens that are shown before and after the one that excites a unit most.
const excerpt = 24

// Exciting returns the texts among seqs that excite units of a tap most: for each unit n excerpts around the
// token at which the unit has its largest value in the sequence, the largest first. The values are the
// unit's at each token.
func Exciting(ctx context.Context, t *Text, seqs []Sequence, tap string, units []int, n int) (*Figure, error) {
	rows, err := t.unitRows(ctx, seqs, tap)
	if err != nil {
		return nil, err
	}
	f := &Figure{Name: "exciting"}
	for _, u := range units {
		if u < 0 || u >= rows.width {
			return nil, fmt.Errorf("there is no unit %d: %s has %d, from 0", u, tap, rows.width)
		}
		f.Grids = append(f.Grids, t.excerpts(rows, tap, u, n)...)
	}
	return f, nil
}

// unitRows is the values of a tap over sequences.
type unitRows struct {
	width  int
	seqs   []Sequence
	values [][]float64 // of each sequence: a row for each token
}

func (t *Text) unitRows(ctx context.Context, seqs []Sequence, tap string) (*unitRows, error) {
	if len(seqs) == 0 {
		return nil, noSample()
	}
	r := &unitRows{seqs: seqs}
	for at := 0; at < len(seqs); at += together {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		chunk := seqs[at:min(at+together, len(seqs))]
		p, err := run(t.Model, t.Weights, chunk, tap)
		if err != nil {
			return nil, err
		}
		shape, length := p.Shape(tap), p.Frame().T
		if len(shape) != 2 || shape[0] != len(chunk)*length {
			return nil, fmt.Errorf("%s is %v, want (%d, D): a row for each token of the text", tap, shape, len(chunk)*length)
		}
		r.width = shape[1]
		values := p.Float64s(tap)
		for b, q := range chunk {
			from := b * length * r.width
			r.values = append(r.values, values[from:from+len(q.Tokens)*r.width])
		}
	}
	return r, nil
}

// excerpts returns a grid for each of the n sequences with the largest values of a unit.
func (t *Text) excerpts(r *unitRows, tap string, unit, n int) []Grid {
	type peak struct {
		seq, at int
		value   float64
	}
	var peaks []peak
	for s := range r.seqs {
		best := peak{seq: s, value: math.Inf(-1)}
		for i := unit; i < len(r.values[s]); i += r.width {
			if v := r.values[s][i]; v > best.value {
				best.at, best.value = i/r.width, v
			}
		}
		peaks = append(peaks, best)
	}
	slices.SortStableFunc(peaks, func(a, b peak) int { return cmp.Compare(b.value, a.value) })
	var grids []Grid
	for k, p := range peaks[:min(n, len(peaks))] {
		q := r.seqs[p.seq]
		from, to := max(0, p.at-excerpt), min(len(q.Tokens), p.at+excerpt+1)
		title := fmt.Sprintf("%s unit %d, text %d: %.3g", tap, unit, k+1, p.value)
		g := newGrid(title, Axis{Kind: Entries, Labels: []string{fmt.Sprintf("unit %d", unit)}}, Axis{Kind: Entries, Labels: t.Labels(q.Tokens[from:to])})
		g.Strip = true
		for i := from; i < to; i++ {
			g.set(0, i-from, r.values[p.seq][i*r.width+unit])
		}
		grids = append(grids, g)
	}
	return grids
}

// Peaked returns the n units of a tap whose largest value over the sequences stands out most: in standard
// deviations from the mean.
func Peaked(ctx context.Context, t *Text, seqs []Sequence, tap string, n int) ([]int, error) {
	r, err := t.unitRows(ctx, seqs, tap)
	if err != nil {
		return nil, err
	}
	score := make([]float64, r.width)
	for u := range score {
		var column []float64
		for _, values := range r.values {
			for i := u; i < len(values); i += r.width {
				column = append(column, values[i])
			}
		}
		mean, half := interval(column)
		if deviation := half * math.Sqrt(float64(len(column))); deviation > 0 {
			score[u] = (slices.Max(column) - mean) / deviation
		}
	}
	return top(score, n), nil
}
