package ops

// padding says which rows of the values that have a row for each token hold tokens in a run.
type padding struct {
	n    int   // rows of these values
	rows []int // those that hold tokens, ascending
	x32  []float32
	x64  []float64
}

// SkipPadding has products of values of n rows compute only the given rows, ascending, in later runs, and
// write zero into the others. With as many rows as values have it computes them all again.
func (t *Tape) SkipPadding(n int, rows []int) {
	t.padding.n, t.padding.rows = n, append(t.padding.rows[:0], rows...)
}

// skips reports whether products of values of n rows skip some of them.
func (p *padding) skips(n int) bool { return p.n == n && len(p.rows) < n }

// tokenRows returns the rows of x (n, d) that hold tokens, without gaps. The next call overwrites them.
func tokenRows[T Float](p *padding, x []T, d int) []T {
	if n := len(p.rows); n == 0 || p.rows[n-1] == n-1 { // the first rows
		return x[:n*d]
	}
	var y []T
	switch to := any(&y).(type) {
	case *[]float32:
		p.x32 = grown(p.x32, len(p.rows)*d)
		*to = p.x32
	case *[]float64:
		p.x64 = grown(p.x64, len(p.rows)*d)
		*to = p.x64
	}
	for i, r := range p.rows {
		copy(y[i*d:(i+1)*d], x[r*d:])
	}
	return y
}

func grown[T Float](x []T, n int) []T {
	if cap(x) < n {
		return make([]T, n)
	}
	return x[:n]
}

// spread moves the first rows of y (n, d) to where the tokens are, and clears the others.
func spread[T Float](p *padding, y []T, d int) {
	end := p.n
	for i := len(p.rows) - 1; i >= 0; i-- {
		r := p.rows[i]
		clear(y[(r+1)*d : end*d])
		copy(y[r*d:(r+1)*d], y[i*d:(i+1)*d])
		end = r
	}
	clear(y[:end*d])
}
