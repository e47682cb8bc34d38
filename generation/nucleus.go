package generation

import "math"

// nucleus finds the smallest set of tokens with a given probability (Holtzman et al. 2020), and samples
// in the order of the weights, without sorting: it adds up the weights in buckets by size, a few hundred
// to each factor of two, and reads only the bucket that matters.
type nucleus struct {
	sums    []float64 // of the weights in each bucket, the lightest first; bucket 0 is not used
	base    int       // key of bucket 0
	least   float32   // weights below it are in no bucket
	filled  bool      // the sums are those of the weights
	members []choice
}

// bucketBits are the bits of a float32 that tell weights of one bucket apart.
const bucketBits = 15

func key(w float32) int { return int(math.Float32bits(w) >> bucketBits) }

// edge returns the last token, the heaviest first, of those whose weights reach the fraction p of
// all, which weigh sum, and the sum of the weights up to it. The largest weight is 1.
func (n *nucleus) edge(weights []float32, sum, p float64) (last choice, kept float64) {
	// Tokens below this weight together weigh less than is cut off.
	n.fill(weights, max(float32((1-p)*sum/float64(len(weights))), math.SmallestNonzeroFloat32))
	mass := p * sum
	edge, before := n.locate(func(sum float64) bool { return sum >= mass })
	n.collect(weights, edge)
	i, within := reach(n.members, func(sum float64) bool { return before+sum >= mass })
	clear(n.sums[:edge])
	n.sums[edge] = within
	return n.members[i-1], before + within
}

// at returns the token at which the sum of the weights, the heaviest first, exceeds x.
func (n *nucleus) at(weights []float32, x float64) int {
	if !n.filled {
		n.fill(weights, math.SmallestNonzeroFloat32)
	}
	b, above := n.locate(func(sum float64) bool { return sum > x })
	n.collect(weights, b)
	i, _ := reach(n.members, func(sum float64) bool { return above+sum > x })
	return int(n.members[i-1].id)
}

// fill adds up the weights in their buckets.
func (n *nucleus) fill(weights []float32, least float32) {
	n.base, n.least, n.filled = key(least)-1, least, true
	size := key(1) - n.base + 1
	if cap(n.sums) < size {
		n.sums = make([]float64, size)
	}
	n.sums = n.sums[:size]
	clear(n.sums)
	for _, w := range weights { // without a branch that is hard to predict
		n.sums[max(key(w)-n.base, 0)] += float64(w)
	}
	n.sums[0], n.sums[1] = 0, 0
	for _, w := range weights { // some of the lightest bucket are too light
		if key(w) == n.base+1 && w >= least {
			n.sums[1] += float64(w)
		}
	}
}

// locate returns the first bucket, the heaviest first, at which over is true of the sum of
// the weights so far, and the sum before it. If there is none it returns the last bucket
// that holds anything.
func (n *nucleus) locate(over func(sum float64) bool) (bucket int, before float64) {
	sum, found, foundBefore := 0.0, 0, 0.0
	for b := len(n.sums) - 1; b >= 0; b-- {
		if n.sums[b] == 0 {
			continue
		}
		if found, foundBefore = b, sum; over(sum + n.sums[b]) {
			return b, sum
		}
		sum += n.sums[b]
	}
	return found, foundBefore
}

// collect sets members to the tokens of a bucket, in the order of their ids.
func (n *nucleus) collect(weights []float32, bucket int) {
	n.members = n.members[:0]
	k := n.base + bucket
	for id, w := range weights {
		if key(w) == k && w >= n.least {
			n.members = append(n.members, choice{int32(id), w})
		}
	}
}
