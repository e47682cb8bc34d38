package experiment

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"gorgonia.org/tensor"

	"euryale/layers/graph"
	"euryale/models"
	"euryale/models/modeltest"
	"euryale/training"
)

// feed returns random sequences for a frame, the first token of each another one, and targets
// that are the next tokens.
func (c *checker) feed(f graph.Frame, m models.Model) graph.Feed {
	rng, v := rand.New(rand.NewPCG(c.o.Seed, 17)), m.Common().Vocab
	feed := graph.Feed{}
	for b := range f.B {
		text := []int{b % v}
		for range f.T {
			text = append(text, rng.IntN(v))
		}
		feed.Tokens, feed.Targets = append(feed.Tokens, text[:f.T]...), append(feed.Targets, text[1:]...)
		for range f.S {
			feed.Source = append(feed.Source, rng.IntN(v))
		}
	}
	return feed
}

// Limits of the check of learning.
const (
	learnedTokens = 12
	learningSteps = 150
	learningTime  = 4 * time.Second // for each rate, after which the loss need only have fallen
	learned       = 0.5             // of the first loss, which the last one must be below
	aboveUniform  = 4               // nats that the first loss may be above ln V: logits of spread σ give σ²/2
	belowUniform  = 0.5             // nats that it may be below
)

// learningRates are those of AdamW, tried one after another: deep post-norm Transformers do not
// learn at the first.
var learningRates = []float64{3e-3, 5e-4}

// learning checks the loss at the start, one step of gradient descent, that all weights move, and
// that a batch of two short sequences is learned by heart.
func (c *checker) learning() error {
	l := &learner{m: c.atSize(), w: graph.NewWeights(c.o.Seed)}
	f := graph.Frame{B: 2, T: min(learnedTokens, l.m.Common().Context), S: min(5, models.SourceOf(l.m))}
	var err error
	if err = l.compile(f); err != nil {
		return &skip{"the training program cannot be built"}
	}
	l.feed = c.feed(f, l.m)
	start, err := l.loss()
	if err != nil {
		return err
	}
	if uniform := math.Log(float64(l.m.Common().Vocab)); start > uniform+aboveUniform || start < uniform-belowUniform || math.IsNaN(start) {
		return &modeltest.Fault{Seen: fmt.Sprintf("the loss of random tokens is %.4g at the start, and ln V = %.4g", start, uniform), Cause: startCause(start, uniform)}
	}
	faults := []error{l.descends()}
	var learns error
	for i, rate := range learningRates {
		if i > 0 {
			l.w = graph.NewWeights(c.o.Seed)
			if err := l.compile(f); err != nil {
				return err
			}
		}
		if learns = l.learns(start, rate); learns == nil {
			break
		}
	}
	return errors.Join(append(faults, learns)...)
}

func startCause(start, uniform float64) string {
	if start < uniform {
		return "the model reads its targets, or the loss leaves out tokens"
	}
	return "logits are too large: initial values of the head or of the last layers are too large, or a normalisation before the head is missing"
}

// learner is a model that is trained on one batch.
type learner struct {
	m            models.Model
	w            *graph.Weights
	train, score *models.Program
	feed         graph.Feed
}

// compile compiles the programs on the weights.
func (l *learner) compile(f graph.Frame) (err error) {
	if l.train, err = models.Train(l.m, l.w, f, models.Options{}); err != nil {
		return err
	}
	l.score, err = models.Score(l.m, l.w, f)
	return err
}

// loss returns the cross-entropy of the batch.
func (l *learner) loss() (float64, error) {
	if err := l.score.Run(l.feed); err != nil {
		return 0, err
	}
	return l.score.Loss(), nil
}

// descends checks that a small step against the gradient lowers the objective, and takes it back.
func (l *learner) descends() error {
	if err := l.train.Run(l.feed); err != nil {
		return err
	}
	before, norm := l.train.Objective(), 0.0
	var gradients, values [][]float32
	for i, g := range l.train.Gradients() {
		gradients = append(gradients, slices.Clone(g.Float32s()))
		values = append(values, slices.Clone(l.w.Get(l.train.Params()[i].Name()).Float32()))
		for _, d := range g.Float32s() {
			norm += float64(d) * float64(d)
		}
	}
	if norm == 0 {
		return &modeltest.Fault{Seen: "the gradient of every parameter is zero", Cause: "the loss does not depend on the parameters"}
	}
	after := before
	for _, share := range []float64{0.03, 0.003, 0.0003} { // of the loss that the step should save, to first order
		rate := share * math.Abs(before) / norm
		for i := range gradients {
			v := l.w.Get(l.train.Params()[i].Name()).Float32()
			for j, d := range gradients[i] {
				v[j] = values[i][j] - float32(rate*float64(d))
			}
		}
		if err := l.train.Run(l.feed); err != nil {
			return err
		}
		after = l.train.Objective()
		for i := range values {
			copy(l.w.Get(l.train.Params()[i].Name()).Float32(), values[i])
		}
		if after < before {
			return nil
		}
	}
	return &modeltest.Fault{Seen: fmt.Sprintf("a step against the gradient takes the loss from %.6g to %.6g", before, after), Cause: "a gradient is wrong: see the check of gradients"}
}

// learns trains on the batch, and checks that its loss falls and all weights move.
func (l *learner) learns(start, rate float64) error {
	u, err := training.NewUpdater(training.OptimizerConfig{Name: "adamw", LR: rate, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, Clip: 1}, l.w.All())
	if err != nil {
		return err
	}
	first := map[string][]float32{}
	for _, p := range l.w.All() {
		first[p.Path] = slices.Clone(p.Float32())
	}
	began, limit := time.Now(), learned
	for n := range learningSteps {
		if n > 10 && time.Since(began) > learningTime {
			limit = 0.95 // of a large model on a slow machine
			break
		}
		if err := l.train.Run(l.feed); err != nil {
			return err
		}
		if n > 0 && n%10 == 0 && l.train.Loss() < learned/2*start {
			break
		}
		if err := u.Add([][]*tensor.Dense{l.train.Gradients()}); err != nil {
			return err
		}
		if _, err := u.Step(rate * min(1, float64(n+1)/10)); err != nil {
			return err
		}
	}
	end, err := l.loss()
	if err != nil {
		return err
	}
	var faults []error
	if still := l.still(first); len(still) > 0 {
		faults = append(faults, &modeltest.Fault{Layer: still[0], Line: l.train.Declared(still[0]),
			Seen: fmt.Sprintf("training does not move %s", strings.Join(still, ", ")), Cause: "its gradient is always zero: it is multiplied by zero, cut off by layers.StopGradient, or all units after it are dead"})
	}
	if !(end < limit*start) {
		faults = append(faults, &modeltest.Fault{Seen: fmt.Sprintf("%d steps of AdamW at a rate of %v on one batch of %d tokens take the cross-entropy from %.4g to %.4g", learningSteps, rate, len(l.feed.Tokens), start, end),
			Cause: "the training loss is not that of the next token, a gradient is cut off, or values are so large that the model cannot learn"})
	}
	return errors.Join(faults...)
}

// still returns the parameters that are what they were.
func (l *learner) still(first map[string][]float32) (paths []string) {
	for _, p := range l.w.All() {
		if slices.Equal(first[p.Path], p.Float32()) {
			paths = append(paths, p.Path)
		}
	}
	return paths
}
