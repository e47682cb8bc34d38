package generation

// choice is a token that may be sampled, and its weight or logit.
type choice struct {
	id int32
	p  float32
}

// before reports whether a comes before b: heavier, or with the lower id where they weigh
// the same.
func (a choice) before(b choice) bool { return a.p > b.p || a.p == b.p && a.id < b.id }

// largest appends the k largest of logits to c, in no particular order. Of equal ones it
// takes those with the lowest ids. It keeps them in a heap whose root comes last of them.
func largest(c []choice, logits []float32, k int) []choice {
	c = c[:0]
	for id, l := range logits {
		switch {
		case len(c) < k:
			c = append(c, choice{int32(id), l})
			for i := len(c) - 1; i > 0 && c[(i-1)/2].before(c[i]); i = (i - 1) / 2 {
				c[i], c[(i-1)/2] = c[(i-1)/2], c[i]
			}
		case l > c[0].p:
			c[0] = choice{int32(id), l}
			sink(c)
		}
	}
	return c
}

// sink restores the heap after its root has changed.
func sink(c []choice) {
	for i := 0; ; {
		child := 2*i + 1
		if child >= len(c) {
			return
		}
		if child+1 < len(c) && c[child].before(c[child+1]) {
			child++
		}
		if c[child].before(c[i]) {
			return
		}
		c[i], c[child] = c[child], c[i]
		i = child
	}
}

// reach reorders c so that c[:n] are the first of it in order, as few as make over true of
// the sum of their weights, which it returns with n: a quickselect by weight. If nothing
// makes it true, n is len(c).
func reach(c []choice, over func(sum float64) bool) (n int, sum float64) {
	lo, hi := 0, len(c)
	for hi-lo > 1 {
		m := partition(c[lo:hi]) + lo
		left := sum
		for _, x := range c[lo:m] {
			left += float64(x.p)
		}
		with := left + float64(c[m].p)
		switch {
		case m > lo && over(left):
			hi = m
		case over(with):
			return m + 1, with
		default:
			lo, sum = m+1, with
		}
	}
	if lo < hi {
		lo, sum = lo+1, sum+float64(c[lo].p)
	}
	return lo, sum
}

// partition puts the choices that come before a pivot in front of it, and returns its index.
func partition(c []choice) int {
	first, middle, last := 0, len(c)/2, len(c)-1
	if c[middle].before(c[first]) {
		c[first], c[middle] = c[middle], c[first]
	}
	if c[last].before(c[first]) {
		c[first], c[last] = c[last], c[first]
	}
	if c[last].before(c[middle]) {
		c[middle], c[last] = c[last], c[middle]
	}
	pivot := c[middle]
	c[middle], c[last] = c[last], c[middle]
	at := 0
	for i := range c[:last] {
		if c[i].before(pivot) {
			c[i], c[at] = c[at], c[i]
			at++
		}
	}
	c[at], c[last] = c[last], c[at]
	return at
}
