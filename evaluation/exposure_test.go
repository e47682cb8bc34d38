package evaluation

import (
	"context"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data"
	"euryale/training"
)

// remembering trains n-grams on a text with canaries of four digits, which counts learn by heart.
func remembering(t *testing.T) (*training.Saved, *data.Corpus) {
	t.Helper()
	var text strings.Builder
	rng := rand.New(rand.NewPCG(1, 2))
	for range 400 {
		text.WriteString(strings.Repeat(string(rune('a'+rng.IntN(6))), 1+rng.IntN(4)) + " 0123456789"[rng.IntN(8):] + "\n")
	}
	s := trained(t, "[model]\nname = \"ngram\"\n[data]\nname = \""+filepath.ToSlash(file(t, "text.txt", text.String()))+"\"\n",
		"data.canaries=4", "data.canary_repeats=200,1", "data.canary_format=key ####!", "training.steps=1")
	corpus, err := s.OpenCorpus(data.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { corpus.Close() })
	return s, corpus
}

// The exposure of secrets of four digits is that of their rank among all 10,000, whose losses are enumerated:
// exactly where it is counted, and within the interval where it is sampled.
func TestExposureAgreesWithEnumeration(t *testing.T) {
	s, corpus := remembering(t)
	g, err := s.Generator()
	require.NoError(t, err)
	planted, controls, err := corpus.Config.CanaryLines()
	require.NoError(t, err)
	all, err := Exposures(context.Background(), g, append(slices.Clone(planted), controls...), 1, nil)
	require.NoError(t, err)
	e := &exposing{g: g, canary: planted[0], digits: 4, scored: func(int) {}}
	var secrets []string
	for n := range 10_000 {
		secrets = append(secrets, string([]byte{byte('0' + n/1000), byte('0' + n/100%10), byte('0' + n/10%10), byte('0' + n%10)}))
	}
	losses, err := e.losses(context.Background(), secrets)
	require.NoError(t, err)
	for _, x := range all {
		rank := 1
		for _, l := range losses {
			if l < x.NLL-1e-9 {
				rank++
			}
		}
		want := math.Log2(10_000) - math.Log2(float64(rank))
		switch x.Method {
		case "exact":
			assert.InDelta(t, want, x.Exposure, 1e-6, "%+v", x)
		case "sampled":
			assert.True(t, want > x.Low-0.5 && want < x.High+0.5, "%+v, want %v", x, want)
		}
	}
	assert.Equal(t, "exact", all[0].Method)
	assert.Greater(t, all[0].Exposure, 11.0, "planted 200 times: among the first")
	mean := 0.0
	for _, x := range all[len(planted):] {
		mean += x.Exposure / float64(len(controls))
	}
	assert.Less(t, mean, 4.0, "not planted")
}

// By hand: a skew-normal distribution without skew is normal, and its tails are those of erfc, however far;
// with skew its whole is 1, and it has the moments of the sample.
func TestSkewNormal(t *testing.T) {
	normal := skewNormal{0, 1, 0}
	for _, x := range []float64{0, -1, -5, -20} {
		assert.InDelta(t, math.Log(math.Erfc(-x/math.Sqrt2)/2), normal.logTail(x), 1e-5, "%v", x)
	}
	assert.InDelta(t, logPhi(-40), normal.logTail(-40), 1e-3)
	assert.InDelta(t, logPhi(-29.999), logPhi(-30.001)+30*0.002, 1e-2, "both forms agree where they meet")
	rng := rand.New(rand.NewPCG(3, 4))
	var sample []float64
	for range 200_000 { // δ·|u| + √(1 − δ²)·v
		sample = append(sample, 5+2*(0.9*math.Abs(rng.NormFloat64())+math.Sqrt(1-0.81)*rng.NormFloat64()))
	}
	f := fitSkewNormal(sample)
	assert.InDelta(t, 5, f.xi, 0.1)
	assert.InDelta(t, 2, f.omega, 0.1)
	assert.InDelta(t, 0.9/math.Sqrt(1-0.81), f.alpha, 0.3)
	assert.InDelta(t, 0, f.logTail(40), 1e-3)
	slices.Sort(sample)
	assert.InDelta(t, math.Log(0.01), f.logTail(sample[2000]), 0.05)
}

// The measures of a run that learned its secrets: what it generates stands in the training text, and the sections
// of the card can be saved.
func TestRemember(t *testing.T) {
	s, _ := remembering(t)
	m, err := Remember(context.Background(), s, MemoryOptions{Prefix: 8, Prompts: 20, Texts: 3, Tokens: 60, Seed: 1})
	require.NoError(t, err)
	assert.Len(t, m.Canaries, 4)
	assert.Len(t, m.Unplanted, 4)
	assert.Equal(t, 3, m.Copied.Texts)
	assert.NotEmpty(t, m.Copied.Longest)
	assert.Len(t, m.Copied.Grams, len(GramSizes))
	assert.InDelta(t, 4*math.Log2(10), m.Secrets, 1e-9)
	assert.Contains(t, m.String(), m.Canaries[0].Secret)
	for _, section := range m.Sections("evaluate -copied") {
		require.NoError(t, section.Save(t.TempDir()))
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	_, err = Remember(ctx, s, MemoryOptions{})
	assert.ErrorIs(t, err, context.Canceled)
}
