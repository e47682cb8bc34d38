package training

import (
	"euryale/internal/kernel/parallel"
	"euryale/internal/ranks"
	"euryale/layers/graph"
)

// Exchanges are in rounds, of at most so much that their memory is about 8 MB. Of gradients there are
// more, where there are more blocks: the first ones are complete early in the backward pass.
const (
	roundValues = 1 << 21
	manyRounds  = 8 // to twice as many
)

// roundSizes returns how many values each rank has in a round at most, on average, for parameters of
// so many values and batches of so many shards: of gradients, and of updated values.
func roundSizes(values float64, shards, size int) (gradients, updated float64) {
	updated = max(roundValues/float64(max(shards, size)), blockSize)
	return max(min(updated, values/float64(size*manyRounds)), blockSize), updated
}

// exchange moves gradients and updated values between ranks. A rank has some of the shards of
// each batch, and some blocks of the parameters' values. It receives all shards' gradients of its
// blocks, to sum them in the order of the shards, and sends its updated values to all others
// (ZeRO stage 1, Rajbhandari et al. 2020): with one shard per rank, the traffic of a ring
// all-reduce.
type exchange struct {
	group ranks.Group
	*division
	narrow  bool    // gradients are sent as bfloat16
	others  [][]int // blocks of the other ranks, by round of updated values
	packed  [][]int // by round of gradients, those copied to the buffer: of others, or all if they are rounded
	buffer  []float32
	wire    []uint16 // in place of buffer, where gradients are bfloat16
	send    [][]float32
	receive [][]float32
	send16  [][]uint16
	recv16  [][]uint16

	local       [][][]float32 // gradients of the rank's shards, by shard and parameter
	first, last int           // of all shards of the batch, those of this rank
	received    [][]float32   // in this round, by shard, or copied; nil: a shard of this rank, not copied
	shardEnds   []int         // of the ranks
	whole       [][]float32   // values of all parameters
	wholeEnds   []int         // of the ranks' values in buffer
	index       int           // of the round
	now         round
	sum         func(i int)
	pack        func(i int)
	packWhole   func(i int)
	unpackWhole func(i int)
}

// newExchange returns an exchange for batches of at most so many shards.
func newExchange(g ranks.Group, params []*graph.Param, shards int, narrow bool) *exchange {
	size := g.Size()
	gradients, updated := roundSizes(countValues(params), shards, size)
	x := &exchange{group: g, division: divide(params, size, int(gradients), int(updated)), narrow: narrow,
		send: make([][]float32, size), receive: make([][]float32, size)}
	largest := 0
	for _, r := range x.updates.rounds {
		x.others = append(x.others, r.except(g.Rank()))
		largest = max(largest, r.all())
	}
	for _, r := range x.sums.rounds {
		not := g.Rank()
		if narrow {
			not = -1
		}
		x.packed = append(x.packed, r.except(not))
		own := r.values[g.Rank()]
		most := (shards + size - 1) / size // shards of one rank
		largest = max(largest, (r.all()-own)*most+own*shards)
	}
	x.buffer = ranks.Memory[float32](g, largest)
	if narrow {
		x.wire, x.send16, x.recv16 = ranks.Memory[uint16](g, largest), make([][]uint16, size), make([][]uint16, size)
	}
	x.pack, x.packWhole, x.unpackWhole = x.packBlock, x.packOwn, x.unpackOther
	return x
}

// gradients calls sum for each of the rank's own blocks, counted from 0, once it has received
// the gradients of all shards for it. Local are those of the rank's shards of the batch, which
// has total. Before each round it calls wait, unless that is nil, which reports whether the
// gradients are there: the rank takes part in the round in any case, so that no other waits for it.
func (x *exchange) gradients(local [][][]float32, total int, sum func(i int), wait func(round int) bool) error {
	x.local, x.sum, x.shardEnds = local, sum, ranks.Ends(total, x.group.Size())
	x.first, x.last = ranks.Part(x.shardEnds, x.group.Rank())
	for x.index, x.now = range x.sums.rounds {
		complete := wait == nil || wait(x.index)
		x.cutBuffer()
		if complete {
			parallel.Each(len(x.packed[x.index]), x.pack)
		}
		if err := x.swap(); err != nil {
			return err
		}
		if complete {
			parallel.Each(len(x.mine()), x.sumOwn)
		}
	}
	return nil
}

// mine returns the rank's own blocks of the round.
func (x *exchange) mine() []int { return x.now.blocks[x.group.Rank()] }

// cutBuffer cuts the buffer into what the rank sends to each other and receives from it.
func (x *exchange) cutBuffer() {
	at := 0
	take := func(n int) []float32 {
		at += n
		return x.buffer[at-n : at : at]
	}
	for r, n := range x.now.values {
		if r != x.group.Rank() {
			x.send[r] = take(n * (x.last - x.first))
		}
	}
	n := x.now.values[x.group.Rank()]
	x.received = x.received[:0]
	for r := range x.receive {
		from, to := ranks.Part(x.shardEnds, r)
		if r != x.group.Rank() {
			x.receive[r] = take(n * (to - from))
		}
		for s := range to - from {
			switch {
			case r != x.group.Rank():
				x.received = append(x.received, x.receive[r][s*n:(s+1)*n])
			case x.narrow:
				x.received = append(x.received, take(n))
			default:
				x.received = append(x.received, nil)
			}
		}
	}
}

// packBlock copies a block from the gradients of the rank's shards.
func (x *exchange) packBlock(i int) {
	i = x.packed[x.index][i]
	b, to, at := x.blocks[i], x.rank[i], x.sums.at[i]
	n := x.now.values[to]
	for s, params := range x.local {
		var into []float32
		if to == x.group.Rank() {
			into = x.received[x.first+s][at:]
		} else {
			into = x.send[to][s*n+at:]
		}
		copy(into, params[b.param][b.from:b.to])
		if x.narrow {
			roundToBFloat16(into[:b.size()])
		}
	}
}

// swap sends what is packed, and receives the gradients of the other ranks' shards.
func (x *exchange) swap() error {
	if !x.narrow {
		return ranks.AllToAll(x.group, x.send, x.receive)
	}
	at := 0
	for _, list := range []struct {
		wide   [][]float32
		narrow [][]uint16
	}{{x.send, x.send16}, {x.receive, x.recv16}} {
		for r := range list.wide {
			list.narrow[r] = x.wire[at : at+len(list.wide[r])]
			at += len(list.wide[r])
		}
	}
	for r := range x.send {
		toBFloat16(x.send16[r], x.send[r])
	}
	if err := ranks.AllToAll(x.group, x.send16, x.recv16); err != nil {
		return err
	}
	for r := range x.receive {
		fromBFloat16(x.receive[r], x.recv16[r])
	}
	return nil
}

// sumOwn sums one of the rank's blocks of the round.
func (x *exchange) sumOwn(i int) {
	first, _ := ranks.Part(x.ends, x.group.Rank())
	x.sum(x.slot[x.mine()[i]] - first)
}

// gradient returns the gradient of a shard for one of the rank's own blocks, counted from 0.
func (x *exchange) gradient(shard, i int) []float32 {
	i = x.own[x.group.Rank()][i]
	b := x.blocks[i]
	if g := x.received[shard]; g != nil {
		return g[x.sums.at[i]:][:b.size()]
	}
	return x.local[shard-x.first][b.param][b.from:b.to]
}

// gather sends the rank's blocks of the parameters' values to all others, and receives theirs.
func (x *exchange) gather(values [][]float32) error {
	x.whole = values
	for x.index, x.now = range x.updates.rounds {
		n := 0
		x.wholeEnds = x.wholeEnds[:0]
		for _, values := range x.now.values {
			n += values
			x.wholeEnds = append(x.wholeEnds, n)
		}
		parallel.Each(len(x.mine()), x.packWhole)
		if err := ranks.AllGather(x.group, x.buffer[:n], x.wholeEnds); err != nil {
			return err
		}
		parallel.Each(len(x.others[x.index]), x.unpackWhole)
	}
	return nil
}

// packOwn copies one of the rank's blocks of the round to the buffer.
func (x *exchange) packOwn(i int) {
	values, buffer := x.placeOf(x.mine()[i])
	copy(buffer, values)
}

// unpackOther copies a block of another rank from the buffer.
func (x *exchange) unpackOther(i int) {
	values, buffer := x.placeOf(x.others[x.index][i])
	copy(values, buffer)
}

// placeOf returns the values of a block, and their place in the buffer.
func (x *exchange) placeOf(i int) (values, buffer []float32) {
	b := x.blocks[i]
	from, _ := ranks.Part(x.wholeEnds, x.rank[i])
	from += x.updates.at[i]
	return x.whole[b.param][b.from:b.to], x.buffer[from : from+b.size()]
}

// total sums numbers of which each slot has one, in the order of the blocks.
func (x *exchange) total(ofSlots []float64) (sum float64, err error) {
	if err := ranks.AllGather(x.group, ofSlots, x.ends); err != nil {
		return 0, err
	}
	for _, slot := range x.slot {
		sum += ofSlots[slot]
	}
	return sum, nil
}
