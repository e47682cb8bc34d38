package generation

import (
	"cmp"
	"context"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/generation/watermark"
)

// plain are the processors by name, written as their papers and Hugging Face have them: in float64, with
// sorted copies of everything, on the logits l of what follows prompt and out.
var plain = map[string]func(l []float64, s Settings, prompt, out []int){
	"logit-bias": func(l []float64, s Settings, _, _ []int) {
		for id, b := range s.LogitBias {
			l[id] += b
		}
	},
	"repetition-penalty": func(l []float64, s Settings, prompt, out []int) {
		for id := range l {
			if !slices.Contains(slices.Concat(prompt, out), id) {
				continue
			}
			if l[id] > 0 {
				l[id] /= s.RepetitionPenalty
			} else {
				l[id] *= s.RepetitionPenalty
			}
		}
	},
	"frequency-penalty": func(l []float64, s Settings, _, out []int) {
		for _, id := range out {
			l[id] -= s.FrequencyPenalty
		}
	},
	"presence-penalty": func(l []float64, s Settings, _, out []int) {
		for id := range l {
			if slices.Contains(out, id) {
				l[id] -= s.PresencePenalty
			}
		}
	},
	"no-repeat": func(l []float64, s Settings, prompt, out []int) {
		seen := slices.Concat(prompt, out)
		for id := range l {
			next := append(slices.Clone(seen), id)
			last := next[max(0, len(next)-s.NoRepeat):]
			for i := 0; i+s.NoRepeat < len(next); i++ {
				if slices.Equal(next[i:i+s.NoRepeat], last) {
					l[id] = math.Inf(-1)
				}
			}
		}
	},
	"bad-words": func(l []float64, s Settings, prompt, out []int) {
		for id := range l {
			next := append(slices.Concat(prompt, out), id)
			for _, word := range s.BadWords {
				if len(next) >= len(word) && slices.Equal(next[len(next)-len(word):], word) {
					l[id] = math.Inf(-1)
				}
			}
		}
	},
	"min-tokens": func(l []float64, s Settings, _, out []int) {
		if len(out) < s.MinTokens {
			l[plainEnd] = math.Inf(-1)
		}
	},
	"length-decay": func(l []float64, s Settings, _, out []int) {
		if n := len(out) - s.LengthDecay.Start; n > 0 && !math.IsInf(l[plainEnd], -1) {
			l[plainEnd] += math.Abs(l[plainEnd]) * (math.Pow(s.LengthDecay.Factor, float64(n)) - 1)
		}
	},
	"suppress": func(l []float64, s Settings, _, out []int) {
		ids := s.Ban
		if len(out) == 0 {
			ids = slices.Concat(ids, s.BanFirst)
		}
		for _, id := range ids {
			l[id] = math.Inf(-1)
		}
	},
	"force": func(l []float64, s Settings, _, out []int) {
		for i, place := range s.Force.Places {
			if place == len(out) || place < 0 && s.Tokens == len(out)+1 {
				for id := range l {
					if id != s.Force.IDs[i] {
						l[id] = math.Inf(-1)
					}
				}
			}
		}
	},
	"temperature": func(l []float64, s Settings, _, _ []int) {
		top := slices.Max(l)
		for id := range l {
			l[id] = (l[id] - top) / s.Temperature
		}
	},
	"min-p": func(l []float64, s Settings, _, _ []int) {
		p := softmax(l)
		top := slices.Max(p)
		cutIf(l, func(id int) bool { return p[id] < s.MinP*top })
	},
	"top-k": func(l []float64, s Settings, _, _ []int) {
		order := byProbability(l)
		for _, id := range order[min(s.TopK, len(order)):] {
			l[id] = math.Inf(-1)
		}
	},
	"top-p": func(l []float64, s Settings, _, _ []int) {
		p, sum := softmax(l), 0.0
		for _, id := range byProbability(l) {
			if sum >= s.TopP {
				l[id] = math.Inf(-1)
			}
			sum += p[id]
		}
	},
	"typical": func(l []float64, s Settings, _, _ []int) {
		p := softmax(l)
		h, sum, most := entropyOf(p), 0.0, 0.0
		far := func(id int) float64 { return math.Abs(-math.Log(p[id]) - h) }
		order := byProbability(l)
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(far(a), far(b)) })
		for _, id := range order {
			if most = far(id); sum+p[id] >= s.Typical {
				break
			}
			sum += p[id]
		}
		cutIf(l, func(id int) bool { return !(far(id) <= most+1e-9) })
	},
	"epsilon": func(l []float64, s Settings, _, _ []int) {
		p := softmax(l)
		top := slices.Max(p)
		cutIf(l, func(id int) bool { return p[id] < s.Epsilon && p[id] < top })
	},
	"eta": func(l []float64, s Settings, _, _ []int) {
		p := softmax(l)
		top, eta := slices.Max(p), min(s.Eta, math.Sqrt(s.Eta)*math.Exp(-entropyOf(p)))
		cutIf(l, func(id int) bool { return p[id] < eta && p[id] < top })
	},
	"watermark": plainWatermark,
}

// plainEnd is the token that ends a text.
const plainEnd = 3

func cutIf(l []float64, cut func(id int) bool) {
	for id := range l {
		if cut(id) {
			l[id] = math.Inf(-1)
		}
	}
}

func softmax(l []float64) []float64 {
	p, sum, top := make([]float64, len(l)), 0.0, slices.Max(l)
	for i := range l {
		p[i] = math.Exp(l[i] - top)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

func entropyOf(p []float64) (h float64) {
	for _, x := range p {
		if x > 0 {
			h -= x * math.Log(x)
		}
	}
	return h
}

// byProbability returns the ids of all tokens, the most likely first, then by id.
func byProbability(l []float64) []int {
	ids := make([]int, len(l))
	for i := range ids {
		ids[i] = i
	}
	slices.SortStableFunc(ids, func(a, b int) int { return cmp.Compare(l[b], l[a]) })
	return ids
}

// randomSettings turns each processor on with probability one half.
func randomSettings(rng *rand.Rand, vocab int) Settings {
	s := Settings{Tokens: 9, Temperature: 0.5 + rng.Float64()}
	on := func(set func()) {
		if rng.IntN(2) == 0 {
			set()
		}
	}
	id := func() int { return rng.IntN(vocab) }
	on(func() { s.LogitBias = map[int]float64{id(): 2 * rng.NormFloat64(), id(): math.Inf(-1)} })
	on(func() { s.RepetitionPenalty = 1 + rng.Float64() })
	on(func() { s.FrequencyPenalty = rng.NormFloat64() })
	on(func() { s.PresencePenalty = rng.NormFloat64() })
	on(func() { s.NoRepeat = 1 + rng.IntN(3) })
	on(func() { s.BadWords = [][]int{{id()}, {id() % 8, id()}} })
	on(func() { s.MinTokens = rng.IntN(10) })
	on(func() { s.LengthDecay = LengthDecay{rng.IntN(6), 1 + 0.2*rng.Float64()} })
	on(func() { s.Ban, s.BanFirst = []int{id()}, []int{id(), id()} })
	if rng.IntN(8) == 0 {
		s.Force = Force{[]int{rng.IntN(9), -1}, []int{id(), id()}}
	}
	on(func() { s.MinP = 0.2 * rng.Float64() })
	on(func() { s.TopK = 1 + rng.IntN(vocab) })
	on(func() { s.TopP = 0.3 + 0.7*rng.Float64() })
	on(func() { s.Typical = 0.3 + 0.7*rng.Float64() })
	on(func() { s.Epsilon = 0.05 * rng.Float64() })
	on(func() { s.Eta = 0.05 * rng.Float64() })
	on(func() {
		s.Watermark = numbered([]string{watermark.GreenList, watermark.Tournament}[rng.IntN(2)], rng.Uint64(), 1+rng.IntN(3))
	})
	return s
}

// Every processor, alone and in chains of any order, leaves the distribution that its plain form leaves.
func TestProcessorsAgreeWithPlainOnes(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 9))
	used := map[string]int{}
	for trial := range 4000 {
		logits := make([]float32, 8+rng.IntN(90))
		want := make([]float64, len(logits))
		for i := range logits {
			logits[i] = float32(3 * rng.NormFloat64())
			if trial%3 == 0 {
				logits[i] = float32(math.Round(2*float64(logits[i])) / 2) // ties
			}
			want[i] = float64(logits[i])
		}
		seen := make([]int, 2+rng.IntN(10))
		for i := range seen {
			seen[i] = rng.IntN(8)
		}
		prompt := seen[:max(2, len(seen)-8)]
		out := seen[len(prompt):]
		s := randomSettings(rng, len(logits))
		if trial%2 == 0 {
			s.Order = DefaultOrder()
			rng.Shuffle(len(s.Order)-1, func(i, j int) { s.Order[i], s.Order[j] = s.Order[j], s.Order[i] })
		}
		chain, err := s.Chain()
		require.NoError(t, err)
		draw := newSampler(s, Prompt{Tokens: prompt}, []int{plainEnd}, 0)
		err = draw.process(logits, seen)
		for _, p := range chain {
			plain[p.Name()](want, s, prompt, out)
			if math.IsInf(slices.Max(want), -1) {
				require.Equal(t, &NoTokenError{p.Name()}, err)
				break
			}
			used[p.Name()]++
		}
		if math.IsInf(slices.Max(want), -1) {
			continue
		}
		require.NoError(t, err)
		got, wantP := draw.c.Probabilities(), softmax(want)
		for id := range got {
			require.InDelta(t, wantP[id], float64(got[id]), 2e-5, "trial %d: token %d after %s: %+v", trial, id, chain, s)
		}
	}
	assert.ElementsMatch(t, DefaultOrder(), slices.Collect(maps.Keys(used)))
}

// A step of a chain of all processors allocates nothing once its buffers are there.
func TestProcessorsDoNotAllocate(t *testing.T) {
	logits := make([]float32, 5000)
	for i := range logits {
		logits[i] = float32(i % 97)
	}
	draw := newSampler(everything(1), Prompt{Tokens: []int{1, 2}}, []int{plainEnd}, 0)
	seen := []int{1, 2, 3, 4, 1, 2}
	sample := func() {
		_, _, err := draw.next(logits, seen)
		require.NoError(t, err)
	}
	sample()
	assert.Zero(t, testing.AllocsPerRun(10, sample))
}

// everything returns settings with all processors on.
func everything(seed uint64) Settings {
	return Settings{Tokens: 1000, MinTokens: 3, Temperature: 0.9, TopK: 500, TopP: 0.95, MinP: 0.001, Typical: 0.9, Epsilon: 1e-5, Eta: 1e-4,
		RepetitionPenalty: 1.1, FrequencyPenalty: 0.1, PresencePenalty: 0.1, NoRepeat: 3, LogitBias: map[int]float64{7: 1}, BadWords: [][]int{{9}, {4, 8}},
		LengthDecay: LengthDecay{2, 1.01}, Ban: []int{11}, BanFirst: []int{12}, Force: Force{[]int{900}, []int{1}}, Watermark: numbered(watermark.Tournament, 1, 4), Seed: seed}
}

// BenchmarkProcessors runs all processors over GPT-2's vocabulary and draws a token.
func BenchmarkProcessors(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	logits := make([]float32, 50257)
	for i := range logits {
		logits[i] = float32(3 * rng.NormFloat64())
	}
	seen := make([]int, 512)
	for i := range seen {
		seen[i] = rng.IntN(50257)
	}
	for name, topK := range map[string]int{"all": 500, "all but top-k": 0} {
		b.Run(name, func(b *testing.B) {
			s := everything(1)
			s.TopK = topK
			draw := newSampler(s, Prompt{Tokens: seen[:10]}, []int{plainEnd}, 0)
			for b.Loop() {
				if _, _, err := draw.next(logits, seen); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// alternate is a Stateful of two states: even tokens first, then odd ones, and so on, five of them.
type alternate struct{ odd, count int }

func (*alternate) Name() string            { return "alternate" }
func (*alternate) Begin(Prompt) Stateful   { return &alternate{} }
func (a *alternate) Accept(int)            { a.odd, a.count = 1-a.odd, a.count+1 }
func (a *alternate) Clone() Stateful       { return &alternate{a.odd, a.count} }
func (a *alternate) Done() bool            { return a.count == 5 }
func (a *alternate) Process(c *Candidates) { c.Keep([]uint64{0x5555555555555555 << a.odd}) }

// A processor with a state follows each sequence by itself, also where beams part, and what it costs is the
// model's probability of what it allows.
func TestStatefulProcessors(t *testing.T) {
	g := newGenerator(t, 32)
	p := g.prompt(t, "ab")
	for name, s := range map[string]Settings{
		"greedy":   {},
		"sampling": {Temperature: 1},
		"beams":    {Beams: 4, LengthPenalty: 1},
		"sampled":  {Beams: 4, BeamSample: true, Temperature: 1},
		"best":     {BestOf: 4, Temperature: 1},
	} {
		t.Run(name, func(t *testing.T) {
			s.Tokens, s.Processors = 20, []Processor{&alternate{}}
			rs, err := g.Generate(context.Background(), p, s, 1, nil)
			require.NoError(t, err)
			require.Len(t, rs[0].Tokens, 5)
			assert.Equal(t, ReasonEnd, rs[0].FinishReason)
			seen, cost := slices.Clone(p.Tokens), 0.0
			for i, id := range rs[0].Tokens {
				assert.Equal(t, i%2, id%2)
				kept := 0.0
				for other, l := range g.logProbs(t, seen) {
					if other%2 == i%2 {
						kept += math.Exp(l)
					}
				}
				cost -= math.Log(kept)
				seen = append(seen, id)
			}
			assert.InDelta(t, cost, rs[0].ConstraintCost, 1e-4)
		})
	}
}

// The order is what the user says, and what is set and not in it is an error.
func TestOrder(t *testing.T) {
	s := Settings{Temperature: 0.5, TopK: 3, TopP: 0.9, NoRepeat: 2, Processors: []Processor{&alternate{}}}
	chain, err := s.Chain()
	require.NoError(t, err)
	assert.Equal(t, "alternate,no-repeat,temperature,top-k,top-p", chain.String())
	s.Order = []string{"top-p", "temperature", "eta", "alternate", "no-repeat", "top-k"}
	chain, err = s.Chain()
	require.NoError(t, err)
	assert.Equal(t, "top-p,temperature,alternate,no-repeat,top-k", chain.String(), "eta is off")
	for want, order := range map[string][]string{
		"processors: top-k is set, and the list does not name it": {"top-p", "temperature", "alternate", "no-repeat"},
		"processors: top-p comes twice":                           {"top-p", "top-p"},
		"no processor is named \"top\"; there are logit-bias,":    {"top"},
	} {
		s.Order = order
		assert.ErrorContains(t, s.Check(), want)
	}
	s = Settings{TopK: 3, NoRepeat: 2}
	chain, err = s.Chain()
	require.NoError(t, err)
	assert.Equal(t, "no-repeat", chain.String(), "greedy decoding does not sample")
}

// What each processor cut can be watched.
func TestObserve(t *testing.T) {
	g := newGenerator(t, 32)
	p := g.prompt(t, "ab")
	var all []Observation
	s := Settings{Tokens: 4, Temperature: 1, TopK: 3, Ban: []int{2}, Observe: func(o Observation) {
		o.Logits = slices.Clone(o.Logits)
		all = append(all, o)
	}}
	rs, err := g.Generate(context.Background(), p, s, 2, nil)
	require.NoError(t, err)
	require.Len(t, all, 8)
	first := softmax(g.logProbs(t, p.Tokens))
	ids := byProbability(g.logProbs(t, p.Tokens))
	ids = slices.DeleteFunc(ids, func(id int) bool { return id == 2 })
	cut := 0.0
	for _, id := range ids[3:] {
		cut += first[id] / (1 - first[2])
	}
	for i, o := range all[:2] {
		assert.Equal(t, i, o.Index)
		assert.Equal(t, rs[i].Tokens[0], o.Token)
		assert.InDelta(t, rs[i].Logprobs[0], float64(o.Logits[o.Token])-o.LogSum, 1e-6)
		require.Len(t, o.Cuts, 2)
		assert.Equal(t, "suppress", o.Cuts[0].Processor)
		assert.Equal(t, 1, o.Cuts[0].Tokens)
		assert.InDelta(t, first[2], o.Cuts[0].Probability, 1e-5)
		assert.Equal(t, "top-k", o.Cuts[1].Processor)
		assert.Equal(t, len(first)-4, o.Cuts[1].Tokens)
		assert.InDelta(t, cut, o.Cuts[1].Probability, 1e-5)
	}
}

// A processor of one's own that breaks the logits is an error, not a token.
func TestBrokenProcessor(t *testing.T) {
	for _, temperature := range []float64{0, 1} {
		draw := NewDraw(Settings{Temperature: temperature, Processors: []Processor{broken{}}})
		_, err := draw([]float32{1, 2, 3})
		assert.ErrorContains(t, err, "the processors leave logits that are not finite numbers")
	}
}

type broken struct{}

func (broken) Name() string          { return "broken" }
func (broken) Process(c *Candidates) { c.Logits[0] = float32(math.NaN()) }
