package tokenizer

// bigram is a pair of neighbouring symbols; the upper 32 bits are the left one.
type bigram uint64

func newBigram(left, right int32) bigram { return bigram(uint64(left)<<32 | uint64(uint32(right))) }

func (p bigram) left() int32  { return int32(p >> 32) }
func (p bigram) right() int32 { return int32(uint32(p)) }

// mergeRule is the id that a pair is replaced by, and the rank of the merge: lower ranks come first.
type mergeRule struct{ rank, id int32 }

// merger applies merge rules to sequences of symbols. It reuses its memory and is not safe for
// concurrent use.
type merger struct {
	rules map[bigram]mergeRule
	// A doubly linked list over the symbols: a merge keeps the left one and unlinks the right.
	next, prev []int32
	queue      []candidate // a binary heap, the smallest key first

	drop    *mergeDropout // leaves out merges; nil: none
	leftOut []candidate   // since the last merge
}

// candidate is a merge that was possible when it was queued. It is stale if its symbols have since
// been merged with others.
type candidate struct {
	key uint64 // rank, then position: of equal ranks the leftmost comes first
	bigram
}

// merge applies the rules to symbols, in place: always to the pair of the lowest rank, the leftmost
// of several, until no rule applies. It takes O(n log n) steps.
func (m *merger) merge(symbols []int32) []int32 {
	if len(symbols) < 2 {
		return symbols
	}
	m.link(len(symbols))
	for i := range len(symbols) - 1 {
		m.push(symbols, int32(i))
	}
	for len(m.queue) > 0 {
		c := m.pop()
		at := int32(uint32(c.key))
		right := m.next[at]
		if symbols[at] != c.left() || right < 0 || symbols[right] != c.right() {
			continue
		}
		if m.drop.leavesOut() {
			m.leftOut = append(m.leftOut, c)
			continue
		}
		m.restore()
		symbols[at] = m.rules[c.bigram].id
		symbols[right] = unlinked
		if m.next[at] = m.next[right]; m.next[at] >= 0 {
			m.prev[m.next[at]] = at
			m.push(symbols, at)
		}
		if m.prev[at] >= 0 {
			m.push(symbols, m.prev[at])
		}
	}
	m.leftOut = m.leftOut[:0]
	merged := symbols[:0]
	for at := int32(0); at >= 0; at = m.next[at] {
		merged = append(merged, symbols[at])
	}
	return merged
}

const unlinked = -1 // neither an id nor a position

// link initializes the list of n symbols.
func (m *merger) link(n int) {
	if cap(m.next) < n {
		m.next, m.prev = make([]int32, n), make([]int32, n)
	}
	m.next, m.prev = m.next[:n], m.prev[:n]
	for i := range n {
		m.next[i], m.prev[i] = int32(i+1), int32(i-1)
	}
	m.next[n-1] = unlinked
}

// push queues the merge of the symbol at a position with its right neighbour, if there is a rule for
// it.
func (m *merger) push(symbols []int32, at int32) {
	p := newBigram(symbols[at], symbols[m.next[at]])
	rule, ok := m.rules[p]
	if !ok {
		return
	}
	m.add(candidate{key: uint64(rule.rank)<<32 | uint64(at), bigram: p})
}

// restore queues again the merges that were left out.
func (m *merger) restore() {
	for _, c := range m.leftOut {
		m.add(c)
	}
	m.leftOut = m.leftOut[:0]
}

// add puts a candidate into the queue.
func (m *merger) add(c candidate) {
	i := len(m.queue)
	m.queue = append(m.queue, c)
	for i > 0 {
		up := (i - 1) / 2
		if m.queue[up].key <= c.key {
			break
		}
		m.queue[i] = m.queue[up]
		i = up
	}
	m.queue[i] = c
}

// pop removes and returns the candidate with the smallest key.
func (m *merger) pop() candidate {
	top := m.queue[0]
	n := len(m.queue) - 1
	last := m.queue[n]
	m.queue = m.queue[:n]
	i := 0
	for {
		down := 2*i + 1
		if down >= n {
			break
		}
		if down+1 < n && m.queue[down+1].key < m.queue[down].key {
			down++
		}
		if last.key <= m.queue[down].key {
			break
		}
		m.queue[i] = m.queue[down]
		i = down
	}
	if n > 0 {
		m.queue[i] = last
	}
	return top
}
