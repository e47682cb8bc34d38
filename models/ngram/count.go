package ngram

import (
	"errors"
	"fmt"
	"slices"
)

// Counter collects the n-grams of a corpus: 4·n bytes for each token.
type Counter struct {
	vocab, order int
	history      []int32 // the last n−1 tokens
	grams        []int32 // (tokens, n), in the order of the text
}

// NewCounter returns a counter of n-grams of up to order tokens with ids below vocab.
func NewCounter(vocab, order int) (*Counter, error) {
	if vocab < 1 || order < 1 {
		return nil, fmt.Errorf("n-grams of %d tokens from a vocabulary of %d: want at least 1 of each", order, vocab)
	}
	c := &Counter{vocab: vocab, order: order, history: make([]int32, order-1)}
	c.restart()
	return c, nil
}

// restart empties the history: start marks take the place of earlier tokens.
func (c *Counter) restart() {
	for i := range c.history {
		c.history[i] = int32(c.vocab)
	}
}

// Read counts the n-grams of a sequence: each target after the tokens up to it. It skips targets
// of −1, and stops at a token of −1. Unless fresh, the sequence continues the previous one.
func (c *Counter) Read(tokens, targets []int, fresh bool) error {
	if fresh {
		c.restart()
	}
	for i, id := range tokens {
		if id < 0 {
			return nil
		}
		if id >= c.vocab || targets[i] >= c.vocab {
			return fmt.Errorf("token %d is %d, and its target %d: want ids below %d", i, id, targets[i], c.vocab)
		}
		if len(c.history) > 0 {
			c.history = append(c.history[:copy(c.history, c.history[1:])], int32(id))
		}
		if targets[i] >= 0 {
			c.grams = append(append(c.grams, c.history...), int32(targets[i]))
		}
	}
	return nil
}

// Model estimates a model from all n-grams read.
func (c *Counter) Model() (*Model, error) {
	if len(c.grams) == 0 {
		return nil, errors.New("there is no token to count: give more text")
	}
	levels := make([]level, c.order)
	top := distinct(c.grams, c.order)
	levels[c.order-1] = top
	for n := c.order - 1; n >= 1; n-- {
		levels[n-1] = distinct(endings(levels[n]), n)
	}
	return newModel(c.vocab, levels), nil
}

// endings returns the n-grams of a level without their first tokens. The number of times that one
// occurs is the number of different tokens before it.
func endings(l level) []int32 {
	var all []int32
	for i := range int32(len(l.counts)) {
		all = append(all, l.row(i)[1:]...)
	}
	return all
}

// distinct sorts grams of n tokens and counts how often each occurs.
func distinct(grams []int32, n int) level {
	order := make([]int32, len(grams)/n)
	for i := range order {
		order[i] = int32(i)
	}
	row := func(i int32) []int32 { return grams[int(i)*n : int(i+1)*n] }
	slices.SortFunc(order, func(a, b int32) int { return slices.Compare(row(a), row(b)) })
	l := level{n: n}
	for i, at := range order {
		if i > 0 && slices.Equal(row(at), row(order[i-1])) {
			l.counts[len(l.counts)-1]++
			continue
		}
		l.grams, l.counts = append(l.grams, row(at)...), append(l.counts, 1)
	}
	return l
}
