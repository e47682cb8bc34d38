package generation

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sortedDraw samples as draw does, by sorting all tokens in float64: slow, and plain.
func sortedDraw(s Settings, rng *rand.Rand, logits []float32) int {
	type weighted struct {
		id int
		p  float64
	}
	top := logits[argmax(logits)]
	var c []weighted
	sum := 0.0
	for id, l := range logits {
		p := float64(float32(math.Exp(float64((l - top) * float32(1/s.Temperature)))))
		if p > 0 && p >= s.MinP {
			c = append(c, weighted{id, p})
			sum += p
		}
	}
	order := func() {
		slices.SortFunc(c, func(a, b weighted) int { return cmp.Or(cmp.Compare(b.p, a.p), cmp.Compare(a.id, b.id)) })
	}
	if s.TopK > 0 && s.TopK < len(c) {
		order()
		c, sum = c[:s.TopK], 0
		for _, x := range c {
			sum += x.p
		}
	}
	if s.TopP > 0 && s.TopP < 1 {
		order()
		reached := 0.0
		for i, x := range c {
			if reached += x.p; reached >= s.TopP*sum {
				c = c[:i+1]
				break
			}
		}
		sum = reached
	}
	x := rng.Float64() * sum
	for _, t := range c {
		if x -= t.p; x < 0 {
			return t.id
		}
	}
	return c[len(c)-1].id
}

// What is selected is what sorting gives, for the same random numbers, ties included.
func TestSelectionAgreesWithSorting(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 5))
	for trial := range 3000 {
		logits := make([]float32, 1+rng.IntN(300))
		for i := range logits {
			logits[i] = float32(math.Round(4*rng.NormFloat64()*float64(trial%7)) / 4) // with many ties; all the same at first
		}
		s := Settings{Tokens: 1, Temperature: []float64{1, 0.3, 2}[trial%3], Seed: uint64(trial)}
		if trial%2 == 0 {
			s.TopK = 1 + rng.IntN(2*len(logits))
		}
		if trial%5 < 3 {
			s.TopP = 0.05 + 0.95*rng.Float64()
		}
		if trial%4 == 0 {
			s.MinP = 0.3 * rng.Float64()
		}
		draw := newSampler(s, Prompt{}, nil, 0)
		id, _, err := draw.next(logits, nil)
		require.NoError(t, err)
		require.Equal(t, sortedDraw(s, newSampler(s, Prompt{}, nil, 0).rng, logits), id, "trial %d: %+v of %d logits", trial, s, len(logits))
	}
}

// Sampling makes no garbage once its buffers are there.
func TestSamplingDoesNotAllocate(t *testing.T) {
	logits := make([]float32, 5000)
	for i := range logits {
		logits[i] = float32(i % 97)
	}
	for _, s := range []Settings{{Temperature: 0}, {Temperature: 1}, {Temperature: 1, TopK: 50}, {Temperature: 1, TopP: 0.9}, {Temperature: 1, MinP: 0.1}} {
		draw := newSampler(s, Prompt{}, nil, 0)
		sample := func() { _, _, _ = draw.next(logits, nil) }
		sample()
		assert.Zero(t, testing.AllocsPerRun(10, sample), "%+v", s)
	}
}

// BenchmarkSample samples from GPT-2's vocabulary, with logits as flat as they can be and as
// a model has them.
func BenchmarkSample(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	for name, scale := range map[string]float64{"flat": 0.01, "usual": 3} {
		logits := make([]float32, 50257)
		for i := range logits {
			logits[i] = float32(scale * rng.NormFloat64())
		}
		for _, s := range []Settings{{}, {Temperature: 1}, {Temperature: 1, TopK: 50}, {Temperature: 1, TopP: 0.95}, {Temperature: 1, MinP: 0.05}} {
			b.Run(fmt.Sprintf("%s/temperature=%v,top-k=%d,top-p=%v,min-p=%v", name, s.Temperature, s.TopK, s.TopP, s.MinP), func(b *testing.B) {
				draw := newSampler(s, Prompt{}, nil, 0)
				for b.Loop() {
					if _, _, err := draw.next(logits, nil); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
