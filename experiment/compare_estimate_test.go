package experiment

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

// world is a population of texts and seeds with known effects: the loss of a run on a block is
// the sum of its definition's mean, the block's difficulty, how the definition takes to the block,
// the run's seed, and noise of the two.
type world struct {
	gain, text, seed, noise float64
	blocks                  int
}

// draw returns the runs of two definitions on one text, as scores where higher is better.
func (w world) draw(rng *rand.Rand, runs [2]int) (groups [2][]scorer) {
	hard := make([]float64, w.blocks)
	for i := range hard {
		hard[i] = rng.NormFloat64()
	}
	for g, n := range runs {
		taste := make([]float64, w.blocks)
		for i := range taste {
			taste[i] = w.text / math.Sqrt2 * rng.NormFloat64()
		}
		for range n {
			x, seed := make([]float64, w.blocks), w.seed*rng.NormFloat64()
			for i := range x {
				x[i] = hard[i] + taste[i] + seed + w.noise*rng.NormFloat64() + float64(g)*w.gain
			}
			groups[g] = append(groups[g], func(pick []int) float64 {
				sum := 0.0
				for _, i := range pick {
					sum += x[i]
				}
				return sum / float64(len(pick))
			})
		}
	}
	return groups
}

// coverage returns how many of so many intervals contain the true gain.
func (w world) coverage(runs [2]int, draws int) float64 {
	rng := rand.New(rand.NewPCG(7, 8))
	hits := 0
	for range draws {
		g := w.draw(rng, runs)
		if e := estimate(g[0], g[1], w.blocks, 0.95, [2]bool{}); math.Abs(e.Gain-w.gain) <= e.Half {
			hits++
		}
	}
	return float64(hits) / float64(draws)
}

// A 95 % interval contains the true difference of the definitions in about 95 % of draws of text
// and seeds, whichever of them varies most. With 200 draws the standard error is 1.5 %.
func TestIntervalCovers(t *testing.T) {
	for name, c := range map[string]struct {
		w    world
		runs [2]int
	}{
		"seeds vary":       {world{0.02, 0.05, 0.02, 0.05, 40}, [2]int{3, 3}},
		"texts vary":       {world{0.02, 0.3, 0.005, 0.05, 40}, [2]int{3, 3}},
		"only noise":       {world{0, 0, 0, 0.2, 40}, [2]int{4, 4}},
		"two seeds":        {world{0.05, 0.05, 0.02, 0.05, 40}, [2]int{2, 2}},
		"unequal":          {world{0.05, 0.1, 0.02, 0.05, 40}, [2]int{3, 6}},
		"one against four": {world{0.05, 0.1, 0.02, 0.05, 40}, [2]int{1, 4}},
	} {
		covered := c.w.coverage(c.runs, 200)
		t.Logf("%s: %.3f", name, covered)
		assert.GreaterOrEqual(t, covered, 0.90, name)
		assert.LessOrEqual(t, covered, 0.99, name)
	}
}

// Without the variance over seeds, which single runs cannot show, an interval would not cover the
// difference of the definitions: it is said to be about the runs.
func TestSingleRuns(t *testing.T) {
	w := world{0, 0.02, 0.05, 0.02, 40}
	assert.Less(t, w.coverage([2]int{1, 1}, 100), 0.5)
	g := w.draw(rand.New(rand.NewPCG(1, 1)), [2]int{1, 1})
	e := estimate(g[0], g[1], w.blocks, 0.95, [2]bool{})
	assert.True(t, e.OfRuns)
	assert.False(t, e.Borrowed)
	assert.True(t, estimate(g[0], g[1], w.blocks, 0.95, [2]bool{true, false}).OfRuns, "B has a seed")
	assert.False(t, estimate(g[0], g[1], w.blocks, 0.95, [2]bool{true, true}).OfRuns, "neither has one")
	g = w.draw(rand.New(rand.NewPCG(1, 1)), [2]int{1, 3})
	assert.True(t, estimate(g[0], g[1], w.blocks, 0.95, [2]bool{}).Borrowed)
}

// As many more seeds as are said to be needed make the interval exclude 0; a difference that the
// text is too short for is never told.
func TestMoreSeeds(t *testing.T) {
	v := variances{text: 1e-6, blocks: 50, seed: [2]float64{4e-4, 4e-4}, df: [2]float64{2, 2}, known: [2]bool{true, true}}
	e := Estimate{Gain: 0.02, Level: 0.95, Seeds: [2]int{3, 3}}
	assert.Greater(t, v.half(0.95, e.Seeds), 0.02)
	more := v.moreSeeds(e)
	// 2·(0.02)²·t²/n + … < 0.02² needs n a little over 2·1.96² = 7.7.
	assert.InDelta(t, 10-3, more, 1)
	e.Gain = 0.001
	assert.Equal(t, -1, v.moreSeeds(e))
}
