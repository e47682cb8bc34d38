package experiment

import (
	"fmt"
	"math"
	"slices"

	G "gorgonia.org/gorgonia"

	"euryale/layers/graph"
	"euryale/models"
	"euryale/models/modeltest"
)

// dropout checks that a model with a setting of that name drops values in training. Everything
// else about dropout is checked by package modeltest.
func (c *checker) dropout() error {
	_, f := copyOf(c.small)
	if v, ok := f["dropout"]; !ok || !v.CanFloat() || v.Float() == 0 {
		return &skip{"the model has no setting of that name"}
	}
	var losses [2]float64
	for i, noise := range []*graph.Noise{nil, {Seed: 5, Step: 3}} {
		w, frame := graph.NewWeights64(c.o.Seed+1), frameOf(c.small)
		frame.T, frame.Noise = min(8, frame.T), noise
		p, err := models.Train(c.small, w, frame, models.Options{})
		if err != nil {
			return &skip{"the training program cannot be built"}
		}
		modeltest.Spread(w)
		if err := p.Run(c.feed(frame, c.small)); err != nil {
			return err
		}
		losses[i] = p.Loss()
	}
	if losses[0] == losses[1] {
		return &modeltest.Fault{Seen: fmt.Sprintf("with dropout = %v the loss is %v in training and in scoring", f["dropout"].Float(), losses[0]),
			Cause: "the setting is not passed to layers.Dropout, or to a layer that drops values"}
	}
	return nil
}

// ownLoss checks the loss of a model that implements WithLoss: rows without a target have none,
// and a row's loss depends on its own target and on no other.
func (c *checker) ownLoss() error {
	if _, ok := c.m.(models.WithLoss); !ok {
		return &skip{"the model is trained on cross-entropy"}
	}
	f := frameOf(c.small)
	f.B, f.T, f.Gradient = 2, min(5, f.T), true
	w := graph.NewWeights64(c.o.Seed + 1)
	var at graph.Origin
	var line string
	p, err := models.Inspect(c.small, w, f, func(g *graph.Graph) map[string]*G.Node {
		n, err := g.Tap("losses")
		if err != nil {
			return nil
		}
		at, line = g.Origin(n), g.Line(n)
		return map[string]*G.Node{"own losses": n}
	})
	if err != nil {
		return err
	}
	modeltest.Spread(w)
	fault := func(cause, format string, args ...any) error {
		return &modeltest.Fault{Layer: at.Path, Op: at.Op, Line: line, Seen: fmt.Sprintf(format, args...), Cause: cause}
	}
	feed := c.feed(f, c.small)
	losses := func(targets []int) ([]float64, error) {
		run := feed
		run.Targets = targets
		if err := p.Run(run); err != nil {
			return nil, err
		}
		return p.Float64s("own losses"), nil
	}
	want, err := losses(feed.Targets)
	if err != nil {
		return err
	}
	v := c.small.Common().Vocab
	for i := range feed.Targets {
		for _, other := range []int{(feed.Targets[i] + 1) % v, -1} {
			targets := slices.Clone(feed.Targets)
			targets[i] = other
			got, err := losses(targets)
			if err != nil {
				return err
			}
			if other < 0 && got[i] != 0 {
				return fault("padding is part of the loss; a row whose target is −1 must have the loss 0, as in layers.CrossEntropy", "row %d has no target and the loss %.4g", i, got[i])
			}
			if other >= 0 && differ(got[i], want[i]) == 0 {
				return fault("targets are shifted once more than the data has shifted them: the target of row t is the token t+1 already", "changing the target of row %d does not change its loss", i)
			}
			for k := range got {
				if k != i && differ(got[k], want[k]) > 0 {
					return fault("targets are shifted once more than the data has shifted them, or the loss mixes rows: the target of row t is the token t+1 already",
						"changing the target of row %d changes the loss of row %d by %.3g", i, k, differ(got[k], want[k]))
				}
			}
		}
	}
	return nil
}

// differ returns the difference of two losses, or 0 if it is that of rounding.
func differ(a, b float64) float64 {
	if d := math.Abs(a - b); d > 1e-10*(1+math.Abs(b)) {
		return d
	}
	return 0
}
