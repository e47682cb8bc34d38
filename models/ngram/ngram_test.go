package ngram

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// counted reads one text as a language model's corpus deals it: each token a target.
func counted(t testing.TB, vocab, order int, texts ...[]int) *Model {
	t.Helper()
	c, err := NewCounter(vocab, order)
	require.NoError(t, err)
	for _, text := range texts {
		require.NoError(t, c.Read(text[:len(text)-1], text[1:], true))
	}
	m, err := c.Model()
	require.NoError(t, err)
	return m
}

// random is a text whose tokens are far from even.
func random(vocab, n int, seed uint64) []int {
	rng := rand.New(rand.NewPCG(seed, 1))
	text := make([]int, n)
	for i := range text {
		text[i] = int(float64(vocab) * math.Pow(rng.Float64(), 3))
		if i > 1 && rng.IntN(2) == 0 {
			text[i] = (text[i-1] + text[i-2]) % vocab
		}
	}
	return text
}

// Probabilities of all tokens add up to one, after histories that were seen and not.
func TestProbabilitiesAddUpToOne(t *testing.T) {
	const vocab = 13
	for order := 1; order <= 5; order++ {
		m := counted(t, vocab, order, random(vocab, 500, 3), random(vocab-2, 90, 4))
		rng := rand.New(rand.NewPCG(9, 9))
		for i := range 60 {
			history := make([]int, i%7)
			for j := range history {
				history[j] = rng.IntN(vocab)
			}
			all := make([]float32, vocab)
			require.NoError(t, m.LogProbs(history, all))
			sum := 0.0
			for w := range vocab {
				lp, err := m.LogProb(history, w)
				require.NoError(t, err)
				require.InDelta(t, lp, all[w], 1e-5*math.Abs(lp))
				sum += math.Exp(lp)
			}
			require.InDelta(t, 1, sum, 1e-12, "order %d after %v", order, history)
		}
	}
}

// eachOften is texts of two tokens: their 2-grams, all of different tokens, occur as often
// as times says.
func eachOften(times map[int]int) (texts [][]int) {
	next := 0
	for count := 1; count <= 4; count++ {
		for range times[count] {
			for range count {
				texts = append(texts, []int{next, next + 1})
			}
			next += 2
		}
	}
	return texts
}

// 24, 4, 3 and 3 grams seen once to four times give discounts of 0.75, 0.3125 and 0 by the
// formula. With these, what was seen three times would be all that its context allows.
func TestNoDiscountIsZero(t *testing.T) {
	m := counted(t, 68, 2, eachOften(map[int]int{1: 24, 2: 4, 3: 3, 4: 3})...)
	const thrice = 2 * (24 + 4) // the first token of the first gram that was seen three times
	lp, err := m.LogProb([]int{thrice}, thrice+1)
	require.NoError(t, err)
	// D₃ = 1.5: (3−1.5)/3 + 1.5/3·p, and p = (1−0.5)/34 + 0.5/68 for one of 34 followers.
	assert.InDelta(t, 0.5+0.5*(0.5/34+0.5/68), math.Exp(lp), 1e-12)
	checkDistribution(t, m, []int{thrice})
}

// checkDistribution checks that the probabilities of all tokens are positive and sum to 1.
func checkDistribution(t *testing.T, m *Model, history []int) {
	t.Helper()
	sum := 0.0
	for w := range m.Vocab() {
		lp, err := m.LogProb(history, w)
		require.NoError(t, err)
		require.False(t, math.IsInf(lp, 0) || math.IsNaN(lp) || lp > 0, "%v: token %d after %v", lp, w, history)
		sum += math.Exp(lp)
	}
	require.InDelta(t, 1, sum, 1e-12, "after %v", history)
}

// Whatever was counted, every token has a probability after every history.
func FuzzDistribution(f *testing.F) {
	f.Add(uint8(2), []byte("the rays of light which differ in colour\xffdiffer also in refrangibility"))
	var pairs []byte
	for _, text := range eachOften(map[int]int{1: 24, 2: 4, 3: 3, 4: 3}) {
		pairs = append(pairs, byte(text[0]), byte(text[1]), 0xff)
	}
	f.Add(uint8(1), pairs)
	f.Fuzz(func(t *testing.T, order uint8, raw []byte) {
		const vocab = 70
		var texts [][]int
		for _, piece := range bytes.Split(raw[:min(len(raw), 500)], []byte{0xff}) {
			if len(piece) < 2 {
				continue
			}
			texts = append(texts, make([]int, len(piece)))
			for i, b := range piece {
				texts[len(texts)-1][i] = int(b) % vocab
			}
		}
		if len(texts) == 0 {
			t.Skip()
		}
		m := counted(t, vocab, 1+int(order)%4, texts...)
		checkDistribution(t, m, nil)
		for _, text := range texts {
			checkDistribution(t, m, text)
			checkDistribution(t, m, text[:1])
		}
	})
}

// plain is modified Kneser–Ney straight from the paper's formulas, with maps and no
// thought of speed.
type plain struct {
	vocab  int
	counts []map[string]map[int]int // by length: context → token → count
}

func newPlain(vocab, order int, text []int) plain {
	p := plain{vocab, make([]map[string]map[int]int, order)}
	padded := text[1:]
	at := func(i int) int { // the text after start marks; its first token is only a history
		if i < 0 {
			return vocab
		}
		return text[i]
	}
	windows := map[string][]int{}
	var all [][]int
	for i := range padded {
		var g []int
		for j := i + 1 - (order - 1); j <= i+1; j++ {
			g = append(g, at(j))
		}
		all = append(all, g)
	}
	for n := order; n >= 1; n-- {
		p.counts[n-1] = map[string]map[int]int{}
		for _, g := range all {
			h := fmt.Sprint(g[:n-1])
			if p.counts[n-1][h] == nil {
				p.counts[n-1][h] = map[int]int{}
			}
			p.counts[n-1][h][g[n-1]]++
			windows[fmt.Sprint(n, g)] = g
		}
		all = all[:0:0]
		for key, g := range windows { // different n-grams, without their first token
			if len(g) == n && key == fmt.Sprint(n, g) {
				all = append(all, g[1:])
			}
		}
	}
	return p
}

func (p plain) prob(history []int, w int) float64 {
	n := len(history) + 1
	lower := 1 / float64(p.vocab)
	if n > 1 {
		lower = p.prob(history[1:], w)
	}
	var ns [5]float64
	for _, follow := range p.counts[n-1] {
		for _, c := range follow {
			if c < 5 {
				ns[c]++
			}
		}
	}
	y := ns[1] / (ns[1] + 2*ns[2])
	d := []float64{0, 1 - 2*y*ns[2]/ns[1], 2 - 3*y*ns[3]/ns[2], 3 - 4*y*ns[4]/ns[3]}
	for i, v := range d[1:] {
		if !(v > 0 && v < float64(i+1)) {
			d = []float64{0, 0.5, 1, 1.5}
		}
	}
	follow := p.counts[n-1][fmt.Sprint(history)]
	total, taken := 0.0, 0.0
	for _, c := range follow {
		total, taken = total+float64(c), taken+d[min(c, 3)]
	}
	if total == 0 {
		return lower
	}
	c := follow[w]
	return (float64(c)-d[min(c, 3)])/total + taken/total*lower
}

func TestAgreesWithThePaper(t *testing.T) {
	const vocab, order = 9, 4
	text := random(vocab, 700, 7)
	m, p := counted(t, vocab, order, text), newPlain(vocab, order, text)
	for i := 3; i < 200; i++ {
		history := text[i-3 : i]
		if i%2 == 0 {
			history = []int{text[i], text[i/2], text[i-1]} // often unseen
		}
		for w := range vocab {
			lp, err := m.LogProb(history, w)
			require.NoError(t, err)
			require.InDelta(t, p.prob(history, w), math.Exp(lp), 1e-12, "%d after %v", w, history)
		}
	}
}

// "0 1 0 1 0 2": counts of 2-grams 01 2 (of which one starts the text after a mark), 10 2,
// 02 1; continuation counts of 0: {1}, 1: {0}, 2: {0}. With too little text the discounts
// are 0.5, 1 and 1.5.
func TestByHand(t *testing.T) {
	m := counted(t, 3, 2, []int{0, 1, 0, 1, 0, 2})
	assert.Equal(t, []int{3, 3}, m.Grams())
	unigram := func(count float64) float64 { return (count-0.5)/3 + 0.5*1.0/3 } // γ = 3·0.5/3
	for w, want := range []float64{
		0 + 0.5*unigram(1),           // after 0: γ = (1+0.5)/3
		(2-1)/3.0 + 0.5*unigram(1),   // c(01) = 2
		(1-0.5)/3.0 + 0.5*unigram(1), // c(02) = 1
	} {
		lp, err := m.LogProb([]int{0}, w)
		require.NoError(t, err)
		assert.InDelta(t, want, math.Exp(lp), 1e-12, "%d after 0", w)
	}
}

// Sequences that continue are one text; padding and targets of −1 are not counted.
func TestSequences(t *testing.T) {
	text := random(7, 101, 5)
	whole := counted(t, 7, 3, text)
	c, err := NewCounter(7, 3)
	require.NoError(t, err)
	for i := 0; i < 100; i += 20 {
		require.NoError(t, c.Read(text[i:i+20], text[i+1:i+21], i == 0))
	}
	require.NoError(t, c.Read([]int{1, 2, -1, 6}, []int{-1, -1, -1, 6}, true))
	m, err := c.Model()
	require.NoError(t, err)
	assert.Equal(t, whole, m)
}

func TestRefuses(t *testing.T) {
	_, err := NewCounter(5, 0)
	assert.ErrorContains(t, err, "n-grams of 0 tokens from a vocabulary of 5")
	c, err := NewCounter(5, 2)
	require.NoError(t, err)
	_, err = c.Model()
	assert.ErrorContains(t, err, "no token to count")
	assert.ErrorContains(t, c.Read([]int{1, 5}, []int{2, 3}, true), "token 1 is 5")
	m := counted(t, 5, 2, []int{1, 2, 3})
	_, err = m.LogProb([]int{7}, 1)
	assert.ErrorContains(t, err, "token 0 of the history is 7, want 0 to 4")
	_, err = m.LogProb(nil, 5)
	assert.ErrorContains(t, err, "the token is 5, want 0 to 4")
}

// On Shakespeare's plays by characters each longer history helps, up to 3. Nothing that
// has so little context predicts them in less than 1 nat: that would be a mistake in the sums.
func TestShakespeare(t *testing.T) {
	raw, err := os.ReadFile("../../../shared/data/tinyshakespeare.txt")
	if err != nil {
		t.Skip(err)
	}
	text := make([]int, 300_000)
	for i := range text {
		text[i] = int(raw[i])
	}
	train, valid := text[:270_000], text[270_000:]
	before := math.Inf(1)
	for order := 1; order <= 4; order++ {
		m := counted(t, 256, order, train)
		nll := 0.0
		for i := 4; i < len(valid); i++ {
			lp, err := m.LogProb(valid[i-4:i], valid[i])
			require.NoError(t, err)
			nll -= lp / float64(len(valid)-4)
		}
		t.Logf("order %d: %.4f nats per character, %v", order, nll, m.Grams())
		assert.Less(t, nll, before)
		before = nll
	}
	assert.Greater(t, before, 1.0)
}
