package training

import (
	"slices"

	"euryale/layers/graph"
)

// block is a piece of a parameter: the unit of work, whatever the number of workers and ranks.
type block struct{ param, from, to int }

const blockSize = 1 << 15

func (b block) size() int { return b.to - b.from }

// blocksOf cuts parameters into blocks.
func blocksOf(params []*graph.Param) (blocks []block) {
	for i, p := range params {
		for from := 0; from < p.Size(); from += blockSize {
			blocks = append(blocks, block{i, from, min(p.Size(), from+blockSize)})
		}
	}
	return blocks
}

// division divides the blocks of parameters among ranks.
type division struct {
	blocks  []block
	rank    []int    // whose each block is
	own     [][]int  // the blocks of each rank
	slot    []int    // place of each block where the blocks of one rank follow those of another
	ends    []int    // of the ranks' slots
	sums    schedule // of the exchange of gradients, which are summed
	updates schedule // of that of updated values
}

// schedule is an exchange of blocks in rounds.
type schedule struct {
	rounds []round
	at     []int // where each block begins among the values of its rank in its round
}

// round is what ranks exchange at once: blocks of each rank, and how many values these have.
type round struct {
	blocks [][]int
	values []int
}

func newRound(size int) round { return round{make([][]int, size), make([]int, size)} }

// all returns the values of all ranks.
func (r round) all() (n int) {
	for _, values := range r.values {
		n += values
	}
	return n
}

// except returns the blocks of all ranks but one.
func (r round) except(rank int) (blocks []int) {
	for other, list := range r.blocks {
		if other != rank {
			blocks = append(blocks, list...)
		}
	}
	return blocks
}

// divide divides parameters among so many ranks. Their blocks are dealt in rounds, the last first,
// whose gradients the backward pass has first. A round of gradients has at most so many values for
// each rank, on average, and one of updated values so many of each; both have a block at least.
func divide(params []*graph.Param, size, gradients, updated int) *division {
	d := &division{blocks: blocksOf(params), own: make([][]int, size)}
	d.rank, d.slot = make([]int, len(d.blocks)), make([]int, len(d.blocks))
	given := make([]int, size)
	for to := len(d.blocks); to > 0; {
		r, from := d.deal(to, gradients*size, given)
		for rank := range r.blocks {
			slices.Sort(r.blocks[rank])
			given[rank] += r.values[rank]
			d.own[rank] = append(d.own[rank], r.blocks[rank]...)
		}
		d.sums.rounds, to = append(d.sums.rounds, r), from
	}
	for rank, own := range d.own {
		slices.Sort(own)
		for i, b := range own {
			d.rank[b], d.slot[b] = rank, i
			if rank > 0 {
				d.slot[b] += d.ends[rank-1]
			}
		}
		d.ends = append(d.ends, len(own))
		if rank > 0 {
			d.ends[rank] += d.ends[rank-1]
		}
	}
	d.cutUpdates(updated)
	d.sums.place(d.blocks)
	d.updates.place(d.blocks)
	return d
}

// deal deals the blocks before block to: those of a round of half of most values to all, one that
// divides well, so that no rank has much more than its share. It returns the round's first block.
func (d *division) deal(to, most int, given []int) (best round, from int) {
	values, next, waste := 0, most/2, 0.0
	for i := to - 1; i >= 0 && (i == to-1 || values+d.blocks[i].size() <= most); i-- {
		values += d.blocks[i].size()
		if best.blocks != nil && values < next && i > 0 {
			continue
		}
		r := d.dealRange(i, to, given)
		next = max(next, values+most/16)
		if w := float64(slices.Max(r.values)) / float64(values); best.blocks == nil || values <= most/2 || w < waste {
			best, from, waste = r, i, w
		}
	}
	return best, from
}

// dealRange deals a range of blocks, the largest first, each to the rank that has least of them, or
// then of all before.
func (d *division) dealRange(from, to int, given []int) round {
	r := newRound(len(given))
	blocks := make([]int, 0, to-from)
	for b := from; b < to; b++ {
		blocks = append(blocks, b)
	}
	slices.SortStableFunc(blocks, func(a, b int) int { return d.blocks[b].size() - d.blocks[a].size() })
	for _, b := range blocks {
		to := 0
		for rank, n := range r.values {
			if n < r.values[to] || n == r.values[to] && given[rank] < given[to] {
				to = rank
			}
		}
		r.blocks[to] = append(r.blocks[to], b)
		r.values[to] += d.blocks[b].size()
	}
	return r
}

// cutUpdates cuts the blocks of each rank into rounds of at most so many updated values.
func (d *division) cutUpdates(most int) {
	s := &d.updates
	for rank, own := range d.own {
		n := -1
		for _, b := range own {
			if n < 0 || s.rounds[n].values[rank]+d.blocks[b].size() > most {
				n++
			}
			if n == len(s.rounds) {
				s.rounds = append(s.rounds, newRound(len(d.own)))
			}
			s.rounds[n].blocks[rank] = append(s.rounds[n].blocks[rank], b)
			s.rounds[n].values[rank] += d.blocks[b].size()
		}
	}
}

// place sets where blocks begin.
func (s *schedule) place(blocks []block) {
	s.at = make([]int, len(blocks))
	for _, r := range s.rounds {
		for _, list := range r.blocks {
			at := 0
			for _, b := range list {
				s.at[b] = at
				at += blocks[b].size()
			}
		}
	}
}

// piece is a rank's part of a parameter: the values from from to to−1.
type piece struct{ param, from, to int }

// pieces returns a rank's parts of the parameters, in their order: often several of one.
func (d *division) pieces(rank int) (pieces []piece) {
	for _, i := range d.own[rank] {
		b := d.blocks[i]
		if n := len(pieces); n > 0 && pieces[n-1].param == b.param && pieces[n-1].to == b.from {
			pieces[n-1].to = b.to
			continue
		}
		pieces = append(pieces, piece(b))
	}
	return pieces
}
