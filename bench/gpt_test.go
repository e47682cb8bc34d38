package bench

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"euryale/models"
	"euryale/training"
)

// small returns gpt-char-cpu with the variant of GELU that stock ops can express.
func small() Workload {
	w := Workloads["gpt-char-cpu"]
	c := *w.Model.(*models.GPT)
	c.Activation = "gelu_tanh"
	w.Model = &c
	return w
}

// stockTrainer returns a training step of the same model and batch in stock ops, with Gorgonia's
// Adam, because its AdamW does not change the parameters. The step returns the loss before it.
func stockTrainer(r *training.Run, w Workload) (step func() (float64, error), err error) {
	c := w.Model.(*models.GPT)
	batch := newNoise(w.Batch, c.Context, c.Vocab).batch
	s := newStock(r.Weights, w.Batch, c.Context)
	loss := s.gpt(c, batch.Tokens, batch.Targets)
	grads, err := G.Grad(loss, s.params...)
	if err != nil {
		return nil, err
	}
	var value G.Value
	outputs := append(grads, G.Read(loss, &value))
	prog, loc, err := G.CompileFunction(s.g, s.g.ExactSubgraphRoots(outputs...).Inputs(), outputs)
	if err != nil {
		return nil, err
	}
	vm := G.NewTapeMachine(s.g, G.WithPrecompiled(prog, loc), G.BindDualValues(s.params...))
	solver, params := G.NewAdamSolver(G.WithLearnRate(1e-3)), G.NodesToValueGrads(s.params)
	return func() (float64, error) {
		vm.Reset()
		if err := vm.RunAll(); err != nil {
			return 0, err
		}
		return float64(value.Data().(float32)), solver.Step(params)
	}, nil
}

// BenchmarkGPT times a training step with fused ops and with stock ops.
func BenchmarkGPT(b *testing.B) {
	w := small()
	r, err := w.Trainer()
	require.NoError(b, err)
	b.Run("step/fused", func(b *testing.B) {
		loop(b, func() error { _, err := r.Update(); return err })
	})
	step, err := stockTrainer(r, w)
	require.NoError(b, err)
	b.Run("step/stock", func(b *testing.B) {
		loop(b, func() error { _, err := step(); return err })
	})
}

// Both models begin with the same loss, and both learn: the batch is the same in each step, so that
// six steps of Adam at 10⁻³ reduce the loss by more than a tenth. Our model has made one step when the
// stock model copies its weights.
func TestStockGPTAgrees(t *testing.T) {
	w := small()
	w.Model.(*models.GPT).Layers = 2
	r, err := w.Trainer()
	require.NoError(t, err)
	first, err := r.Update() // initializes the weights
	require.NoError(t, err)
	step, err := stockTrainer(r, w)
	require.NoError(t, err)
	var ours, stock []float64
	for range 5 {
		s, err := r.Update()
		require.NoError(t, err)
		loss, err := step()
		require.NoError(t, err)
		ours, stock = append(ours, s.Loss), append(stock, loss)
	}
	assert.InDelta(t, ours[0], stock[0], 1e-5)
	assert.Less(t, ours[4], 0.9*first.Loss)
	assert.Less(t, stock[4], 0.9*first.Loss)
}
