package modeltest

import (
	"euryale/layers/graph"
	"euryale/models"
)

// Gradients checks the derivative of the loss with respect to every parameter against
// finite differences, on padded sequences, with missing targets and label smoothing. See
// Differences for the entries that it samples.
func Gradients(m models.Model, o Options) error { return gradients(m, o, nil) }

// otherBatches are how many further batches a parameter must receive no gradient from.
const otherBatches = 8

func gradients(m models.Model, o Options, noise *graph.Noise) error {
	s, err := float64s(m, o)
	if err != nil {
		return err
	}
	const tokens = 4 // enough for each token to have some before and after it
	t := min(tokens, s.context)
	b := s.newBatch(ragged(t)...)
	p, err := s.train(t, noise, models.Options{Smoothing: 0.1})
	if err != nil {
		return err
	}
	f := b.feed(s, t)
	c := &comparison{p: p, w: s.w, run: func() error { return p.Run(f) }}
	if err := c.compare(o); err != nil {
		return err
	}
	if t < 2 || noise != nil { // attention over one token ignores its queries and keys, and dropout may hide a whole parameter
		return nil
	}
	for i := 0; i < otherBatches && c.unused() != nil; i++ { // of experts, a token reads only some
		f = s.newBatch(ragged(t)...).feed(s, t)
		if err := c.addSizes(); err != nil {
			return err
		}
	}
	return c.unused()
}
