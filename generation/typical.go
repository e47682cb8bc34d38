package generation

import (
	"cmp"
	"math"
	"slices"
)

// Typical keeps the locally typical tokens: those whose information −log p is nearest to the entropy of the
// candidates, as few as have probability P, and those as near as the last of them (Meister et al. 2023,
// https://arxiv.org/abs/2202.00666, eq. 6).
type Typical struct{ P float64 }

// Name returns the name of the option.
func (Typical) Name() string { return "typical" }

// deviations are the buckets by which Typical selects: of up to 2⁷ nats, which no token with a weight
// exceeds.
var deviations = key(128) + 1

// Process cuts the other tokens. It adds up the weights in buckets by the distance from the entropy, and
// sorts the one bucket in which the sum reaches P.
func (t Typical) Process(c *Candidates) {
	if t.P <= 0 || t.P >= 1 {
		return
	}
	mean := c.entropy() - math.Log(c.sum)
	distance := func(id int32) float32 { return float32(math.Abs(float64(c.top-c.Logits[id]) - mean)) }
	b := &c.buckets
	b.filled = false
	b.sums = slices.Grow(b.sums[:0], deviations)[:deviations]
	clear(b.sums)
	c.each(func(id int32, w float32) { b.sums[min(key(distance(id)), deviations-1)] += float64(w) })
	edge, sum := 0, 0.0
	for edge < deviations-1 && sum+b.sums[edge] < t.P*c.sum {
		sum += b.sums[edge]
		edge++
	}
	b.members = b.members[:0]
	c.each(func(id int32, w float32) {
		if min(key(distance(id)), deviations-1) == edge {
			b.members = append(b.members, choice{id, w})
		}
	})
	slices.SortFunc(b.members, func(x, y choice) int { return cmp.Compare(distance(x.id), distance(y.id)) })
	most := float32(math.Inf(1))
	for _, x := range b.members {
		most = distance(x.id)
		if sum += float64(x.p); sum >= t.P*c.sum {
			break
		}
	}
	c.each(func(id int32, w float32) {
		if distance(id) > most {
			c.Logits[id] = never
		}
	})
}
