// Package modeltest has the tests that every model must pass: correct gradients, cached decoding
// that agrees with a forward pass, no dependence on later tokens or on other sequences of the
// batch, reproducible dropout, and weights that all programs share.
//
// Each check is a function of a model. Its error says what is wrong, where, by how much, and
// names the likely cause. All runs them as subtests:
//
//	func TestMine(t *testing.T) {
//		modeltest.All(t, &Mine{Sizes: models.Sizes{Vocab: 11, Context: 13}, Dim: 6})
//	}
//
// The checks build weights of their own and never change those of a run. They use few short
// sequences whatever the context length, and sample the entries of large parameters, so that
// models of real size can be checked too. Small sizes that are different primes find the most
// errors: a swapped axis then always fails.
package modeltest

import (
	"testing"
	"time"

	"euryale/models"
)

// Options holds the settings of the checks. The zero value is the default.
type Options struct {
	Seed    uint64        // of weights, tokens and sampled entries
	Entries int           // entries of each parameter whose derivative is checked (default 6)
	Time    time.Duration // after which a gradient check samples no further entries (default: no limit)
}

func (o Options) entries() int {
	if o.Entries > 0 {
		return o.Entries
	}
	return 6
}

// Check is a named check.
type Check struct {
	Name, Doc string
	Run       func(m models.Model, o Options) error
}

// Checks returns all checks, cheap and specific ones first.
func Checks() []Check {
	return []Check{
		{"sequences", "each sequence's logits depend on that sequence alone", Sequences},
		{"causality", "logits depend on no later token and on no target", Causality},
		{"shared weights", "programs on the same weights declare them once and see updates", SharedWeights},
		{"decoding", "cached decoding gives the logits of a forward pass", Decoding},
		{"dropout", "dropout follows from seed and step, and its gradient is right", Dropout},
		{"gradients", "gradients agree with finite differences", Gradients},
	}
}

// All runs every check on m, each as a subtest.
func All(t *testing.T, m models.Model) {
	t.Helper()
	AllWith(t, m, Options{})
}

// AllWith is All with options.
func AllWith(t *testing.T, m models.Model, o Options) {
	t.Helper()
	for _, c := range Checks() {
		t.Run(c.Name, func(t *testing.T) {
			t.Helper()
			if err := c.Run(m, o); err != nil {
				t.Error(err)
			}
		})
	}
}
