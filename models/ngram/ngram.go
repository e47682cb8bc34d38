// Package ngram predicts tokens from counts of n-grams: interpolated modified Kneser–Ney
// smoothing (Chen and Goodman 1998, §3).
//
// With h the n−1 tokens before w, h' the n−2 before it, c a count and D its discount,
//
//	p(w|h) = (c(hw) − D(c(hw)))/c(h·) + γ(h)·p(w|h')
//
// down to the uniform distribution over the vocabulary. At the highest order c counts
// occurrences; at all lower orders it counts the different tokens that came before. γ(h)
// is the probability mass that the discounts remove, so that the probabilities of all tokens add up to
// one after every history.
package ngram

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"
)

// MaxOrder is the most tokens of an n-gram.
const MaxOrder = 16

// Model is a smoothed n-gram model. It is immutable.
type Model struct {
	vocab  int
	levels []level // of 1-grams, 2-grams and so on
}

// level holds the n-grams of one length.
type level struct {
	n        int
	grams    []int32 // (rows, n), sorted
	counts   []int32 // (rows), at least 1
	starts   []int32 // first row of each context (a row's tokens but the last), and the end of all
	discount [3]float64
	total    []float64 // of each context: sum of its counts
	gamma    []float64 // of each context: the probability mass of its discounts
}

// newModel returns a model of the given levels, which it prepares.
func newModel(vocab int, levels []level) *Model {
	m := &Model{vocab: vocab, levels: levels}
	for i := range m.levels {
		m.levels[i].prepare()
	}
	return m
}

// Vocab returns the size of the vocabulary.
func (m *Model) Vocab() int { return m.vocab }

// Order returns n.
func (m *Model) Order() int { return len(m.levels) }

// Grams returns the number of different n-grams of each length, from 1.
func (m *Model) Grams() []int {
	rows := make([]int, len(m.levels))
	for i, l := range m.levels {
		rows[i] = len(l.counts)
	}
	return rows
}

func (l *level) row(i int32) []int32 { return l.grams[int(i)*l.n : int(i+1)*l.n] }

// prepare computes the contexts, the discounts, and the sums of each context.
func (l *level) prepare() {
	l.discount = discounts(l.counts)
	l.starts, l.total, l.gamma = nil, nil, nil
	for i := range int32(len(l.counts)) {
		if i == 0 || !slices.Equal(l.row(i)[:l.n-1], l.row(i - 1)[:l.n-1]) {
			l.starts, l.total, l.gamma = append(l.starts, i), append(l.total, 0), append(l.gamma, 0)
		}
		at := len(l.total) - 1
		l.total[at] += float64(l.counts[i])
		l.gamma[at] += l.discountOf(l.counts[i])
	}
	for i, t := range l.total {
		l.gamma[i] /= t
	}
	l.starts = append(l.starts, int32(len(l.counts)))
}

func (l *level) discountOf(count int32) float64 { return l.discount[min(count, 3)-1] }

// defaultDiscounts are used where there is too little text to estimate discounts.
var defaultDiscounts = [3]float64{0.5, 1, 1.5}

// discounts estimates the discounts of counts of 1, of 2, and of 3 or more (Chen and Goodman
// 1998, eq. 26). Estimates of nothing, or of the whole count, are replaced by the defaults.
func discounts(counts []int32) [3]float64 {
	var n [5]float64 // how many grams have each count
	for _, c := range counts {
		if c < 5 {
			n[c]++
		}
	}
	if n[1] == 0 || n[2] == 0 || n[3] == 0 {
		return defaultDiscounts
	}
	y := n[1] / (n[1] + 2*n[2])
	d := [3]float64{1 - 2*y*n[2]/n[1], 2 - 3*y*n[3]/n[2], 3 - 4*y*n[4]/n[3]}
	for i := range d {
		if !(d[i] > 0 && d[i] < float64(i+1)) { // 0 would leave no probability to unseen tokens
			return defaultDiscounts
		}
	}
	return d
}

// find returns the index of a context, or −1.
func (l *level) find(context []int32) int {
	i := sort.Search(len(l.total), func(i int) bool { return slices.Compare(l.row(l.starts[i])[:l.n-1], context) >= 0 })
	if i < len(l.total) && slices.Equal(l.row(l.starts[i])[:l.n-1], context) {
		return i
	}
	return -1
}

// count returns how often w follows the i-th context.
func (l *level) count(i int, w int32) int32 {
	from, to := int(l.starts[i]), int(l.starts[i+1])
	at, ok := sort.Find(to-from, func(j int) int { return cmp.Compare(w, l.row(int32(from + j))[l.n-1]) })
	if !ok {
		return 0
	}
	return l.counts[from+at]
}

// context returns the last n−1 tokens of a history, with start marks before its beginning.
func (m *Model) context(history []int) ([]int32, error) {
	n := len(m.levels) - 1
	h := make([]int32, n)
	for i := range h {
		h[i] = int32(m.vocab)
		if at := len(history) - n + i; at >= 0 {
			if history[at] < 0 || history[at] >= m.vocab {
				return nil, fmt.Errorf("token %d of the history is %d, want 0 to %d", at, history[at], m.vocab-1)
			}
			h[i] = int32(history[at])
		}
	}
	return h, nil
}

// LogProb returns the log-probability of token w after a history, in nats.
func (m *Model) LogProb(history []int, w int) (float64, error) {
	h, err := m.context(history)
	if err != nil {
		return 0, err
	}
	if w < 0 || w >= m.vocab {
		return 0, fmt.Errorf("the token is %d, want 0 to %d", w, m.vocab-1)
	}
	p := 1 / float64(m.vocab)
	for i := range m.levels {
		l := &m.levels[i]
		at := l.find(h[len(h)-i:])
		if at < 0 {
			break // longer contexts are unseen too
		}
		p *= l.gamma[at]
		if c := l.count(at, int32(w)); c > 0 {
			p += (float64(c) - l.discountOf(c)) / l.total[at]
		}
	}
	return math.Log(p), nil
}

// LogProbs writes the log-probability of every token after a history into out (V), in
// nats.
func (m *Model) LogProbs(history []int, out []float32) error {
	h, err := m.context(history)
	if err != nil {
		return err
	}
	p := make([]float64, m.vocab)
	for i := range p {
		p[i] = 1 / float64(m.vocab)
	}
	for i := range m.levels {
		l := &m.levels[i]
		at := l.find(h[len(h)-i:])
		if at < 0 {
			break
		}
		for w := range p {
			p[w] *= l.gamma[at]
		}
		for j := l.starts[at]; j < l.starts[at+1]; j++ {
			p[l.row(j)[l.n-1]] += (float64(l.counts[j]) - l.discountOf(l.counts[j])) / l.total[at]
		}
	}
	for w := range p {
		out[w] = float32(math.Log(p[w]))
	}
	return nil
}
