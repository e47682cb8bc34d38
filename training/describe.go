package training

import (
	"fmt"

	"euryale/internal/kernel/matmul"
	"euryale/models"
)

// Describe returns a few lines about the model and the corpus. Of a table's rows it says how
// many are cut to fit.
func (r *Run) Describe() string {
	c := r.Config
	if r.Corpus == nil {
		return fmt.Sprintf("corpus    none: the batches are the caller's\nmodel: %s, %d parameters; in %d shards", c.ModelName, r.Weights.Count(), c.Training.Shards)
	}
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
	Weights        int     // bytes of weights, the optimizer's state and sums of gradients
	Activations    int     // bytes of activations and of all gradients, all shards together
}

// Cost counts the operations and bytes of training, by the plan of the next batch: nothing
// runs, and no memory is claimed.
func (r *Run) Cost() (Cost, error) {
	rep, err := r.nextReplica()
	if err != nil {
		return Cost{}, err
	}
	state, err := r.Config.stateBytes(r.Weights.All(), r.group().Size())
	if err != nil {
		return Cost{}, err
	}
	c := Cost{Weights: int(state), Activations: rep.bytes()}
	for _, s := range rep.shards {
		c.Forward += s.Tape().Flops() / float64(rep.shards[len(rep.shards)-1].to*s.Frame().T)
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
