package modeltest

import (
	"fmt"
	"slices"
	"strings"

	"euryale/layers/graph"
	"euryale/models"
)

// SharedWeights checks that the programs that train, score and decode declare the same
// parameters, that building a program does not change their values, and that a program built
// before an update uses the updated values.
func SharedWeights(m models.Model, o Options) error {
	s, err := float32s(m, o)
	if err != nil {
		return err
	}
	t := min(4, s.context)
	b := s.newBatch(ragged(t)...)
	old, err := s.score(len(b.tokens), t)
	if err != nil {
		return err
	}
	before, err := s.logits(old, b)
	if err != nil {
		return err
	}
	known := len(s.w.All())
	train, err := s.train(t, &graph.Noise{Seed: 1}, models.Options{})
	if err != nil {
		return err
	}
	if err := s.declaredAnew(known, "training", train); err != nil {
		return err
	}
	if !models.IsBidirectional(m) {
		mem, err := models.NewMemory(m, s.w, 1, t, s.source)
		if err != nil {
			return fmt.Errorf("building the decoding program: %w", err)
		}
		decode, err := models.Decode(m, s.w, graph.Frame{B: 1, T: 1, S: s.source, Memory: mem})
		if err != nil {
			return fmt.Errorf("building the decoding program: %w", err)
		}
		if err := s.declaredAnew(known, "decoding", decode); err != nil {
			return err
		}
	}
	again, err := s.logits(old, b)
	if err != nil {
		return err
	}
	if i, j := b.moved(t, before, again); i >= 0 {
		return faultf("Logits writes to weights, or keeps state outside the graph", "building further programs changes the logits of token %d of sequence %d in the first", j, i)
	}
	return s.updateIsSeen(old, train, b, before)
}

// moved returns the first sequence and token whose logits differ, or −1.
func (b batch) moved(t int, want, got [][]float64) (i, j int) {
	for i, seq := range b.tokens {
		for j := range seq {
			if !slices.Equal(want[i*t+j], got[i*t+j]) {
				return i, j
			}
		}
	}
	return -1, -1
}

// declaredAnew returns an error if a program of that kind has declared more parameters.
func (s *subject) declaredAnew(known int, kind string, p *models.Program) error {
	all := s.w.All()
	if len(all) == known {
		return nil
	}
	var paths []string
	for _, p := range all[known:] {
		paths = append(paths, p.Path)
	}
	return faultf("a parameter's path and existence must not depend on the frame", "the %s program declares parameters that the scoring program does not: %s", kind, strings.Join(paths, ", ")).at(parameter(p.Graph, paths[0]))
}

// updateIsSeen makes one step of gradient descent, and compares a program built before it with
// one built after.
func (s *subject) updateIsSeen(old, train *models.Program, b batch, before [][]float64) error {
	if err := train.Run(b.feed(s, train.Frame().T)); err != nil {
		return err
	}
	for i, g := range train.Gradients() {
		v := s.w.Get(train.Params()[i].Name()).Float32()
		for j, d := range g.Float32s() {
			v[j] -= 0.1 * d
		}
	}
	got, err := s.logits(old, b)
	if err != nil {
		return err
	}
	built, err := s.score(len(b.tokens), old.Frame().T)
	if err != nil {
		return err
	}
	want, err := s.logits(built, b)
	if err != nil {
		return err
	}
	t := old.Frame().T
	if i, j := b.moved(t, want, got); i >= 0 {
		diff, size := distance(want[i*t+j], got[i*t+j])
		return faultf("a layer uses values that it computed from weights when the graph was built", "after an update of the weights, a program built before computes other logits than one built after, of token %d of sequence %d (by %.3g, of at most %.3g)", j, i, diff, size)
	}
	if i, _ := b.moved(t, before, got); i < 0 {
		return faultf("no gradient reaches the parameters", "an update of the weights along their gradient changes no logits")
	}
	return nil
}
