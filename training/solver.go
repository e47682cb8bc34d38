package training

import (
	"errors"
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/layers/graph"
)

// Solver updates the parameters of a plain Gorgonia graph by an Optimizer. It implements
// gorgonia.Solver.
type Solver struct {
	c       OptimizerConfig
	updater *Updater
	params  []*graph.Param
}

// NewSolver returns a Solver of the rule, clipping and groups of c. Paths of parameters are the names
// of their nodes; matrices have weight decay.
func NewSolver(c OptimizerConfig) (*Solver, error) {
	return &Solver{c: c}, c.check()
}

// Step updates the values of parameters, which must be float32 and the same ones, in the same order, at
// each call, and sets their gradients to zero.
func (s *Solver) Step(model []G.ValueGrad) error {
	grads := make([]*tensor.Dense, len(model))
	values := make([]*tensor.Dense, len(model))
	for i, p := range model {
		grad, err := p.Grad()
		if err != nil {
			return fmt.Errorf("parameter %d: %w", i, err)
		}
		var isValue, isGrad bool
		values[i], isValue = p.Value().(*tensor.Dense)
		grads[i], isGrad = grad.(*tensor.Dense)
		if !isValue || !isGrad || values[i].Dtype() != tensor.Float32 || grads[i].Dtype() != tensor.Float32 {
			return fmt.Errorf("parameter %d is a %T of %v: want tensors of float32", i, p.Value(), p.Value().Dtype())
		}
	}
	if s.updater == nil {
		if err := s.begin(model, values); err != nil {
			return err
		}
	}
	if len(model) != len(s.params) {
		return fmt.Errorf("the solver began with %d parameters, and got %d", len(s.params), len(model))
	}
	for i, v := range values {
		if &v.Float32s()[0] != &s.params[i].Float32()[0] {
			return fmt.Errorf("parameter %d (%s) has other memory than at the first step", i, s.params[i].Path)
		}
	}
	if err := s.updater.Add([][]*tensor.Dense{grads}); err != nil {
		return err
	}
	if _, err := s.updater.Step(s.c.LR); err != nil {
		return err
	}
	for _, g := range grads {
		clear(g.Float32s())
	}
	return nil
}

// begin makes the updater of the parameters.
func (s *Solver) begin(model []G.ValueGrad, values []*tensor.Dense) (err error) {
	w := graph.NewWeights(0)
	for i, p := range model {
		name := fmt.Sprint(i)
		if n, ok := p.(*G.Node); ok && n.Name() != "" {
			name = n.Name()
		}
		if len(values[i].Float32s()) == 0 {
			return errors.New("a parameter has no values")
		}
		if err := w.Add(name, values[i].Shape(), values[i].Float32s()); err != nil {
			return err
		}
		w.Get(name).Decay = values[i].Dims() == 2
	}
	s.params = w.All()
	s.updater, err = NewUpdater(s.c, s.params)
	return err
}
