package experiment

import (
	"math"
	"slices"

	"euryale/training/rundir"
)

// curve is the validation loss of a group of runs during training.
type curve struct {
	label, name string
	axes        [3]band // against steps, tokens and seconds
}

// axisNames are the horizontal axes of a picture of curves.
var axisNames = [3]string{"steps", "tokens", "seconds"}

// band is a mean and its range over the runs of a group, at increasing x.
type band struct{ x, mean, low, high []float64 }

// line is the validation loss of one run, by x.
type line struct{ x, y []float64 }

// readCurves reads the curves of groups from the metrics of their runs.
func readCurves(groups []*Group) (all []curve, err error) {
	for _, g := range groups {
		c := curve{label: g.Label, name: g.Name}
		var lines [3][]line
		for _, dir := range g.Runs {
			ls, err := readLines(dir)
			if err != nil {
				return nil, err
			}
			for i, l := range ls {
				if len(l.x) > 0 {
					lines[i] = append(lines[i], l)
				}
			}
		}
		for i, ls := range lines {
			c.axes[i] = merge(ls)
		}
		all = append(all, c)
	}
	return all, nil
}

// readLines reads the validation losses of a run, by steps, tokens and seconds. Losses that are
// not finite are left out.
func readLines(dir string) (ls [3]line, err error) {
	records, err := rundir.ReadMetrics(dir)
	if err != nil {
		return ls, err
	}
	for _, r := range records {
		y, ok := r.Values["val_loss"]
		if !ok || math.IsNaN(y) || math.IsInf(y, 0) {
			continue
		}
		for i, x := range []float64{float64(r.Step), r.Values["tokens"], r.Values["seconds"]} {
			if n := len(ls[i].x); n == 0 || x > ls[i].x[n-1] {
				ls[i].x, ls[i].y = append(ls[i].x, x), append(ls[i].y, y)
			}
		}
	}
	return ls, nil
}

// merge returns the mean and the range of lines, where all of them have a value: at each x of
// any, interpolated in the others.
func merge(lines []line) (b band) {
	if len(lines) == 0 {
		return b
	}
	first, last := math.Inf(-1), math.Inf(1)
	var xs []float64
	for _, l := range lines {
		first, last = max(first, l.x[0]), min(last, l.x[len(l.x)-1])
		xs = append(xs, l.x...)
	}
	slices.Sort(xs)
	for _, x := range slices.Compact(xs) {
		if (x < first || x > last) && len(lines) > 1 && first <= last {
			continue
		}
		sum, low, high := 0.0, math.Inf(1), math.Inf(-1)
		for _, l := range lines {
			y := l.at(x)
			sum, low, high = sum+y, min(low, y), max(high, y)
		}
		b.x, b.mean = append(b.x, x), append(b.mean, sum/float64(len(lines)))
		b.low, b.high = append(b.low, low), append(b.high, high)
	}
	return b
}

// at returns the value at x, interpolated between points, and that of the nearest end beyond
// them.
func (l line) at(x float64) float64 {
	i, found := slices.BinarySearch(l.x, x)
	switch {
	case found:
		return l.y[i]
	case i == 0:
		return l.y[0]
	case i == len(l.x):
		return l.y[i-1]
	}
	t := (x - l.x[i-1]) / (l.x[i] - l.x[i-1])
	return l.y[i-1] + t*(l.y[i]-l.y[i-1])
}
