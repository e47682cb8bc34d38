package watermark

import (
	"fmt"
	"math"
	"math/bits"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// Found is the evidence of a watermark in a text.
type Found struct {
	Method     string  `json:"method"`
	Tokens     int     `json:"tokens"`                    // of the text
	Scored     int     `json:"scored"`                    // of them, those that count
	Score      float64 `json:"score"`                     // green list: fraction of green tokens; tournament: weighted mean of the g-values
	Expected   float64 `json:"expected"`                  // of a text without watermark
	Unweighted float64 `json:"unweighted_mean,omitempty"` // tournament: mean of the g-values
	Z          float64 `json:"z"`                         // standard deviations that the score is above what is expected of a text without watermark
	P          float64 `json:"p"`                         // probability of such a score, or a greater one, in a text without watermark

	// Each is the score of each token, from 0 to 1, and NaN for those that do not count: the first ones,
	// and those that occurred in the same context before.
	Each []float64 `json:"-"`
}

// TooShortError says that a text is too short for a test.
type TooShortError struct {
	Tokens, Scored, Want int
}

// Error says how long the text must be.
func (e *TooShortError) Error() string {
	return fmt.Sprintf("the text is too short to be tested: of its %d tokens %d count, want at least %d: give a text that is longer by %d tokens or more",
		e.Tokens, e.Scored, e.Want, e.Want-e.Scored)
}

// shortest is the least number of tokens that must count in a text that is tested.
const shortest = 16

// Least returns how many tokens of a text must count: 16, or as many as are needed to find the strongest
// signal of a green list, that of a model whose tokens are all equally likely, in 95 % of texts at p < 0.01.
func (k *Key) Least() int {
	if k.Method != GreenList {
		return shortest
	}
	// Kirchenbauer et al. 2023, Theorem 4.2, at the largest spike entropy: tokens are green with
	// probability γ·α/(1 + (α − 1)·γ), where α = e^δ.
	alpha, g := math.Exp(k.Delta), k.Gamma
	green := g * alpha / (1 + (alpha-1)*g)
	perToken := (green - g) / math.Sqrt(g*(1-g))
	n := math.Pow((distuv.UnitNormal.Quantile(0.99)+distuv.UnitNormal.Quantile(0.95))/perToken, 2)
	return int(max(shortest, min(math.Ceil(n), 1e9)))
}

// Detect looks for the watermark in the tokens of a text. What counts is each sequence of a context and a
// token once (green list), or each context once (tournament), since repetitions are not independent. A text
// in which too few tokens count is a *TooShortError.
func (k *Key) Detect(ids []int) (Found, error) {
	f := Found{Method: k.Method, Tokens: len(ids), Each: make([]float64, len(ids))}
	seen, sum, ones := map[uint64]bool{}, 0.0, 0
	for i, id := range ids {
		f.Each[i] = math.NaN()
		n, ok := k.Numbers(ids[:i])
		once := n.seed
		if k.Method == GreenList {
			once = n.Bits(id)
		}
		if !ok || seen[once] {
			continue
		}
		seen[once] = true
		f.Scored++
		f.Each[i] = k.score(n, id)
		sum += f.Each[i]
		ones += bits.OnesCount64(n.Bits(id) & (1<<k.Layers - 1))
	}
	if want := k.Least(); f.Scored < want {
		return f, &TooShortError{f.Tokens, f.Scored, want}
	}
	f.test(k, sum)
	if k.Method == Tournament {
		f.Unweighted = float64(ones) / float64(k.Layers*f.Scored)
	}
	return f, nil
}

// score returns the score of a token: 1 if it is green, or the weighted mean of its g-values.
func (k *Key) score(n Numbers, id int) float64 {
	if k.Method == GreenList {
		if n.Green(id) {
			return 1
		}
		return 0
	}
	s, g := 0.0, n.Bits(id)
	for l, w := range k.weights() {
		s += w * float64(g>>l&1)
	}
	return s
}

// weights returns the weight of each layer, which add up to 1. They fall from the first layer to the last
// by a factor of 10, since each layer leaves less entropy to the next (Dathathri et al. 2024, Supplementary
// Information: the weighted mean).
func (k *Key) weights() []float64 {
	w, sum := make([]float64, k.Layers), 0.0
	for l := range w {
		w[l] = 10 - 9*float64(l)/float64(max(1, k.Layers-1))
		sum += w[l]
	}
	for l := range w {
		w[l] /= sum
	}
	return w
}

// test sets score, z and p from the sum of the scores of the tokens that count.
func (f *Found) test(k *Key, sum float64) {
	n := float64(f.Scored)
	f.Score = sum / n
	if k.Method == GreenList {
		// z is equation 3 of Kirchenbauer et al. 2023; p is the tail of the binomial distribution, which
		// is exact for short texts too.
		f.Expected, f.Z, f.P = k.Gamma, (sum-k.Gamma*n)/math.Sqrt(n*k.Gamma*(1-k.Gamma)), 1
		if sum > 0 {
			f.P = mathext.RegIncBeta(sum, n-sum+1, k.Gamma)
		}
		return
	}
	squares := 0.0
	for _, w := range k.weights() {
		squares += w * w
	}
	// A g-value without watermark is 0 or 1 with variance 1/4.
	f.Expected, f.Z = 0.5, (f.Score-0.5)/math.Sqrt(squares/4/n)
	f.P = math.Erfc(f.Z/math.Sqrt2) / 2
}
