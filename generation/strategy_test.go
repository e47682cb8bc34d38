package generation

import (
	"cmp"
	"context"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/evaluation/metrics"
	"euryale/interchange"
	"euryale/models"
)

// subject is a model with a prompt, and what follows a sequence by reading it as a whole.
type subject struct {
	g     *Generator
	p     Prompt
	scale float64 // of guidance; 0: none
}

// subjects returns stories260K, an encoder–decoder and n-gram counts.
func subjects(t *testing.T) map[string]subject {
	t.Helper()
	enc := generatorOf(t, &models.Transformer{Sizes: models.Sizes{Context: 24}, Source: 5, Layers: 2, Heads: 2, Dim: 8, Hidden: 10, Activation: "gelu"})
	enc.End = []int{4}
	p := enc.prompt(t, "a")
	p.Source = []int{7, 7, 2, 5}
	counts := newCounts(t)
	counts.End = []int{4}
	all := map[string]subject{"encoder–decoder": {g: enc, p: p}, "counts": {g: counts, p: counts.prompt(t, "ab")}}
	const shared = "../../shared/models/"
	m, err := interchange.Read(shared+"stories260K.bin", shared+"tok512.bin")
	if err != nil {
		t.Log(err)
		return all
	}
	g := &Generator{Model: m.Model, Weights: m.Weights, Tokenizer: m.Tokenizer}
	stop, err := m.Tokenizer.Encode(".")
	require.NoError(t, err)
	g.End = stop[len(stop)-1:]
	p, err = Plain(m.Tokenizer, "Once upon a time")
	require.NoError(t, err)
	all["stories260K"] = subject{g: g, p: p}
	return all
}

// follow returns the log-probabilities of what follows a continuation, by reading everything again: by all models of an
// ensemble, and without the prompt too if there is guidance.
func (s subject) follow(t *testing.T, ids []int) []float64 {
	t.Helper()
	models := append([]*Generator{s.g}, s.g.Ensemble...)
	after := func(tokens, source []int) []float64 {
		mean := make([]float64, s.g.Tokenizer.Vocab())
		for _, m := range models {
			one, err := m.stepper(1)
			require.NoError(t, err)
			logits, err := one.Begin(0, Prompt{Tokens: slices.Concat(tokens, ids), Source: source})
			require.NoError(t, err)
			for id, l := range normal(logits) {
				mean[id] += math.Exp(l) / float64(len(models))
			}
		}
		for id := range mean {
			mean[id] = math.Log(mean[id])
		}
		return mean
	}
	with := after(s.p.Tokens, s.p.Source)
	if s.scale == 0 {
		return with
	}
	last, source := s.p.Tokens[len(s.p.Tokens)-1:], s.p.Source
	if len(source) > 0 {
		source = source[len(source)-1:]
	}
	mixed := make([]float32, len(with))
	for id, l := range after(last, source) {
		mixed[id] = float32(l + s.scale*(with[id]-l))
	}
	return normal(mixed)
}

// finished is a continuation that a plain search has found.
type finished struct {
	ids        []int
	sum, score float64
	ended      bool
}

// plainBeams is a beam search as the papers have it: all ways to lengthen all beams are sorted, and nothing
// stops it early but want texts that have ended, if early is set.
func (s subject) plainBeams(t *testing.T, beams, tokens int, power float64, early bool) (done []finished) {
	alive := []finished{{}}
	for length := 1; len(alive) > 0 && !(early && len(done) >= beams); length++ {
		var all []finished
		for _, h := range alive {
			for id, l := range s.follow(t, h.ids) {
				next := finished{append(slices.Clone(h.ids), id), h.sum + l, (h.sum + l) / math.Pow(float64(length), power), slices.Contains(s.g.End, id)}
				all = append(all, next)
			}
		}
		slices.SortStableFunc(all, func(a, b finished) int { return cmp.Compare(b.sum, a.sum) })
		alive = nil
		for _, h := range all[:2*beams] {
			switch {
			case len(alive) == beams:
			case h.ended:
				h.ids = h.ids[:length-1]
				done = append(done, h)
			case length == tokens:
				done = append(done, h)
			default:
				alive = append(alive, h)
			}
		}
	}
	slices.SortStableFunc(done, func(a, b finished) int { return cmp.Compare(b.score, a.score) })
	return done
}

// Beam search finds what a plain one does, whatever the penalty of length.
func TestBeamSearchAgreesWithPlainOne(t *testing.T) {
	for name, sub := range subjects(t) {
		for _, power := range []float64{0, 1, 2} {
			for _, early := range []bool{false, true} {
				want := sub.plainBeams(t, 3, 10, power, early)
				rs, err := sub.g.Generate(context.Background(), sub.p, Settings{Tokens: 10, Beams: 3, LengthPenalty: power, EarlyStop: early}, 3, nil)
				require.NoError(t, err)
				for i, r := range rs {
					assert.Equal(t, want[i].ids, r.Tokens, "%s: length-penalty %v, early-stop %v: text %d", name, power, early, i)
				}
			}
		}
	}
}

// Greedy decoding takes the most likely token each time, with one beam too and whatever the options of
// sampling are.
func TestGreedyAgreesWithPlainOne(t *testing.T) {
	for name, sub := range subjects(t) {
		var want []int
		for range 12 {
			next := byProbability(sub.follow(t, want))[0]
			if slices.Contains(sub.g.End, next) {
				break
			}
			want = append(want, next)
		}
		for _, s := range []Settings{{}, {Beams: 1, Temperature: 0.8, TopP: 0.5}, {Strategy: Greedy{}, Temperature: 2}} {
			s.Tokens = 12
			rs, err := sub.g.Generate(context.Background(), sub.p, s, 1, nil)
			require.NoError(t, err)
			assert.Equal(t, append([]int{}, want...), rs[0].Tokens, "%s: %+v", name, s)
		}
	}
}

// Sampling takes each token where the running sum of the probabilities exceeds a random number.
func TestSamplingAgreesWithPlainOne(t *testing.T) {
	for name, sub := range subjects(t) {
		s := Settings{Tokens: 12, Temperature: 0.7, Seed: 5}
		rs, err := sub.g.Generate(context.Background(), sub.p, s, 3, nil)
		require.NoError(t, err)
		for i, r := range rs {
			rng, want := newSampler(s, sub.p, nil, i).rng, []int{}
			for range 12 {
				l := sub.follow(t, want)
				plain["temperature"](l, s, nil, nil)
				x, next := rng.Float64(), -1
				for next = 0; ; next++ {
					if x -= softmax(l)[next]; x < 0 {
						break
					}
				}
				if slices.Contains(sub.g.End, next) {
					break
				}
				want = append(want, next)
			}
			assert.Equal(t, want, r.Tokens, "%s: sample %d", name, i)
		}
	}
}

// Best-of-n returns the samples of the highest mean log-probability, by reading them again.
func TestBestOfAgreesWithPlainOne(t *testing.T) {
	for name, sub := range subjects(t) {
		s := Settings{Tokens: 12, Temperature: 1, Seed: 2}
		samples, err := sub.g.Generate(context.Background(), sub.p, s, 8, nil)
		require.NoError(t, err)
		mean := func(r Result) float64 {
			sum, n := 0.0, 0
			for i, id := range r.Tokens {
				sum, n = sum+sub.follow(t, r.Tokens[:i])[id], n+1
			}
			if r.FinishReason == ReasonEnd {
				sum, n = sum+sub.follow(t, r.Tokens)[sub.g.End[0]], n+1
			}
			return sum / float64(n)
		}
		slices.SortStableFunc(samples, func(a, b Result) int { return cmp.Compare(mean(b), mean(a)) })
		s.BestOf = 8
		rs, err := sub.g.Generate(context.Background(), sub.p, s, 3, nil)
		require.NoError(t, err)
		assert.Equal(t, samples[:3], rs, name)
	}
}

// Minimum Bayes risk returns the samples whose chrF against all samples is the highest.
func TestMinimumBayesRiskAgreesWithPlainOne(t *testing.T) {
	for name, sub := range subjects(t) {
		s := Settings{Tokens: 12, Temperature: 1, Seed: 2}
		samples, err := sub.g.Generate(context.Background(), sub.p, s, 8, nil)
		require.NoError(t, err)
		utility := map[int]float64{}
		for _, hyp := range samples {
			for _, ref := range samples {
				u, err := metrics.ChrF([]string{hyp.Text}, [][]string{{ref.Text}})
				require.NoError(t, err)
				utility[hyp.Index] += u
			}
		}
		slices.SortStableFunc(samples, func(a, b Result) int {
			if math.Abs(utility[a.Index]-utility[b.Index]) < 1e-9 {
				return 0
			}
			return cmp.Compare(utility[b.Index], utility[a.Index])
		})
		s.MBR = 8
		rs, err := sub.g.Generate(context.Background(), sub.p, s, 1, nil)
		require.NoError(t, err)
		assert.Equal(t, samples[:1], rs, name)
		longest := MinimumBayesRisk{Samples: 8, Utility: func(text, _ string) float64 { return float64(len(text)) }}
		rs, err = sub.g.Generate(context.Background(), sub.p, Settings{Tokens: 12, Temperature: 1, Seed: 2, Strategy: longest}, 1, nil)
		require.NoError(t, err)
		for _, r := range samples {
			assert.LessOrEqual(t, len(r.Text), len(rs[0].Text))
		}
	}
}

// The steps of beam sampling are a sample without replacement: the best of four drawn is each token as
// often as in a plain enumeration of all draws.
func TestBeamSamplingDrawsWithoutReplacement(t *testing.T) {
	sub := subjects(t)["encoder–decoder"]
	l := sub.follow(t, nil)
	s := Settings{Tokens: 1, Beams: 2, BeamSample: true, Temperature: 4}
	plain["temperature"](l, s, nil, nil)
	p := softmax(l)
	want := make([]float64, len(p))
	var enumerate func(chance, left float64, drawn []int)
	enumerate = func(chance, left float64, drawn []int) {
		if len(drawn) == 4 {
			best := drawn[0]
			for _, id := range drawn {
				if p[id] > p[best] {
					best = id
				}
			}
			want[best] += chance
			return
		}
		for id := range p {
			if !slices.Contains(drawn, id) {
				enumerate(chance*p[id]/left, left-p[id], append(slices.Clone(drawn), id))
			}
		}
	}
	enumerate(1, 1, nil)
	const n = 4000
	got := make([]float64, len(p))
	for seed := range n {
		s.Seed = uint64(seed)
		rs, err := sub.g.Generate(context.Background(), sub.p, s, 1, nil)
		require.NoError(t, err)
		if rs[0].FinishReason == ReasonEnd {
			got[sub.g.End[0]] += 1.0 / n
		} else {
			got[rs[0].Tokens[0]] += 1.0 / n
		}
	}
	assert.InDeltaSlice(t, want, got, 0.03) // about 4 standard deviations of 4,000 draws
}

// A beam search that samples from the one token that top-k leaves is greedy, and its scores are those of the
// tokens that it chose.
func TestBeamSamplingOfOneTokenIsGreedy(t *testing.T) {
	for name, sub := range subjects(t) {
		greedy, err := sub.g.Generate(context.Background(), sub.p, Settings{Tokens: 10}, 1, nil)
		require.NoError(t, err)
		rs, err := sub.g.Generate(context.Background(), sub.p, Settings{Tokens: 10, Beams: 3, BeamSample: true, Temperature: 1, TopK: 1}, 1, nil)
		require.NoError(t, err)
		assert.Equal(t, greedy[0].Tokens, rs[0].Tokens, name)
		assert.InDeltaSlice(t, greedy[0].Logprobs, rs[0].Logprobs, 1e-5, name)
	}
}

// The coverage penalty is that of the attention weights of a pass over the whole text, and ranks the texts.
func TestCoveragePenalty(t *testing.T) {
	sub := subjects(t)["encoder–decoder"]
	sub.g.End = nil
	const beams, tokens, beta = 8, 3, 500.0
	want := sub.plainBeams(t, beams, tokens, 1, false)[:beams]
	for i, h := range want {
		pass, err := sub.g.readTaps(sub.p, h.ids[:tokens-1], []string{"dec/h1/cross/weights"})
		require.NoError(t, err)
		weights, s := pass.Float64s("dec/h1/cross/weights"), len(sub.p.Source)
		for j := range s {
			sum := 0.0
			for row := len(sub.p.Tokens) - 1; row < len(sub.p.Tokens)+tokens-1; row++ {
				for head := range 2 {
					sum += weights[(row*2+head)*s+j] / 2
				}
			}
			want[i].score += beta * math.Log(min(1, sum))
		}
	}
	byLikelihood := slices.Clone(want)
	slices.SortStableFunc(want, func(a, b finished) int { return cmp.Compare(b.score, a.score) })
	require.NotEqual(t, byLikelihood, want, "the penalty decides")
	rs, err := sub.g.Generate(context.Background(), sub.p, Settings{Tokens: tokens, Beams: beams, LengthPenalty: 1, CoveragePenalty: beta}, beams, nil)
	require.NoError(t, err)
	for i, r := range rs {
		assert.Equal(t, want[i].ids, r.Tokens, "text %d", i)
	}
	c, err := sub.g.newCoverage(sub.p)
	require.NoError(t, err)
	long, err := c.penalty(sub.p, hypothesis{ids: slices.Repeat([]int{1, 5, 7}, 7), steps: 21})
	require.NoError(t, err)
	assert.Zero(t, long, "what is attended to more than once counts once")
	gpt := newGenerator(t, 12)
	_, err = gpt.Generate(context.Background(), gpt.prompt(t, "a"), Settings{Tokens: 2, Beams: 2, CoveragePenalty: 1}, 1, nil)
	assert.ErrorContains(t, err, "coverage-penalty: the model does not attend to a source")
}

// Options that exclude each other are errors that name them.
func TestStrategyErrors(t *testing.T) {
	for want, s := range map[string]Settings{
		"best-of = 2 and mbr = 3 exclude each other":    {BestOf: 2, MBR: 3, Temperature: 1},
		"mbr = 3 and beam = 2 exclude each other":       {MBR: 3, Beams: 2, Temperature: 1},
		"best-of = 3 with temperature = 0":              {BestOf: 3},
		"beam-sample with beam = 0":                     {BeamSample: true, Temperature: 1},
		"beam-sample with temperature = 0 is greedy":    {BeamSample: true, Beams: 2},
		"coverage-penalty = -1":                         {Beams: 2, CoveragePenalty: -1},
		"best-of = -1 and mbr = 0":                      {BestOf: -1},
		"typical = 2":                                   {Typical: 2},
		"frequency-penalty = NaN":                       {FrequencyPenalty: math.NaN()},
		"logit-bias of token 3 = NaN":                   {LogitBias: map[int]float64{3: math.NaN()}},
		"bad-words: word 1 has no tokens":               {BadWords: [][]int{{1}, {}}},
		"length-decay = -1,2":                           {LengthDecay: LengthDecay{-1, 2}},
		"force has 1 places and 0 tokens, want as many": {Force: Force{Places: []int{1}}},
	} {
		assert.ErrorContains(t, s.Check(), want)
	}
	g := newGenerator(t, 12)
	_, err := g.Generate(context.Background(), g.prompt(t, "a"), Settings{Tokens: 2, BestOf: 2, Temperature: 1}, 3, nil)
	assert.ErrorContains(t, err, "3 continuations of best-of = 2 samples, want at most as many")
}
