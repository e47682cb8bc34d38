package training

import (
	"euryale/internal/ranks"
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

// span is a range of blocks, and how many values they have.
type span struct{ from, to, values int }

// division divides the blocks of parameters among ranks, in rounds. The backward pass has the
// gradients of the last parameters first: so has the first round.
type division struct {
	blocks []block
	rounds [][]span // the blocks that one exchange is about, by round and rank
	at     []int    // where each block begins among the values of its span
	rank   []int    // whose each block is
	slot   []int    // place of each block where the blocks of one rank follow those of another
	ends   []int    // of the ranks' slots
}

// divide divides parameters among ranks. A round is about at most so many values for each rank, on
// average, and at least a block; of each round, and of all, ranks get as much as blocks allow.
func divide(params []*graph.Param, size, most int) *division {
	d := &division{blocks: blocksOf(params), ends: make([]int, size)}
	d.at, d.rank, d.slot = make([]int, len(d.blocks)), make([]int, len(d.blocks)), make([]int, len(d.blocks))
	given, all := make([]int, size), 0 // values of each rank so far, and of all
	for to := len(d.blocks); to > 0; {
		from, values := to, 0
		for from > 0 && (values == 0 || values+d.blocks[from-1].size() <= most*size) {
			from--
			values += d.blocks[from].size()
		}
		all += values
		d.addRound(from, to, given, all/size)
		to = from
	}
	for _, r := range d.rank {
		d.ends[r]++
	}
	for r := 1; r < size; r++ {
		d.ends[r] += d.ends[r-1]
	}
	next := make([]int, size)
	for r := range next {
		next[r], _ = ranks.Part(d.ends, r)
	}
	for i, r := range d.rank {
		d.slot[i] = next[r]
		next[r]++
	}
	return d
}

// addRound divides a range of blocks among the ranks, after which each is to have so many of the
// values given.
func (d *division) addRound(from, to int, given []int, share int) {
	spans := make([]span, len(given))
	for r := range spans {
		s := span{from: from, to: from}
		for s.to < to && (r == len(spans)-1 || given[r]+d.blocks[s.to].size()/2 < share) {
			n := d.blocks[s.to].size()
			d.at[s.to], d.rank[s.to] = s.values, r
			s.values += n
			given[r] += n
			s.to++
		}
		spans[r], from = s, s.to
	}
	d.rounds = append(d.rounds, spans)
}

// of returns the blocks of a rank.
func (d *division) of(rank int) (blocks []int) {
	for i, r := range d.rank {
		if r == rank {
			blocks = append(blocks, i)
		}
	}
	return blocks
}

// piece is a rank's part of a parameter: the values from from to to−1.
type piece struct{ param, from, to int }

// pieces returns a rank's parts of the parameters, in their order: several of one, where rounds
// have cut it.
func (d *division) pieces(rank int) (pieces []piece) {
	for _, i := range d.of(rank) {
		b := d.blocks[i]
		if n := len(pieces); n > 0 && pieces[n-1].param == b.param && pieces[n-1].to == b.from {
			pieces[n-1].to = b.to
			continue
		}
		pieces = append(pieces, piece(b))
	}
	return pieces
}
