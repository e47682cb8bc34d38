package generation

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Processor changes which tokens can follow a sequence, and how likely they are. One that keeps nothing
// between calls may be used by several goroutines at once; one with a state is a Stateful.
type Processor interface {
	// Name returns the name of the processor, by which Settings.Order places it.
	Name() string
	// Process changes c.Logits: −∞ makes a token impossible to choose. It must not keep c.
	Process(c *Candidates)
}

// Stateful is a Processor that keeps a state for each sequence, as that of an automaton.
type Stateful interface {
	Processor
	// Begin returns a processor of its own, in the initial state, for a continuation of p.
	Begin(p Prompt) Stateful
	// Accept advances the state by the token that was chosen.
	Accept(id int)
	// Clone returns a copy whose state changes by itself, for beams that part.
	Clone() Stateful
	// Done reports whether the text is complete, so that no token may follow: the continuation ends.
	Done() bool
}

// NoTokenError says that a processor leaves no token to choose.
type NoTokenError struct{ Processor string }

// Error names the processor.
func (e *NoTokenError) Error() string {
	return fmt.Sprintf("%s leaves no token to choose: every one is banned", e.Processor)
}

// truncator is a processor of this package that keeps the weights of Candidates right.
type truncator interface{ keepsWeights() }

// Chain is the processors of one sequence, in the order in which they run.
type Chain []Processor

// String returns the names of the processors, separated by commas.
func (ch Chain) String() string { return strings.Join(names(ch), ",") }

func names(processors []Processor) (all []string) {
	for _, p := range processors {
		all = append(all, p.Name())
	}
	return all
}

// begin returns the chain of a continuation of p, with states of its own.
func (ch Chain) begin(p Prompt) Chain {
	return ch.each(func(s Stateful) Stateful { return s.Begin(p) })
}

// clone returns a copy of the chain whose states change by themselves.
func (ch Chain) clone() Chain { return ch.each(Stateful.Clone) }

// each returns the chain with f of its stateful processors: the chain itself if there are none.
func (ch Chain) each(f func(Stateful) Stateful) Chain {
	of := ch
	for i, p := range ch {
		if s, ok := p.(Stateful); ok {
			if &of[0] == &ch[0] {
				of = slices.Clone(ch)
			}
			of[i] = f(s)
		}
	}
	return of
}

// accept advances the states by the token that was chosen, and reports whether the text is complete.
func (ch Chain) accept(id int) (done bool) {
	for _, p := range ch {
		if s, ok := p.(Stateful); ok {
			s.Accept(id)
			done = done || s.Done()
		}
	}
	return done
}

// process runs the processors over the candidates. If one leaves no token it returns a NoTokenError. Cuts,
// if it is not nil, gets what each of them cut.
func (ch Chain) process(c *Candidates, cuts *[]Cut) error {
	var before []float32
	for _, p := range ch {
		if cuts != nil {
			before = append(before[:0], c.Probabilities()...)
		}
		p.Process(c)
		if _, keeps := p.(truncator); !keeps {
			c.changed()
		}
		if c.none() {
			return &NoTokenError{p.Name()}
		}
		if cuts != nil {
			*cuts = append(*cuts, cutOf(p.Name(), before, c))
		}
	}
	return nil
}

// Cut is what a processor took from the distribution at one step.
type Cut struct {
	Processor   string  `json:"processor"`
	Tokens      int     `json:"tokens"`      // made impossible to choose
	Probability float64 `json:"probability"` // that they had before
	Entropy     float64 `json:"entropy"`     // of the distribution that it leaves, in nats
}

// cutOf compares the probabilities before a processor with the candidates after it.
func cutOf(name string, before []float32, after *Candidates) Cut {
	c := Cut{Processor: name, Entropy: after.entropy()}
	for id, p := range before {
		if p > 0 && after.Logits[id] == never {
			c.Tokens++
			c.Probability += float64(p)
		}
	}
	return c
}

// Observation is what is known of a token when it is chosen.
type Observation struct {
	Index  int       // of the continuation
	Token  int       // that was chosen
	Logits []float32 // (V): the model's own, valid during the call
	LogSum float64   // logarithm of their softmax denominator: token i has log-probability Logits[i] − LogSum
	Cuts   []Cut     // of each processor, in order
}

// finite reports whether x is a number.
func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
