package generation

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"euryale/internal/kernel/vec"
)

// Settings say how tokens are sampled. The zero value is greedy and generates nothing: set
// Tokens.
type Settings struct {
	Tokens            int     // most tokens of a continuation
	MinTokens         int     // no end token and no stop text before so many
	Temperature       float64 // of the softmax; 0: greedy
	TopK              int     // sample from the k most likely tokens (Fan, Lewis and Dauphin 2018); 0: off
	TopP              float64 // nucleus: the smallest set of tokens with probability p (Holtzman et al. 2020); 0: off
	MinP              float64 // least probability, as a fraction of the most likely token's (Nguyen et al. 2024)
	RepetitionPenalty float64 // divides the logits of tokens that occurred before (Keskar et al. 2019); 0 or 1: off
	NoRepeat          int     // no n-gram of so many tokens occurs twice; 0: off
	Ban               []int   // tokens that are never sampled
	Stop              []string
	Seed              uint64
	Beams             int     // more than 1: beam search, without sampling
	LengthPenalty     float64 // a beam's score is its log-probability over length to this power; 0: none
}

// Check returns what is wrong with the settings.
func (s Settings) Check() error {
	switch {
	case s.Tokens < 0 || s.MinTokens < 0 || s.TopK < 0 || s.NoRepeat < 0:
		return fmt.Errorf("tokens = %d, min-tokens = %d, top-k = %d, no-repeat = %d, want none below 0", s.Tokens, s.MinTokens, s.TopK, s.NoRepeat)
	case !(s.Temperature >= 0) || math.IsInf(s.Temperature, 0):
		return fmt.Errorf("temperature = %v, want 0 (greedy) or more", s.Temperature)
	case !(s.TopP >= 0 && s.TopP <= 1) || !(s.MinP >= 0 && s.MinP <= 1):
		return fmt.Errorf("top-p = %v and min-p = %v, want from 0 to 1", s.TopP, s.MinP)
	case s.Beams < 0 || !(s.LengthPenalty >= 0) || math.IsInf(s.LengthPenalty, 0):
		return fmt.Errorf("beam = %d and length-penalty = %v, want none below 0", s.Beams, s.LengthPenalty)
	case !(s.RepetitionPenalty >= 0) || math.IsInf(s.RepetitionPenalty, 0):
		return fmt.Errorf("repetition-penalty = %v, want 1 (none) or more", s.RepetitionPenalty)
	}
	for _, stop := range s.Stop {
		if stop == "" {
			return fmt.Errorf("a stop text is empty: it would stop before the first token")
		}
	}
	return nil
}

// sampler samples the tokens of one continuation.
type sampler struct {
	Settings
	rng     *rand.Rand
	logits  []float32 // with penalties and bans
	weights []float32 // exponentials
	choices []choice
	few     []float32 // logits of the tokens that top-k selects
	nucleus nucleus
}

// newSampler returns the sampler of the index-th continuation, which depends on seed and
// index alone.
func newSampler(s Settings, index int) *sampler {
	return &sampler{Settings: s, rng: rand.New(rand.NewPCG(s.Seed, uint64(index)))}
}

// NewDraw returns a function that samples a token from logits by the settings, for decoding
// loops of one's own.
func NewDraw(s Settings) func(logits []float32) (int, error) {
	draw := newSampler(s, 0)
	return func(logits []float32) (int, error) {
		id, _, err := draw.next(logits, nil)
		return id, err
	}
}

// errNoToken says that bans and no-repeat leave no token to choose.
var errNoToken = errors.New("every token is banned")

// next samples the token that follows seen, and returns the logarithm of the probability
// that the model itself gives it, in nats. Tokens in banned cannot be sampled this time.
func (s *sampler) next(logits []float32, seen []int, banned ...int) (id int, logprob float64, err error) {
	whole, err := s.weigh(logits, seen, banned)
	if err != nil {
		return 0, 0, err
	}
	if s.Temperature == 0 {
		id = argmax(s.logits)
	} else {
		id = s.draw()
	}
	if s.logits[id] == never {
		return 0, 0, errNoToken
	}
	return id, float64(logits[id]) - whole, nil
}

// weigh sets s.logits to the logits with penalties and bans, and returns the logarithm of
// the model's own softmax denominator.
func (s *sampler) weigh(logits []float32, seen, banned []int) (whole float64, err error) {
	s.logits = append(s.logits[:0], logits...)
	top := s.logits[argmax(s.logits)]
	whole = float64(top) + math.Log(vec.Sum(s.exponentials(s.logits, top, 1)))
	if math.IsNaN(whole) || math.IsInf(whole, 0) {
		return 0, fmt.Errorf("the model's logits are not finite: its weights are damaged or it has diverged")
	}
	s.penalise(seen)
	for _, ids := range [][]int{banned, s.Ban} {
		for _, id := range ids {
			if id >= 0 && id < len(s.logits) {
				s.logits[id] = never
			}
		}
	}
	return whole, nil
}

// never is the logit of a token that cannot be sampled.
var never = float32(math.Inf(-1))

// exponentials returns e^((l − top)/temperature) of logits l, to 2·10⁻⁶ of those above e⁻³⁰;
// the next call overwrites them.
func (s *sampler) exponentials(logits []float32, top float32, temperature float64) []float32 {
	by := float32(min(1/temperature, math.MaxFloat32)) // top itself must stay 0
	s.weights = slices.Grow(s.weights[:0], len(logits))[:len(logits)]
	for i, l := range logits {
		s.weights[i] = (l - top) * by
	}
	vec.Exp(s.weights, s.weights)
	return s.weights
}

// penalise makes tokens that occurred before less likely, and repeated n-grams impossible.
func (s *sampler) penalise(seen []int) {
	if p := float32(s.RepetitionPenalty); p != 0 && p != 1 {
		done := map[int]bool{}
		for _, id := range seen {
			if done[id] {
				continue
			}
			done[id] = true
			if s.logits[id] > 0 {
				s.logits[id] /= p
			} else {
				s.logits[id] *= p
			}
		}
	}
	if n := s.NoRepeat; n > 0 && len(seen) >= n {
		tail := seen[len(seen)-n+1:]
		for i := 0; i+n <= len(seen); i++ {
			if slices.Equal(seen[i:i+n-1], tail) {
				s.logits[seen[i+n-1]] = never
			}
		}
	}
}

// draw samples from the tokens that min-p, top-k and top-p leave. Top-k and top-p sample in
// the order of the weights, of which they select what they need: nothing is sorted but the
// k tokens of top-k.
func (s *sampler) draw() int {
	top := s.logits[argmax(s.logits)]
	nucleus := s.TopP > 0 && s.TopP < 1
	if s.TopK > 0 && s.TopK < len(s.logits) {
		sum, ordered := s.topK(top)
		if nucleus && len(s.choices) > 0 {
			mass := s.TopP * sum
			n, kept := reach(s.choices, func(sum float64) bool { return sum >= mass })
			s.choices, sum, ordered = s.choices[:n], kept, true
		}
		return s.pick(sum, ordered)
	}
	weights := s.exponentials(s.logits, top, s.Temperature)
	least := max(float32(s.MinP), math.SmallestNonzeroFloat32)
	if nucleus {
		return s.nucleus.draw(weights, least, s.TopP, s.rng)
	}
	sum := 0.0
	s.choices = s.choices[:0]
	for id, w := range weights {
		if w >= least {
			s.choices = append(s.choices, choice{int32(id), w})
			sum += float64(w)
		}
	}
	return s.pick(sum, false)
}

// pick samples from s.choices, whose weights add up to sum: in the order of the weights, or
// as they stand. It returns 0 if there are none, because all are banned.
func (s *sampler) pick(sum float64, ordered bool) int {
	if len(s.choices) == 0 {
		return 0
	}
	x := s.rng.Float64() * sum
	if ordered {
		n, _ := reach(s.choices, func(sum float64) bool { return sum > x })
		return int(s.choices[n-1].id)
	}
	for _, c := range s.choices {
		if x -= float64(c.p); x < 0 {
			return int(c.id)
		}
	}
	return int(s.choices[len(s.choices)-1].id)
}

// topK selects one token more than k, to see whether there is any to cut off.
func (s *sampler) topK(top float32) (sum float64, ordered bool) {
	s.choices = largest(s.choices, s.logits, s.TopK+1)
	s.few = s.few[:0]
	for _, c := range s.choices {
		s.few = append(s.few, c.p)
	}
	n := 0
	for i, weight := range s.exponentials(s.few, top, s.Temperature) {
		if weight > 0 && float64(weight) >= s.MinP {
			s.choices[n] = choice{s.choices[i].id, weight}
			n++
		}
	}
	s.choices = s.choices[:n]
	if ordered = n > s.TopK; ordered {
		slices.SortFunc(s.choices, func(a, b choice) int { return cmp.Or(cmp.Compare(b.p, a.p), cmp.Compare(a.id, b.id)) })
		s.choices = s.choices[:s.TopK]
	} else {
		slices.SortFunc(s.choices, func(a, b choice) int { return cmp.Compare(a.id, b.id) })
	}
	for _, c := range s.choices {
		sum += float64(c.p)
	}
	return sum, ordered
}

// argmax returns the index of the largest number in x, the first of equal ones.
func argmax(x []float32) (best int) {
	top := x[0]
	for i, v := range x {
		if v > top {
			best, top = i, v
		}
	}
	return best
}
