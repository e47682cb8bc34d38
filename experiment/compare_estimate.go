package experiment

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// resamples is the number of bootstrap resamples of the text.
const resamples = 1000

// scorer returns a measure of one run over blocks of the text, by their numbers; a block may
// occur several times.
type scorer func(blocks []int) float64

// Estimate is the difference between two groups of runs in one measure, with its confidence
// interval.
type Estimate struct {
	MeanA  float64 // over the runs
	MeanB  float64
	Gain   float64    // MeanB − MeanA; positive: B is better
	Half   float64    // half the width of the confidence interval
	Level  float64    // its confidence, such as 0.95
	Seeds  [2]int     // runs of A and of B
	SeedSD [2]float64 // standard deviation over the seeds of A and of B; 0 of a single run
	// TextSD is the part of the standard error that comes from the text: what another text of this
	// size would change, with any number of seeds.
	TextSD float64
	// Wins is the fraction of the resampled texts on which B is better (Koehn 2004).
	Wins float64
	// OfRuns says that the interval is about single runs and not about their definitions: nothing
	// is known of the spread over seeds.
	OfRuns bool
	// Borrowed says that the seeds of a single run are taken to spread as those of the other group.
	Borrowed bool
	// MoreSeeds is about how many more runs of each group would make the interval exclude 0, if
	// nothing else changes; 0: none are needed, or not known; −1: 100 would not.
	MoreSeeds int
}

// Differs reports whether the confidence interval excludes 0.
func (e Estimate) Differs() bool { return math.Abs(e.Gain) > e.Half }

// estimate compares runs on the same blocks of text. Two things vary: the text, whose part in
// the variance is that of a paired bootstrap over its blocks (Koehn 2004), and the seeds, whose
// part is the variance between the runs of each group. The bootstrap of a mean over few seeds
// includes how each seed interacts with the blocks; the variance between runs has that already,
// so it is subtracted. The parts add up to a t interval with the degrees of freedom of Welch
// (1947) and Satterthwaite (1946). Where only one group has several runs, the other is taken to
// have the same variance; where neither has, the interval is that of the text alone. The runs of
// a deterministic group depend on no seed.
func estimate(a, b []scorer, blocks int, level float64, deterministic [2]bool) Estimate {
	all := make([]int, blocks)
	for i := range all {
		all[i] = i
	}
	full := [2][]float64{scoresOf(a, all), scoresOf(b, all)}
	e := Estimate{MeanA: mean(full[0]), MeanB: mean(full[1]), Level: level, Seeds: [2]int{len(a), len(b)}}
	e.Gain = e.MeanB - e.MeanA
	text, interaction, wins := bootstrap([2][]scorer{a, b}, blocks)
	e.Wins = wins
	v := variances{text: text, blocks: blocks}
	for g, scores := range full {
		switch {
		case deterministic[g]:
			v.known[g] = true
		case len(scores) > 1:
			v.known[g], v.df[g] = true, float64(len(scores)-1)
			v.seed[g] = stat.Variance(scores, nil)
			v.text -= interaction[g] / float64(len(scores))
		}
		e.SeedSD[g] = math.Sqrt(v.seed[g])
	}
	v.text = max(v.text, 0)
	e.Borrowed = v.borrow()
	if e.OfRuns = !v.known[0] || !v.known[1]; e.OfRuns {
		v.text, v.seed = text, [2]float64{}
	}
	e.TextSD = math.Sqrt(v.text)
	e.Half = v.half(level, e.Seeds)
	if !e.Differs() && !e.OfRuns {
		e.MoreSeeds = v.moreSeeds(e)
	}
	return e
}

// variances are the parts of the variance of a difference.
type variances struct {
	text   float64
	blocks int
	seed   [2]float64 // of one run
	df     [2]float64 // degrees of freedom of seed; 0: the group is deterministic
	known  [2]bool    // whether seed is known
	shared bool       // seed is one estimate for both groups
}

// borrow takes the variance of a group of one run from the other, if that is known.
func (v *variances) borrow() bool {
	for g := range v.seed {
		if other := 1 - g; !v.known[g] && v.df[other] > 0 {
			v.seed[g], v.df[g], v.known[g], v.shared = v.seed[other], v.df[other], true, true
		}
	}
	return v.shared
}

// half returns half the width of the confidence interval with so many runs of each group.
func (v variances) half(level float64, runs [2]int) float64 {
	parts, df := []float64{v.text}, []float64{float64(max(1, v.blocks-1))}
	seed := [2]float64{v.seed[0] / float64(runs[0]), v.seed[1] / float64(runs[1])}
	if v.shared {
		seed = [2]float64{seed[0] + seed[1], 0}
	}
	parts, df = append(parts, seed[:]...), append(df, v.df[:]...)
	sum, below := 0.0, 0.0
	for i, p := range parts {
		if p > 0 {
			sum += p
			below += p * p / df[i]
		}
	}
	if sum == 0 {
		return 0
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: sum * sum / below}
	return t.Quantile((1+level)/2) * math.Sqrt(sum)
}

// moreSeeds returns Estimate.MoreSeeds.
func (v variances) moreSeeds(e Estimate) int {
	v.shared = false
	for more := 1; more <= 100; more++ {
		runs := [2]int{e.Seeds[0] + more, e.Seeds[1] + more}
		for g := range runs {
			if v.df[g] > 0 {
				v.df[g] = float64(runs[g] - 1)
			}
		}
		if v.half(e.Level, runs) < math.Abs(e.Gain) {
			return more
		}
	}
	return -1
}

// bootstrap resamples the blocks. It returns the variance of the difference of the groups' means,
// the mean variance of a run around its group's mean in each group (unbiased), and the fraction
// of resamples on which B is higher.
func bootstrap(groups [2][]scorer, blocks int) (text float64, interaction [2]float64, wins float64) {
	rng := rand.New(rand.NewPCG(1, 2))
	diffs := make([]float64, resamples)
	around := [2][][]float64{make([][]float64, len(groups[0])), make([][]float64, len(groups[1]))}
	pick := make([]int, blocks)
	for r := range diffs {
		for i := range pick {
			pick[i] = rng.IntN(blocks)
		}
		var means [2]float64
		for g, runs := range groups {
			scores := scoresOf(runs, pick)
			means[g] = mean(scores)
			for i, s := range scores {
				around[g][i] = append(around[g][i], s-means[g])
			}
		}
		diffs[r] = means[1] - means[0]
		switch {
		case diffs[r] > 0:
			wins++
		case diffs[r] == 0:
			wins += 0.5
		}
	}
	// A resample of k blocks has (k−1)/k of the variance.
	unbiased := float64(blocks) / float64(max(1, blocks-1))
	for g, runs := range around {
		if len(runs) < 2 {
			continue
		}
		for _, x := range runs {
			interaction[g] += unbiased * stat.Variance(x, nil) / float64(len(runs)-1)
		}
	}
	return unbiased * stat.Variance(diffs, nil), interaction, wins / resamples
}

func scoresOf(runs []scorer, blocks []int) []float64 {
	scores := make([]float64, len(runs))
	for i, s := range runs {
		scores[i] = s(blocks)
	}
	return scores
}

func mean(x []float64) float64 { return stat.Mean(x, nil) }
