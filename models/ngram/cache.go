package ngram

import "fmt"

// Cache predicts each token of a text from n-grams of the text before it (Kuhn and De Mori 1990). It repeats
// names and phrases that only this text has, so it is mixed with a model that has learned the language from others.
// Counts are interpolated with absolute discounting (Ney, Essen and Kneser 1994).
type Cache struct {
	vocab int
	nodes []cacheNode // the first is the n-gram of no tokens
	edges map[edge]int32
	at    []int32 // nodes of the last 0, 1, … n−1 tokens
}

// cacheNode is an n-gram that has been read.
type cacheNode struct {
	count     int32 // of its occurrences
	next      int32 // of tokens that followed
	following int32 // of different tokens that followed
}

// edge leads from an n-gram to that with one token more.
type edge struct{ node, token int32 }

// cacheDiscount is taken from each count and given to shorter n-grams.
const cacheDiscount = 0.75

// NewCache returns a cache of n-grams of up to order tokens with ids below vocab, which has read nothing.
func NewCache(vocab, order int) (*Cache, error) {
	if vocab < 1 || order < 1 || order > MaxOrder {
		return nil, fmt.Errorf("n-grams of %d tokens from a vocabulary of %d: want 1 to %d, and a vocabulary", order, vocab, MaxOrder)
	}
	c := &Cache{vocab: vocab, nodes: make([]cacheNode, 1), edges: map[edge]int32{}, at: make([]int32, 1, order)}
	return c, nil
}

// Prob returns the probability that token w is the next. Those of all tokens add up to 1.
func (c *Cache) Prob(w int) float64 {
	p := 1 / float64(c.vocab)
	for _, at := range c.at {
		n := c.nodes[at]
		if n.next == 0 { // read once, just now
			return p
		}
		count := 0.0
		if i, ok := c.edges[edge{at, int32(w)}]; ok {
			count = float64(c.nodes[i].count) - cacheDiscount
		}
		p = (count + cacheDiscount*float64(n.following)*p) / float64(n.next)
	}
	return p
}

// Read counts token w as the next.
func (c *Cache) Read(w int) {
	order, last := cap(c.at), int32(0)
	for i, at := range c.at {
		c.at[i] = last // the context of i tokens ends in w from now on
		e := edge{at, int32(w)}
		next, known := c.edges[e]
		if !known {
			next = int32(len(c.nodes))
			c.nodes = append(c.nodes, cacheNode{})
			c.edges[e] = next
			c.nodes[at].following++
		}
		c.nodes[at].next++
		c.nodes[next].count++
		last = next
	}
	if len(c.at) < order {
		c.at = append(c.at, last)
	}
}
