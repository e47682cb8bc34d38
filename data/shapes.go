package data

import (
	"cmp"
	"slices"

	"euryale/data/task"
)

// Shape is the padded size of the sequences of a batch.
type Shape struct {
	T int // tokens
	S int // source tokens; 0 if there is no encoder
}

// fits reports whether a sample fits a shape.
func fits(s task.Sample, shape Shape) bool {
	return len(s.Tokens) <= shape.T && len(s.Source) <= shape.S
}

// sizeGroup counts the samples of about one size; shape holds each of them.
type sizeGroup struct {
	shape Shape
	count int
}

// chooseShapes returns at most count shapes, from small to large, that hold all samples with the
// least padding. Samples are ordered by size, and dynamic programming partitions them, as for the
// optimal histogram with a given number of buckets.
func chooseShapes(samples []task.Sample, count, context int) []Shape {
	groups := groupBySize(samples, context)
	n := len(groups)
	// cost[k][i] is the padded size of the first i groups in k shapes; from[k][i] is the first
	// group of the last of these shapes.
	cost, from := newMatrix(count+1, n+1), newMatrix(count+1, n+1)
	const infinity = 1 << 60
	for k := range cost {
		for i := range cost[k] {
			cost[k][i] = infinity
		}
	}
	cost[0][0] = 0
	for k := 1; k <= count; k++ {
		for i := 1; i <= n; i++ {
			var last sizeGroup
			for j := i - 1; j >= 0; j-- {
				last = last.merge(groups[j])
				if c := cost[k-1][j] + last.count*(last.shape.T+last.shape.S); c < cost[k][i] {
					cost[k][i], from[k][i] = c, j
				}
			}
		}
	}
	best := 1
	for k := range cost {
		if cost[k][n] < cost[best][n] {
			best = k
		}
	}
	return bestShapes(groups, from, best)
}

// bestShapes backtracks from the last of k shapes to the first.
func bestShapes(groups []sizeGroup, from [][]int, k int) []Shape {
	var shapes []Shape
	for end := len(groups); end > 0; k-- {
		begin := from[k][end]
		var all sizeGroup
		for _, g := range groups[begin:end] {
			all = all.merge(g)
		}
		shapes = append(shapes, all.shape)
		end = begin
	}
	slices.Reverse(shapes)
	return shapes
}

// merge returns the group of the samples of s and o.
func (s sizeGroup) merge(o sizeGroup) sizeGroup {
	return sizeGroup{Shape{max(s.shape.T, o.shape.T), max(s.shape.S, o.shape.S)}, s.count + o.count}
}

// groupBySize counts samples by their rounded-up shape, in order of size. S is never rounded up
// beyond the longest source, because the source context of a model may be no longer.
func groupBySize(samples []task.Sample, context int) []sizeGroup {
	count, longest := map[Shape]int{}, 0
	for _, s := range samples {
		longest = max(longest, len(s.Source))
	}
	step := max(8, (context+31)/32) // at most 32 values of T, to keep the dynamic programming small
	for _, s := range samples {
		count[Shape{min(roundUp(len(s.Tokens), step), context), min(roundUp(len(s.Source), step), longest)}]++
	}
	var groups []sizeGroup
	for shape, n := range count {
		groups = append(groups, sizeGroup{shape, n})
	}
	slices.SortFunc(groups, func(a, b sizeGroup) int {
		return cmp.Or(cmp.Compare(a.shape.T+a.shape.S, b.shape.T+b.shape.S), cmp.Compare(a.shape.T, b.shape.T))
	})
	return groups
}

// roundUp rounds n up to a multiple of step.
func roundUp(n, step int) int { return (n + step - 1) / step * step }

// newMatrix returns a matrix of zeros.
func newMatrix(rows, columns int) [][]int {
	m := make([][]int, rows)
	for i := range m {
		m[i] = make([]int, columns)
	}
	return m
}
