package generation

import (
	"context"
	"slices"
)

// Strategy is a way to generate texts with a model. All of them read the model through a Stepper, choose
// tokens by the Chain of the settings, and end texts for the reasons of Result.
type Strategy interface {
	// Name returns the name of the strategy.
	Name() string
	// Decode returns n continuations of p, the best first where the strategy ranks them. Stream is as for
	// Generator.Generate. The settings have been checked.
	Decode(ctx context.Context, g *Generator, p Prompt, s Settings, n int, stream func(index int, piece string)) ([]Result, error)
}

// strategy returns the strategy that the settings ask for.
func (s Settings) strategy() Strategy {
	switch {
	case s.Strategy != nil:
		return s.Strategy
	case s.MBR > 0:
		return MinimumBayesRisk{Samples: s.MBR}
	case s.BestOf > 0:
		return BestOf{Samples: s.BestOf}
	case s.Beams > 1:
		return BeamSearch{}
	case s.samples():
		return Sampling{}
	}
	return Greedy{}
}

// Greedy chooses the most likely token at each step, whatever Settings.Temperature is.
type Greedy struct{}

// Name returns "greedy".
func (Greedy) Name() string { return "greedy" }

// Decode generates n continuations side by side, which are the same.
func (Greedy) Decode(ctx context.Context, g *Generator, p Prompt, s Settings, n int, stream func(index int, piece string)) ([]Result, error) {
	s.Temperature = 0
	return g.Each(ctx, slices.Repeat([]Prompt{p}, n), s, stream)
}

// Sampling samples each token from the distribution that the processors leave.
type Sampling struct{}

// Name returns "sampling".
func (Sampling) Name() string { return "sampling" }

// Decode generates n continuations side by side, each from random numbers of its own.
func (Sampling) Decode(ctx context.Context, g *Generator, p Prompt, s Settings, n int, stream func(index int, piece string)) ([]Result, error) {
	return g.Each(ctx, slices.Repeat([]Prompt{p}, n), s, stream)
}
