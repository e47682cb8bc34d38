package modeltest

import (
	"fmt"
	"math"
	"slices"

	"euryale/layers/graph"
	"euryale/models"
)

// Dropout checks that without noise the loss is equal in training, in scoring and in every run.
// If the model has dropout, it checks that masks depend on seed and step only, not on the program
// or on how a batch is split into shards, and compares gradients with finite differences.
func Dropout(m models.Model, o Options) error {
	s, err := float64s(m, o)
	if err != nil {
		return err
	}
	t := min(4, s.context)
	d := &dropout{s, s.newBatch(ragged(t)...), t}
	plain, err := d.offWithoutNoise()
	if err != nil {
		return err
	}
	noise := &graph.Noise{Seed: 5, Step: 3}
	dropped, p, err := d.losses(noise)
	if err != nil {
		return err
	}
	if slices.Equal(dropped, plain) {
		return nil
	}
	if err := d.followsNoise(p, noise, dropped); err != nil {
		return err
	}
	if err := d.shards(noise, dropped); err != nil {
		return err
	}
	if err := gradients(m, o, noise); err != nil {
		return fmt.Errorf("with dropout: %w", err)
	}
	return nil
}

type dropout struct {
	*subject
	b batch
	t int
}

// losses builds a scoring program, runs it, and returns the loss of each token.
func (d *dropout) losses(noise *graph.Noise) ([]float64, *models.Program, error) {
	p, err := models.Score(d.m, d.w, graph.Frame{B: len(d.b.tokens), T: d.t, S: d.source, Noise: noise})
	if err != nil {
		return nil, nil, err
	}
	l, err := d.again(p)
	return l, p, err
}

func (d *dropout) again(p *models.Program) ([]float64, error) {
	if err := p.Run(d.b.feed(d.subject, d.t)); err != nil {
		return nil, err
	}
	return p.Float64s("losses"), nil
}

// offWithoutNoise checks that dropout is off without noise, and returns the losses.
func (d *dropout) offWithoutNoise() ([]float64, error) {
	plain, p, err := d.losses(nil)
	if err != nil {
		return nil, err
	}
	again, err := d.again(p)
	if err != nil {
		return nil, err
	}
	if i := differs(plain, again); i >= 0 {
		return nil, faultf("something draws random numbers of its own; use layers.Dropout", "without noise, two runs on one batch give token %d of sequence %d the losses %v and %v", i%d.t, i/d.t, plain[i], again[i])
	}
	mean := p.Loss()
	train, err := d.train(d.t, nil, models.Options{})
	if err != nil {
		return nil, err
	}
	if err := train.Run(d.b.feed(d.subject, d.t)); err != nil {
		return nil, err
	}
	if math.Abs(train.Loss()-mean) > 1e-10*(1+math.Abs(mean)) {
		return nil, faultf("a layer computes something else when the graph is differentiated", "without noise, the loss is %v in training and %v in scoring", train.Loss(), mean)
	}
	return plain, nil
}

// followsNoise checks that masks depend on seed and step only. p has run once.
func (d *dropout) followsNoise(p *models.Program, noise *graph.Noise, want []float64) error {
	again, err := d.again(p)
	if err != nil {
		return err
	}
	if i := differs(want, again); i >= 0 {
		return faultf("a mask must depend on the frame's noise only; use layers.Dropout", "with the same seed and step, two runs give token %d of sequence %d the losses %v and %v", i%d.t, i/d.t, want[i], again[i])
	}
	other, _, err := d.losses(noise)
	if err != nil {
		return err
	}
	if i := differs(want, other); i >= 0 {
		return faultf("a mask depends on how the graph was built; use layers.Dropout", "with the same seed and step, two programs give token %d of sequence %d the losses %v and %v", i%d.t, i/d.t, want[i], other[i])
	}
	noise.Step++
	moved, err := d.again(p)
	noise.Step--
	if err != nil {
		return err
	}
	if differs(want, moved) < 0 {
		return faultf("the mask is drawn when the graph is built; use layers.Dropout", "another step of the noise drops the same values")
	}
	return nil
}

// shards checks that the last sequences of a batch have the same masks in a shard as in the whole
// batch.
func (d *dropout) shards(noise *graph.Noise, want []float64) error {
	const first = 1
	p, err := models.Score(d.m, d.w, graph.Frame{B: len(d.b.tokens) - first, T: d.t, S: d.source, First: first, Noise: noise})
	if err != nil {
		return err
	}
	feed := d.b.feed(d.subject, d.t)
	feed.Tokens, feed.Targets = feed.Tokens[first*d.t:], feed.Targets[first*d.t:]
	if d.source > 0 {
		feed.Source = feed.Source[first*d.source:]
	}
	if err := p.Run(feed); err != nil {
		return err
	}
	for i, got := range p.Float64s("losses") {
		if w := want[first*d.t+i]; math.Abs(got-w) > 1e-10*(1+math.Abs(w)) {
			return faultf("a mask must depend on the value's index in the whole batch; give layers.Dropout activations of (B·T, D)", "token %d of sequence %d has the loss %v in the whole batch and %v in a shard that begins with sequence %d", i%d.t, first+i/d.t, w, got, first)
		}
	}
	return nil
}

// differs returns the first index at which a and b differ, or −1.
func differs(a, b []float64) int {
	for i := range a {
		if a[i] != b[i] {
			return i
		}
	}
	return -1
}
