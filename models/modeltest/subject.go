package modeltest

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"euryale/layers/graph"
	"euryale/models"
)

// Lengths of the checks' sequences, unless the model's context is shorter.
const (
	passTokens   = 8 // of a sequence in a forward pass
	sourceTokens = 5 // of a source
)

// subject is a model under test: its sizes, and weights that are not small.
type subject struct {
	m       models.Model
	w       *graph.Weights
	vocab   int
	context int
	source  int // tokens of each sequence's source; 0: the model reads none
	rng     *rand.Rand
}

// newSubject returns an error if m cannot be tested. It applies Spread to the weights.
func newSubject(m models.Model, o Options, w *graph.Weights) (*subject, error) {
	if _, counts := m.(*models.NGram); counts {
		return nil, errors.New("modeltest: an n-gram model is made of counts: it has no graph to check")
	}
	if err := m.Check(); err != nil {
		return nil, err
	}
	s := &subject{m: m, w: w, vocab: m.Common().Vocab, context: m.Common().Context,
		source: min(sourceTokens, models.SourceOf(m)), rng: rand.New(rand.NewPCG(o.Seed, 11))}
	if s.vocab < 2 {
		return nil, fmt.Errorf("modeltest: vocab = %d, want at least 2", s.vocab)
	}
	if _, err := s.score(1, min(2, s.context)); err != nil {
		return nil, err
	}
	Spread(w)
	return s, nil
}

// float64s returns a subject with float64 weights, for finite differences, and to tell
// dependences from rounding: its forward pass is exact to about 1e-15.
func float64s(m models.Model, o Options) (*subject, error) {
	return newSubject(m, o, graph.NewWeights64(o.Seed+1))
}

// float32s returns a subject with float32 weights, as in training.
func float32s(m models.Model, o Options) (*subject, error) {
	return newSubject(m, o, graph.NewWeights(o.Seed+1))
}

// Spread adds noise to the initial values of weights, which are small or all equal (zero, one),
// so that a mistake anywhere changes the logits visibly.
//
// The standard deviation is 1/√n, where n is the smaller axis of a matrix. Products then have
// about the size of their input, whatever the width, so that logits of models of real size do not
// overflow and softmaxes do not saturate, which would hide gradients. It is at most 0.4, also for
// biases and gains.
func Spread(w *graph.Weights) {
	rng := rand.New(rand.NewPCG(7, 7))
	for _, p := range w.All() {
		std := 0.4
		if len(p.Shape) > 1 {
			n := p.Shape[0]
			for _, d := range p.Shape {
				n = min(n, d)
			}
			std = min(std, 1/math.Sqrt(float64(n)))
		}
		for i := range p.Float64() {
			p.Float64()[i] += std * rng.NormFloat64()
		}
		for i := range p.Float32() {
			p.Float32()[i] += float32(std * rng.NormFloat64())
		}
	}
}

// score compiles the program that computes logits and losses of b sequences of t tokens.
func (s *subject) score(b, t int) (*models.Program, error) {
	return models.Score(s.m, s.w, graph.Frame{B: b, T: t, S: s.source}, "logits")
}

// ids samples n tokens.
func (s *subject) ids(n int) []int {
	x := make([]int, n)
	for i := range x {
		x[i] = s.rng.IntN(s.vocab)
	}
	return x
}

// other returns a random id other than id.
func (s *subject) other(id int) int { return (id + 1 + s.rng.IntN(s.vocab-1)) % s.vocab }

// batch holds sequences of tokens and their sources, without padding.
type batch struct{ tokens, source [][]int }

// newBatch samples sequences of the given lengths, with sources of different lengths.
func (s *subject) newBatch(lengths ...int) batch {
	var b batch
	for i, n := range lengths {
		b.tokens = append(b.tokens, s.ids(n))
		b.source = append(b.source, s.ids([]int{(s.source + 1) / 2, s.source, max(0, s.source-1)}[i%3]))
	}
	return b
}

// ragged returns the lengths of three sequences of at most t tokens.
func ragged(t int) []int { return []int{t, (t + 1) / 2, max(1, t-1)} }

// feed returns the batch padded to t tokens, and to the subject's source length. Targets are the
// next tokens, any id after the last, and none for every third token.
func (b batch) feed(s *subject, t int) graph.Feed {
	f := graph.Feed{Tokens: padded(b.tokens, t), Targets: padded(nil, t*len(b.tokens))}
	if s.source > 0 {
		f.Source = padded(b.source, s.source)
	}
	for i, seq := range b.tokens {
		for j := range seq {
			switch {
			case (i+j)%3 == 2:
			case j+1 < len(seq):
				f.Targets[i*t+j] = seq[j+1]
			default:
				f.Targets[i*t+j] = s.vocab - 1
			}
		}
	}
	return f
}

// train compiles a training program for three padded sequences of t tokens.
func (s *subject) train(t int, noise *graph.Noise, o models.Options) (*models.Program, error) {
	p, err := models.Train(s.m, s.w, graph.Frame{B: len(ragged(t)), T: t, S: s.source, Noise: noise}, o)
	if err != nil && strings.Contains(err.Error(), "Non Differentiable") {
		const cause = "the loss does not depend on them; use them in Logits, or do not declare them"
		paths, g := s.detached()
		if len(paths) == 0 {
			return nil, faultf(cause, "%v", err)
		}
		return nil, faultf(cause, "no derivative of the loss reaches %s", several(paths)).at(parameter(g, paths[0]))
	}
	return p, err
}

// several lists paths, or the first few of many.
func several(paths []string) string {
	if n := len(paths) - 4; n > 1 {
		return fmt.Sprintf("%s and %d other parameters", strings.Join(paths[:4], ", "), n)
	}
	return strings.Join(paths, ", ")
}

// padded returns sequences in rows of n ids, with −1 after the end of each.
func padded(seqs [][]int, n int) []int {
	if seqs == nil {
		seqs = [][]int{nil}
	}
	x := make([]int, 0, n*len(seqs))
	for _, seq := range seqs {
		x = append(x, seq...)
		for range n - len(seq) {
			x = append(x, -1)
		}
	}
	return x
}

// logits runs a scoring program on a batch, without targets, and returns its logits, a row
// for each token.
func (s *subject) logits(p *models.Program, b batch) ([][]float64, error) {
	f := b.feed(s, p.Frame().T)
	f.Targets = nil
	if err := p.Run(f); err != nil {
		return nil, err
	}
	rows := split(p.Float64s("logits"), s.vocab)
	for i, seq := range b.tokens {
		for j := range seq {
			if k := notFinite(rows[i*p.Frame().T+j]); k >= 0 {
				return nil, faultf("a division by zero, a logarithm or root of a non-positive value, or an exponential that overflows", "the logit of id %d after token %d of sequence %d is not finite", k, j, i).at(s.locateNotFinite(p.Frame(), f))
			}
		}
	}
	return rows, nil
}

func split(x []float64, width int) (rows [][]float64) {
	for ; len(x) > 0; x = x[width:] {
		rows = append(rows, x[:width])
	}
	return rows
}

func notFinite(x []float64) int {
	for i, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return i
		}
	}
	return -1
}

// distance returns the largest difference between two rows of logits, and the largest logit.
func distance(a, b []float64) (diff, size float64) {
	for i := range a {
		d := math.Abs(a[i] - b[i])
		if math.IsNaN(d) {
			d = math.Inf(1)
		}
		diff, size = max(diff, d), max(size, math.Abs(a[i]), math.Abs(b[i]))
	}
	return diff, size
}

// same reports whether two rows of float64 logits are equal up to rounding. In a batch of another
// shape a product may add in another order, which changes logits by about 1e-15 for each layer. A
// real dependence changes them by far more than 1e-10.
func same(a, b []float64) bool {
	diff, size := distance(a, b)
	return diff <= 1e-10*(1+size)
}
