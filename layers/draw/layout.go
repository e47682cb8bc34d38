package draw

import "strings"

// Sizes in pixels.
const (
	fontSize  = 12.0
	lineStep  = 15.0
	padding   = 8.0
	rowGap    = 40.0
	trackStep = 9.0
	margin    = 16.0
)

// layout arranges boxes in rows and columns: the forward pass goes down, the backward pass up
// beside it.
func (p *Picture) layout() {
	rows := p.rank()
	p.columns(rows)
	p.tracks()
	p.place(rows)
}

// rank assigns rows: a box is below all boxes that it reads; in the backward pass it is above
// them.
func (p *Picture) rank() (rows int) {
	for p.settle() {
	}
	depth := map[bool]int{}
	for _, b := range p.boxes {
		depth[b.backward] = max(depth[b.backward], b.rank)
	}
	rows = max(depth[false], depth[true]) + 1
	for _, b := range p.boxes {
		if b.backward {
			b.rank = rows - 1 - b.rank
		}
	}
	return rows
}

// settle moves boxes below those that they read, and reports whether any moved.
func (p *Picture) settle() (moved bool) {
	for _, e := range p.edges {
		if e.from.backward == e.to.backward && e.to.rank <= e.from.rank {
			e.to.rank, moved = e.from.rank+1, true
		}
	}
	return moved
}

// columns assigns columns: a box is below one that it reads if possible, preferably of the same
// block.
func (p *Picture) columns(rows int) {
	first := 0
	for _, backward := range []bool{false, true} {
		taken := map[[2]int]bool{}
		widest := first
		for i := range rows {
			row := i
			if backward {
				row = rows - 1 - i
			}
			for _, b := range p.boxes {
				if b.backward != backward || b.rank != row {
					continue
				}
				b.col = first
				if e := p.trunk(b); e != nil {
					b.col = e.from.col
				}
				for taken[[2]int{row, b.col}] {
					b.col++
				}
				taken[[2]int{row, b.col}] = true
				widest = max(widest, b.col)
			}
		}
		first = widest + 1
	}
}

// trunk returns the edge that decides a box's column: from the box that shares most of its path,
// and of these the nearest.
func (p *Picture) trunk(b *box) (best *edge) {
	shared := func(e *edge) int {
		a, c := strings.Split(e.from.path, "/"), strings.Split(b.path, "/")
		n := 0
		for n < len(a) && n < len(c) && a[n] == c[n] {
			n++
		}
		return n
	}
	for _, e := range p.edges {
		if e.to != b || e.from.backward != b.backward {
			continue
		}
		if best == nil || shared(e) > shared(best) ||
			shared(e) == shared(best) && abs(e.from.rank-b.rank) < abs(best.from.rank-b.rank) {
			best = e
		}
	}
	return best
}

// around reports whether an edge must go around other boxes.
func (e *edge) around() bool { return !e.across() && abs(e.from.rank-e.to.rank) != 1 }

// across reports whether an edge goes from the forward to the backward pass.
func (e *edge) across() bool { return e.from.backward != e.to.backward }

// tracks assigns each edge that goes around boxes a line of its own, beside the column of the box
// that it ends in.
func (p *Picture) tracks() {
	type lane struct{ col, track, row int }
	taken := map[lane]bool{}
	for span := 2; span <= len(p.boxes); span++ { // short ones nearest to the boxes
		for _, e := range p.edges {
			lo, hi := min(e.from.rank, e.to.rank), max(e.from.rank, e.to.rank)
			if !e.around() || hi-lo != span {
				continue
			}
			free := func(t int) bool {
				for r := lo; r < hi; r++ {
					if taken[lane{e.to.col, t, r}] {
						return false
					}
				}
				return true
			}
			for !free(e.track) {
				e.track++
			}
			for r := lo; r < hi; r++ {
				taken[lane{e.to.col, e.track, r}] = true
			}
		}
	}
}

// place converts rows and columns to pixels.
func (p *Picture) place(rows int) {
	cols := 0
	for _, b := range p.boxes {
		b.measure()
		cols = max(cols, b.col+1)
	}
	heights, widths, gutters := make([]float64, rows), make([]float64, cols), make([]float64, cols)
	for _, b := range p.boxes {
		heights[b.rank], widths[b.col] = max(heights[b.rank], b.h), max(widths[b.col], b.w)
	}
	for _, e := range p.edges {
		if e.around() {
			gutters[e.to.col] = max(gutters[e.to.col], float64(e.track+1)*trackStep)
		}
	}
	tops, middles := make([]float64, rows), make([]float64, cols)
	y := margin + rowGap
	for i := range rows {
		tops[i] = y
		y += heights[i] + rowGap
	}
	x := margin
	for i := range cols {
		left, right := gutters[i]+2*padding, 4*padding
		if p.backwardColumn(i) {
			left, right = right, left+50 // space for the shape on the outermost line
		}
		middles[i] = x + left + widths[i]/2
		x += left + widths[i] + right
	}
	for _, b := range p.boxes {
		b.w = widths[b.col]
		b.x, b.y = middles[b.col], tops[b.rank]+(heights[b.rank]-b.h)/2
	}
}

func (p *Picture) backwardColumn(col int) bool {
	for _, b := range p.boxes {
		if b.col == col {
			return b.backward
		}
	}
	return false
}

func abs(x int) int { return max(x, -x) }
