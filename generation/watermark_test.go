package generation

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/generation/watermark"
)

// numbered returns a key of a method whose secret is a number.
func numbered(method string, n uint64, context int) *watermark.Key {
	k := &watermark.Key{Method: method, Secret: binary.LittleEndian.AppendUint64(make([]byte, 24), n), Context: context}
	if method == watermark.Tournament {
		k.Layers = 30
	} else {
		k.Gamma, k.Delta = 0.25, 2
	}
	return k
}

// A tournament, layer by layer as it is played: of two samples of the layer before, that with the greater
// g-value wins, and each in half of the cases where they are equal.
func plainTournament(p []float64, bits []uint64, layers int) []float64 {
	for l := range layers {
		normalise(p)
		next := make([]float64, len(p))
		for a, pa := range p {
			for b, pb := range p {
				switch ga, gb := bits[a]>>l&1, bits[b]>>l&1; {
				case ga > gb:
					next[a] += pa * pb
				case gb > ga:
					next[b] += pa * pb
				default:
					next[a] += pa * pb / 2
					next[b] += pa * pb / 2
				}
			}
		}
		p = next
	}
	return p
}

// normalise divides probabilities by their sum.
func normalise(p []float64) {
	sum := 0.0
	for _, x := range p {
		sum += x
	}
	for i := range p {
		p[i] /= sum
	}
}

// plainWatermark is the plain form of the processor.
func plainWatermark(l []float64, s Settings, prompt, out []int) {
	seen := slices.Concat(prompt, out)
	n, ok := s.Watermark.Numbers(seen)
	if !ok {
		return
	}
	if s.Watermark.Method == watermark.GreenList {
		for id := range l {
			if n.Green(id) {
				l[id] += s.Watermark.Delta
			}
		}
		return
	}
	context := func(end int) string { return fmt.Sprint(seen[end-s.Watermark.Context : end]) }
	for i := range out {
		if end := len(prompt) + i; end >= s.Watermark.Context && context(end) == context(len(seen)) {
			return
		}
	}
	bits := make([]uint64, len(l))
	for id := range bits {
		bits[id] = n.Bits(id)
	}
	for id, p := range plainTournament(softmax(l), bits, s.Watermark.Layers) {
		l[id] = math.Log(p)
	}
}

// Over all g-values, which are enumerated, a tournament of two layers leaves the distribution of the model.
func TestTournamentDoesNotDistort(t *testing.T) {
	p := []float64{0.5, 0.3, 0.15, 0.05}
	const layers = 2
	mean := make([]float64, len(p))
	all := 1 << (layers * len(p))
	for g := range all {
		tokens := make([]marked, len(p))
		for id := range tokens {
			tokens[id] = marked{int32(id), uint64(g >> (layers * id) & (1<<layers - 1)), p[id], 0}
		}
		playLayers(tokens, 0, layers)
		for id, m := range tokens {
			mean[id] += m.p / float64(all)
			assert.InDelta(t, m.p, p[id]*math.Exp(m.log), 1e-12)
		}
	}
	assert.InDeltaSlice(t, p, mean, 1e-12)
}

// Over 4000 keys, texts of four tokens have the distribution that they have without watermark, even where their
// contexts repeat: a χ² test at 0.1 %.
func TestTextsOfATournamentAreNotDistorted(t *testing.T) {
	g := newGenerator(t, 24)
	p := g.prompt(t, "abc春abc")
	s, read := Settings{Tokens: 4, Temperature: 1.2, TopK: 3}, g.reading(t)
	want := enumerated(t, read, p, s)
	counts := map[string]int{}
	const n = 4000
	for i := range n {
		s.Watermark, s.Seed = numbered(watermark.Tournament, uint64(i), 1), uint64(i)
		d, seen := newSampler(s, p, nil, 0), slices.Clone(p.Tokens)
		for range s.Tokens {
			id, _, err := d.next(read(seen), seen)
			require.NoError(t, err)
			seen = append(seen, id)
		}
		counts[fmt.Sprint(seen[len(p.Tokens):])]++
	}
	checkChiSquare(t, want, counts, n)
}

// A green list adds δ to the logits of its tokens alone, with all candidates and with few.
func TestGreenListAddsDelta(t *testing.T) {
	logits := []float32{1, 0.5, 0, -0.5, -1, -2, 0.2, 0.3}
	k := numbered(watermark.GreenList, 3, 2)
	n, _ := k.Numbers([]int{8, 9})
	for _, top := range []int{0, 4} {
		plain, d := newSampler(Settings{Temperature: 1, TopK: top}, Prompt{}, nil, 0), newSampler(Settings{Temperature: 1, TopK: top, Watermark: k}, Prompt{}, nil, 0)
		require.NoError(t, plain.process(logits, []int{8, 9}))
		require.NoError(t, d.process(logits, []int{8, 9}))
		green := 0
		for id, l := range plain.c.Logits {
			switch {
			case l == never:
				assert.Equal(t, never, d.c.Logits[id], "a cut token stays cut")
			case n.Green(id):
				green++
				assert.Equal(t, l+2, d.c.Logits[id])
			default:
				assert.Equal(t, l, d.c.Logits[id])
			}
		}
		assert.Positive(t, green)
		require.NoError(t, d.process(logits, []int{9}), "too few tokens before")
		assert.Equal(t, plain.c.Logits, d.c.Logits)
	}
}

// Watermarked texts do not depend on the batch, stream as they are, and are found; guessed ones have the
// distribution of those that are not guessed, and greedy ones are the same.
func TestWatermarkedTexts(t *testing.T) {
	g := newGenerator(t, 24)
	prompts := randomPrompts(g, rand.New(rand.NewPCG(3, 4)), 12)
	for _, method := range []string{watermark.GreenList, watermark.Tournament} {
		s := Settings{Tokens: 60, Temperature: 1, TopP: 0.9, Seed: 5, Watermark: numbered(method, 1, 4)}
		var want []Result
		for _, p := range prompts {
			streamed := ""
			r, err := g.Generate(context.Background(), p, s, 1, func(_ int, piece string) { streamed += piece })
			require.NoError(t, err)
			assert.Equal(t, r[0].Text, streamed)
			want = append(want, r[0])
			found, err := s.Watermark.Detect(r[0].Tokens)
			require.NoError(t, err)
			assert.Less(t, found.P, 0.01, "z = %.1f", found.Z)
			found, err = numbered(method, 2, 4).Detect(r[0].Tokens)
			require.NoError(t, err)
			assert.Greater(t, found.P, 1e-4, "another key")
		}
		order := []int{7, 2, 0, 1, 11, 4, 3, 10, 8, 9, 5, 6}
		for at, r := range batchOf(t, g, 5, s, prompts, order) {
			assert.Equal(t, want[order[at]].Tokens, r.Tokens, "prompt %d", order[at])
		}
	}
}

func TestGuessedWatermarks(t *testing.T) {
	g := newGenerator(t, 24)
	p := g.prompt(t, "abc春abc")
	for method, name := range map[string]string{watermark.GreenList: "a near draft", watermark.Tournament: "counts"} {
		s := Settings{Tokens: 5, Temperature: 1.2, TopK: 4, Watermark: numbered(method, 9, 2)}
		if method == watermark.Tournament {
			s.Watermark.Layers = 2 // more leave nearly one text
		}
		t.Run(method, func(t *testing.T) {
			checkGuessed(t, g, speculations(t, g)[name], p, s, enumerated(t, g.reading(t), p, s))
		})
	}
	s := Settings{Tokens: 30, Watermark: numbered(watermark.GreenList, 9, 2)}
	want, err := g.Generate(context.Background(), p, s, 1, nil)
	require.NoError(t, err)
	g.Speculation = &Speculation{Tokens: 3}
	got, err := g.Generate(context.Background(), p, s, 1, nil)
	require.NoError(t, err)
	assert.Equal(t, want[0].Tokens, got[0].Tokens)
}

func TestWatermarkErrors(t *testing.T) {
	tournament := numbered(watermark.Tournament, 1, 4)
	short := numbered(watermark.GreenList, 1, 4)
	short.Secret = short.Secret[:9]
	for want, s := range map[string]Settings{
		"watermark: a tournament changes how tokens are sampled": {Watermark: tournament},
		"do not: set a temperature and no beams":                 {Watermark: tournament, Temperature: 1, Beams: 4},
		"watermark: the secret has 9 bytes, want 32":             {Watermark: short},
		"watermark must be the last":                             {Watermark: tournament, Temperature: 0.9, Order: []string{"watermark", "temperature"}},
		"watermark is set, and the list does not name it":        {Watermark: tournament, Temperature: 0.9, Order: []string{"temperature"}},
	} {
		assert.ErrorContains(t, s.Check(), want)
	}
	chain, err := Settings{Watermark: tournament, Temperature: 0.9, TopK: 3}.Chain()
	require.NoError(t, err)
	assert.Equal(t, "temperature,top-k,watermark", chain.String())
}

func BenchmarkWatermark(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, vocab := range []int{4096, 50257} {
		logits := make([]float32, vocab)
		for i := range logits {
			logits[i] = float32(3 * rng.NormFloat64())
		}
		for _, method := range []string{"none", watermark.GreenList, watermark.Tournament} {
			for name, s := range map[string]Settings{"all": {Temperature: 1}, "top-k=50": {Temperature: 1, TopK: 50}} {
				if method != "none" {
					s.Watermark = numbered(method, 1, 4)
				}
				b.Run(fmt.Sprintf("%s/%s/V=%d", method, name, vocab), func(b *testing.B) {
					d := newSampler(s, Prompt{}, nil, 0)
					for b.Loop() {
						if _, _, err := d.next(logits, []int{1, 2, 3, 4}); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}
