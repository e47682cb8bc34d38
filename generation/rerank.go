package generation

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"euryale/evaluation/metrics"
)

// BestOf samples several continuations and returns those with the highest mean log-probability of a token
// under the model, its end token included (Adiwardana et al. 2020, https://arxiv.org/abs/2001.09977, §2.4:
// sample-and-rank).
type BestOf struct{ Samples int }

// Name returns "best-of".
func (BestOf) Name() string { return "best-of" }

// Decode returns the n best samples, the best first. It does not stream.
func (b BestOf) Decode(ctx context.Context, g *Generator, p Prompt, s Settings, n int, _ func(index int, piece string)) ([]Result, error) {
	return rerank(ctx, g, p, s, n, b.Samples, b.Name(), func(rs []Result) ([]float64, error) {
		scores := make([]float64, len(rs))
		for i, r := range rs {
			scores[i] = r.mean
		}
		return scores, nil
	})
}

// MinimumBayesRisk samples several continuations and returns those with the highest mean utility against all
// samples, itself included: of each text, how well it would do if the others were the references
// (Eikema and Aziz 2020, https://arxiv.org/abs/2005.10283, §7.2; with chrF Müller and Sennrich 2021,
// https://arxiv.org/abs/2105.08504).
type MinimumBayesRisk struct {
	Samples int
	Utility func(text, reference string) float64 // nil: the chrF2 of texts
}

// Name returns "mbr".
func (MinimumBayesRisk) Name() string { return "mbr" }

// Decode returns the n samples of highest utility, the best first. It does not stream.
func (m MinimumBayesRisk) Decode(ctx context.Context, g *Generator, p Prompt, s Settings, n int, _ func(index int, piece string)) ([]Result, error) {
	return rerank(ctx, g, p, s, n, m.Samples, m.Name(), m.utilities)
}

// utilities returns the mean utility of each text against all.
func (m MinimumBayesRisk) utilities(rs []Result) ([]float64, error) {
	scores := make([]float64, len(rs))
	for i, hyp := range rs {
		for _, ref := range rs {
			u, err := m.utility(hyp.Text, ref.Text)
			if err != nil {
				return nil, err
			}
			scores[i] += u / float64(len(rs))
		}
	}
	return scores, nil
}

func (m MinimumBayesRisk) utility(text, reference string) (float64, error) {
	if m.Utility != nil {
		return m.Utility(text, reference), nil
	}
	return metrics.ChrF([]string{text}, [][]string{{reference}})
}

// rerank samples several continuations and returns the n with the highest scores; of equal ones, that with
// the lower index. Index of a result remains that of the sample. Samples that an error ended are returned
// as they are, with the error.
func rerank(ctx context.Context, g *Generator, p Prompt, s Settings, n, samples int, name string, score func([]Result) ([]float64, error)) ([]Result, error) {
	if n > samples {
		return nil, fmt.Errorf("%d continuations of %s = %d samples, want at most as many", n, name, samples)
	}
	rs, err := g.Each(ctx, slices.Repeat([]Prompt{p}, samples), s, nil)
	if err != nil {
		return rs[:min(n, len(rs))], err
	}
	scores, err := score(rs)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(rs, func(x, y Result) int { return cmp.Compare(scores[y.Index], scores[x.Index]) })
	return rs[:n], nil
}
