package metrics

import (
	"math"
	"math/rand/v2"
	"slices"
)

// resamples is the number of bootstrap resamples.
const resamples = 1000

// Interval is a 95 % confidence interval.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Excludes reports whether v is outside the interval.
func (i Interval) Excludes(v float64) bool { return v < i.Low || v > i.High }

// Bootstrap draws resamples of texts (Efron 1979). Texts of one cluster, as the replies of one dialogue,
// depend on each other and are drawn together. The same draws serve every system, so that differences
// between systems are paired (Koehn 2004, https://aclanthology.org/W04-3250).
type Bootstrap struct {
	clusters [][]int
	texts    int
}

// NewBootstrap returns the bootstrap of texts whose clusters have these names, one for each text.
func NewBootstrap(clusters []string) *Bootstrap {
	b := &Bootstrap{texts: len(clusters)}
	at := map[string]int{}
	for i, name := range clusters {
		c, known := at[name]
		if !known {
			c = len(b.clusters)
			at[name] = c
			b.clusters = append(b.clusters, nil)
		}
		b.clusters[c] = append(b.clusters[c], i)
	}
	return b
}

// Clusters returns the number of clusters.
func (b *Bootstrap) Clusters() int { return len(b.clusters) }

// Resampled are the scores of a system on each resample: by measure, then by resample.
type Resampled [][]float64

// Over returns the scores of a system on every resample.
func (b *Bootstrap) Over(s *Scored) Resampled {
	rng := rand.New(rand.NewPCG(1, 2)) // of every system the same draws
	all := make(Resampled, len(s.Names()))
	var pick []int
	for range resamples {
		pick = pick[:0]
		for range b.clusters {
			pick = append(pick, b.clusters[rng.IntN(len(b.clusters))]...)
		}
		for m, v := range s.Over(pick) {
			all[m] = append(all[m], v)
		}
	}
	return all
}

// Interval returns the percentile interval of a measure.
func (r Resampled) Interval(measure int) Interval { return percentiles(r[measure]) }

// Gain returns the percentile interval of how much a measure of r is higher than that of another
// system, and the fraction of resamples on which it is.
func (r Resampled) Gain(other Resampled, measure, otherMeasure int) (gain Interval, wins float64) {
	var diffs []float64
	for i, v := range r[measure] {
		d := v - other[otherMeasure][i]
		diffs = append(diffs, d)
		switch {
		case d > 0:
			wins++
		case d == 0:
			wins += 0.5
		}
	}
	return percentiles(diffs), wins / float64(len(diffs))
}

// percentiles returns the 2.5th and the 97.5th percentile.
func percentiles(values []float64) Interval {
	sorted := slices.Sorted(slices.Values(values))
	last := float64(len(sorted) - 1)
	return Interval{sorted[int(math.Round(0.025*last))], sorted[int(math.Round(0.975*last))]}
}

// DistinctInterval returns DistinctN with its interval by the jackknife, which leaves out one text at a
// time: a bootstrap would draw texts twice, and find fewer distinct n-grams than there are.
func DistinctInterval(texts []string, n int) (value float64, of Interval) {
	type owned struct{ text, texts int }
	of1, all, sizes := map[string]owned{}, 0, make([]int, len(texts))
	for i, t := range texts {
		grams := ngrams(Words(t), n)
		sizes[i] = grams.size()
		all += sizes[i]
		for gram := range grams {
			o := of1[gram]
			of1[gram] = owned{i, o.texts + 1}
		}
	}
	alone := make([]int, len(texts)) // n-grams that no other text has
	for _, o := range of1 {
		if o.texts == 1 {
			alone[o.text]++
		}
	}
	value = fraction(len(of1), all)
	var without []float64
	sum := 0.0
	for i := range texts {
		v := fraction(len(of1)-alone[i], all-sizes[i])
		without, sum = append(without, v), sum+v
	}
	mean, squares := sum/float64(max(1, len(texts))), 0.0
	for _, v := range without {
		squares += (v - mean) * (v - mean)
	}
	half := normal95 * math.Sqrt(squares*float64(len(texts)-1)/float64(max(1, len(texts))))
	return value, Interval{max(0, value-half), min(1, value+half)}
}
