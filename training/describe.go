package training

import (
	"fmt"

	"euryale/data"
	"euryale/internal/kernel/matmul"
	"euryale/models"
)

// Describe returns a few lines about the model and the corpus. Of a table's rows it says how
// many are cut to fit.
func (r *Run) Describe() string {
	c := r.Config
	if _, isPredictor := c.Model.(models.Predictor); isPredictor {
		return fmt.Sprintf("%s\nmodel: %s, which reads the text once", r.Corpus.Describe(), c.ModelName)
	}
	text := fmt.Sprintf("%s\nmodel: %s, %d parameters; batches of %d sequences of %d tokens, in %d shards",
		r.Corpus.Describe(), c.ModelName, r.Weights.Count(), c.Training.Batch, c.Model.Common().Context, c.Training.Shards)
	if rows, ok := r.batches.(fmt.Stringer); ok {
		text += "\nrows: " + rows.String()
	}
	return text
}

// Cost is what training takes in operations and memory.
type Cost struct {
	Forward, Train float64 // floating-point operations of matrix products, per token
	Weights        int     // bytes of weights, their gradients and the optimizer's state
	Activations    int     // bytes of activations and their gradients, all shards together
}

// Cost runs one batch and counts its operations and bytes.
func (r *Run) Cost() (Cost, error) {
	var b data.Batch
	if err := r.batches.Batch(0, &b); err != nil {
		return Cost{}, err
	}
	rep, err := r.replicas.of(&b)
	if err != nil {
		return Cost{}, err
	}
	if _, err := rep.run(&b, countTargets(&b), r.Config.Training.Workers); err != nil {
		return Cost{}, err
	}
	c := Cost{Weights: 4 * 2 * r.Weights.Count()}
	for _, t := range r.updater.State() {
		c.Weights += 4 * len(t.Values)
	}
	for _, s := range rep.shards {
		c.Forward += s.Tape().Flops() / float64(b.B*b.T)
		c.Activations += s.Tape().Bytes()
	}
	c.Train = 3 * c.Forward // each product has two in the backward pass
	return c, nil
}

// ShareOfPeak returns the fraction of the machine's measured rate of matrix products that
// training uses at so many tokens per second.
func (r *Run) ShareOfPeak(tokensPerSecond float64) float64 {
	flops, tokens := 0.0, 0
	for shape, rep := range r.replicas.byShape {
		for _, s := range rep.shards {
			flops += 3 * s.Tape().Flops()
		}
		tokens += shape.b * shape.t
	}
	if tokens == 0 {
		return 0
	}
	return tokensPerSecond * flops / float64(tokens) / (matmul.Peak() * 1e9)
}
