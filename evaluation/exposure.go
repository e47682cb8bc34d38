package evaluation

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"euryale/data"
	"euryale/evaluation/metrics"
	"euryale/generation"
)

// Exposed is how much a model remembers of a canary (Carlini et al. 2019, https://arxiv.org/abs/1802.08232).
type Exposed struct {
	Secret   string  `json:"secret"`
	Repeats  int     `json:"repeats"`  // lines of it in the training text; 0: a control
	NLL      float64 `json:"nll"`      // of the secret after the beginning of its line, in nats
	Exposure float64 `json:"exposure"` // in bits: log₂ of the number of secrets, less log₂ of its rank by likelihood
	Low      float64 `json:"low"`      // limits of the exposure, with 95 % confidence; equal if it is exact
	High     float64 `json:"high"`
	Method   string  `json:"method"` // "exact", "sampled" or "extrapolated"
}

// sampledSecrets is how many random secrets a canary is compared with.
const sampledSecrets = 4096

// leastRanked is the number of random secrets that must be likelier than a canary for its rank to be estimated
// by their share.
const leastRanked = 10

// mostPrefixes is the number of beginnings of secrets that are scored to count the likelier secrets exactly.
const mostPrefixes = 20_000

// exposing measures the exposure of canaries that have one format.
type exposing struct {
	g       *generation.Generator
	canary  data.Canary // for its format
	digits  int
	sample  []float64 // losses of random secrets, sorted
	spaces  float64   // log₂ of the number of secrets
	partial bool      // the tokens of the beginning of a secret are the first of those of the secret
	scored  func(n int)
}

// Exposures returns the exposure of canaries of one format. The rank of a canary among all secrets is estimated
// by the share of 4096 random secrets that are likelier. If fewer than ten are, it is counted: beginnings of
// secrets that are less likely than the whole canary are left out with all that begin so. If they are too
// many, or the tokenizer splits a beginning otherwise than the whole, it is extrapolated by the
// skew-normal distribution that has the mean, variance and skewness of the sample (there §4.3).
// Progress, which may be nil, gets the number of texts that were scored so far.
func Exposures(ctx context.Context, g *generation.Generator, canaries []data.Canary, seed uint64, progress func(done int)) ([]Exposed, error) {
	if len(canaries) == 0 {
		return nil, nil
	}
	e := &exposing{g: g, canary: canaries[0], digits: len(canaries[0].Secret), spaces: secretBits(canaries[0])}
	done := 0
	e.scored = func(n int) {
		if done += n; progress != nil {
			progress(done)
		}
	}
	if err := e.draw(ctx, seed); err != nil {
		return nil, err
	}
	var secrets []string
	for _, c := range canaries {
		secrets = append(secrets, c.Secret)
	}
	losses, err := e.losses(ctx, secrets)
	if err != nil {
		return nil, err
	}
	all := make([]Exposed, len(canaries))
	for i, c := range canaries {
		all[i] = Exposed{Secret: c.Secret, Repeats: c.Repeats, NLL: losses[i]}
		if err := e.rank(ctx, &all[i]); err != nil {
			return all[:i], err
		}
	}
	return all, nil
}

// secretBits returns log₂ of the number of secrets of a canary's format.
func secretBits(c data.Canary) float64 { return float64(len(c.Secret)) * math.Log2(10) }

// losses returns the loss of each secret, or beginning of one, after the beginning of the line.
func (e *exposing) losses(ctx context.Context, secrets []string) (losses []float64, err error) {
	texts := make([]generation.Continuation, len(secrets))
	for i, s := range secrets {
		texts[i] = generation.Continuation{Context: e.canary.Before, Text: s}
	}
	scores, err := e.g.Likelihoods(ctx, texts, nil)
	if err != nil {
		return nil, fmt.Errorf("canaries: %w", err)
	}
	for _, s := range scores {
		losses = append(losses, s.NLL)
	}
	e.scored(len(secrets))
	return losses, nil
}

// draw scores random secrets.
func (e *exposing) draw(ctx context.Context, seed uint64) (err error) {
	rng := rand.New(rand.NewPCG(seed, 0xe4905))
	secrets := make([]string, sampledSecrets)
	for i := range secrets {
		digits := make([]byte, e.digits)
		for j := range digits {
			digits[j] = byte('0' + rng.IntN(10))
		}
		secrets[i] = string(digits)
	}
	if e.partial, err = e.splits(secrets[:64]); err != nil {
		return err
	}
	const group = 512
	for at := 0; at < len(secrets); at += group {
		losses, err := e.losses(ctx, secrets[at:at+group])
		if err != nil {
			return err
		}
		e.sample = append(e.sample, losses...)
	}
	slices.Sort(e.sample)
	return nil
}

// splits reports whether the tokens of each beginning of the secrets are the first tokens of the whole.
func (e *exposing) splits(secrets []string) (bool, error) {
	for _, s := range secrets {
		whole, err := e.g.Tokenizer.Encode(e.canary.Before + s)
		if err != nil {
			return false, fmt.Errorf("canaries: %w", err)
		}
		for n := range s {
			ids, err := e.g.Tokenizer.Encode(e.canary.Before + s[:n])
			if err != nil {
				return false, fmt.Errorf("canaries: %w", err)
			}
			if len(ids) > len(whole) || !slices.Equal(ids, whole[:len(ids)]) {
				return false, nil
			}
		}
	}
	return true, nil
}

// rank sets the exposure of a canary whose loss is known.
func (e *exposing) rank(ctx context.Context, x *Exposed) error {
	likelier, _ := slices.BinarySearch(e.sample, x.NLL)
	if likelier >= leastRanked {
		share := metrics.NewShare(likelier, len(e.sample))
		x.Method, x.Exposure = "sampled", -math.Log2(share.Value)
		x.Low, x.High = -math.Log2(share.High), -math.Log2(share.Low)
		return nil
	}
	if e.partial {
		count, ok, err := e.count(ctx, x.NLL)
		if err != nil {
			return err
		}
		if ok {
			x.Method, x.Exposure = "exact", e.spaces-math.Log2(float64(count+1))
			x.Low, x.High = x.Exposure, x.Exposure
			return nil
		}
	}
	// Fewer than ten of the sample are likelier: the exposure is at least what their share allows.
	x.Method, x.Low, x.High = "extrapolated", -math.Log2(metrics.NewShare(likelier, len(e.sample)).High), e.spaces
	x.Exposure = max(x.Low, min(e.spaces, -fitSkewNormal(e.sample).logTail(x.NLL)/math.Ln2))
	return nil
}

// count returns how many secrets have a smaller loss than limit. It extends beginnings digit by digit and
// leaves out those whose loss is larger already, since no digit has a negative loss. It gives up, and
// returns false, when too many are left.
func (e *exposing) count(ctx context.Context, limit float64) (count int, ok bool, err error) {
	kept, scored := []string{""}, 0
	for range e.digits {
		var next []string
		for _, begin := range kept {
			for d := range byte(10) {
				next = append(next, begin+string('0'+rune(d)))
			}
		}
		if scored += len(next); scored > mostPrefixes {
			return 0, false, nil
		}
		losses, err := e.losses(ctx, next)
		if err != nil {
			return 0, false, err
		}
		kept = kept[:0:0]
		for i, loss := range losses {
			if loss < limit {
				kept = append(kept, next[i])
			}
		}
		if len(kept) == 0 {
			break
		}
	}
	return len(kept), true, nil
}
