package data

import (
	"cmp"
	"slices"

	"euryale/data/task"
)

// Shape is the padded size of a batch's lanes.
type Shape struct {
	T int // tokens
	S int // source tokens; 0 if there is no encoder
}

// fits tells whether a sample needs no more than a shape has.
func fits(s task.Sample, shape Shape) bool {
	return len(s.Tokens) <= shape.T && len(s.Source) <= shape.S
}

// sized is samples of about one size, and the shape that holds them.
type sized struct {
	shape Shape
	count int
}

// chooseShapes returns at most count shapes, from small to large, that hold all samples with the
// least padding. Samples are ordered by size and the order is cut by dynamic programming, as for
// the best histogram with a given number of buckets.
func chooseShapes(samples []task.Sample, count, context int) []Shape {
	groups := groupBySize(samples, context)
	n := len(groups)
	// cost[k][i] is the padded size of the first i groups in k shapes; from[k][i] is where the
	// last of these shapes begins.
	cost, from := newMatrix(count+1, n+1), newMatrix(count+1, n+1)
	const never = 1 << 60
	for k := range cost {
		for i := range cost[k] {
			cost[k][i] = never
		}
	}
	cost[0][0] = 0
	for k := 1; k <= count; k++ {
		for i := 1; i <= n; i++ {
			var last sized
			for j := i - 1; j >= 0; j-- {
				last = last.with(groups[j])
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

// bestShapes goes back from the last of k shapes to the first.
func bestShapes(groups []sized, from [][]int, k int) []Shape {
	var shapes []Shape
	for end := len(groups); end > 0; k-- {
		begin := from[k][end]
		var all sized
		for _, g := range groups[begin:end] {
			all = all.with(g)
		}
		shapes = append(shapes, all.shape)
		end = begin
	}
	slices.Reverse(shapes)
	return shapes
}

// with is s and o together.
func (s sized) with(o sized) sized {
	return sized{Shape{max(s.shape.T, o.shape.T), max(s.shape.S, o.shape.S)}, s.count + o.count}
}

// groupBySize counts samples by their shape, rounded up, in the order of the shapes' sizes. No
// shape has more room for a source than the longest one takes: a model may read no more.
func groupBySize(samples []task.Sample, context int) []sized {
	count, longest := map[Shape]int{}, 0
	for _, s := range samples {
		longest = max(longest, len(s.Source))
	}
	step := max(8, (context+31)/32) // coarse enough that there are few groups
	for _, s := range samples {
		count[Shape{min(roundUp(len(s.Tokens), step), context), min(roundUp(len(s.Source), step), longest)}]++
	}
	var groups []sized
	for shape, n := range count {
		groups = append(groups, sized{shape, n})
	}
	slices.SortFunc(groups, func(a, b sized) int {
		return cmp.Or(cmp.Compare(a.shape.T+a.shape.S, b.shape.T+b.shape.S), cmp.Compare(a.shape.T, b.shape.T))
	})
	return groups
}

// roundUp rounds n up to a multiple of step.
func roundUp(n, step int) int { return (n + step - 1) / step * step }

// newMatrix returns rows × columns zeros.
func newMatrix(rows, columns int) [][]int {
	m := make([][]int, rows)
	for i := range m {
		m[i] = make([]int, columns)
	}
	return m
}
