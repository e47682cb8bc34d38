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

// division divides the blocks of parameters among ranks: each has a range of them.
type division struct {
	blocks []block
	ends   []int    // of the ranks' ranges
	rounds [][]span // the blocks that one exchange is about, by round and rank
	at     []int    // where each block begins among the values of its span
	rank   []int    // whose each block is
}

// divide divides parameters among ranks as evenly as blocks allow. A round is about at most so
// many values of each rank, and at least a block.
func divide(params []*graph.Param, size, most int) *division {
	d := &division{blocks: blocksOf(params)}
	d.at, d.rank = make([]int, len(d.blocks)), make([]int, len(d.blocks))
	total, before := 0, 0
	for _, p := range params {
		total += p.Size()
	}
	for i, b := range d.blocks {
		for before >= (len(d.ends)+1)*total/size && len(d.ends) < size-1 {
			d.ends = append(d.ends, i)
		}
		d.rank[i] = len(d.ends)
		before += b.size()
	}
	for len(d.ends) < size {
		d.ends = append(d.ends, len(d.blocks))
	}
	for rank := range size {
		d.cutRounds(rank, most)
	}
	return d
}

// cutRounds cuts the range of a rank into its spans. A rank with fewer of them has empty ones.
func (d *division) cutRounds(rank, most int) {
	from, to := ranks.Part(d.ends, rank)
	for round := 0; from < to || round < len(d.rounds); round++ {
		s := span{from: from, to: from}
		for s.to < to && (s.values == 0 || s.values+d.blocks[s.to].size() <= most) {
			d.at[s.to] = s.values
			s.values += d.blocks[s.to].size()
			s.to++
		}
		from = s.to
		if round == len(d.rounds) {
			d.rounds = append(d.rounds, make([]span, len(d.ends)))
			for r := range d.rounds[round] { // of ranks with fewer rounds
				_, end := ranks.Part(d.ends, r)
				d.rounds[round][r] = span{from: end, to: end}
			}
		}
		d.rounds[round][rank] = s
	}
}

// piece is a rank's part of a parameter: the values from from to to−1.
type piece struct{ param, from, to int }

// pieces returns a rank's part of each parameter, without those that it has no part of.
func (d *division) pieces(rank int) (pieces []piece) {
	from, to := ranks.Part(d.ends, rank)
	for _, b := range d.blocks[from:to] {
		if n := len(pieces); n > 0 && pieces[n-1].param == b.param {
			pieces[n-1].to = b.to
			continue
		}
		pieces = append(pieces, piece(b))
	}
	return pieces
}
