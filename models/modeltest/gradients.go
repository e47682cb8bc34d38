package modeltest

import (
	"fmt"

	"euryale/layers"
	"euryale/models"
)

// Gradients checks the derivative of the loss with respect to every parameter against
// finite differences, on padded sequences, with missing targets and label smoothing. What
// it samples, Differences says.
func Gradients(m models.Model, o Options) error { return gradients(m, o, nil) }

func gradients(m models.Model, o Options, noise *layers.Noise) error {
	s, err := float64s(m, o)
	if err != nil {
		return err
	}
	const tokens = 4 // enough for each token to have some before and after it
	t := min(tokens, s.context)
	b := s.newBatch(ragged(t)...)
	p, err := models.Train(m, s.w, layers.Frame{B: len(b.tokens), T: t, S: s.source, Noise: noise}, models.Options{Smoothing: 0.1})
	if err != nil {
		return fmt.Errorf("building the training program: %w", err)
	}
	f := b.feed(s, t)
	return Differences(p, s.w, func() error { return p.Run(f) }, o)
}
