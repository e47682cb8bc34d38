// Package bench defines the workloads on which the speed of Euryale is compared with PyTorch and
// with the same models in Gorgonia's ops.
package bench

import (
	"fmt"
	"math/rand/v2"
	"sort"

	"euryale/data"
	"euryale/models"
	"euryale/training"
)

// Workload is the training of a model, or generation token by token.
type Workload struct {
	Model    models.Model
	Batch    int
	Generate bool // batch 1, cached keys and values

	Recompute string // training.recompute; empty: none
}

func gpt(vocab, dim, layers, heads, context int, dropout float64) models.Model {
	return &models.GPT{Sizes: models.Sizes{Vocab: vocab, Context: context}, Layers: layers, Heads: heads, Dim: dim,
		Activation: "gelu", Dropout: dropout, Bias: true, Tied: true}
}

func lstm(vocab, dim, layers, context int) models.Model {
	return &models.LSTM{Recurrent: models.Recurrent{Sizes: models.Sizes{Vocab: vocab, Context: context}, Layers: layers, Dim: dim}}
}

// Workloads are the workloads of torch_lm.py, with the same sizes.
var Workloads = map[string]Workload{
	"gpt-char-cpu":  {Model: gpt(65, 128, 4, 4, 64, 0), Batch: 12},
	"gpt-char-full": {Model: gpt(65, 384, 6, 6, 256, 0.2), Batch: 16},
	"gpt-bpe":       {Model: gpt(50257, 256, 4, 4, 128, 0), Batch: 4},
	"gpt-124m":      {Model: gpt(50257, 768, 12, 12, 64, 0), Batch: 4},
	"lstm-char":     {Model: lstm(65, 512, 2, 50), Batch: 50},
	"lstm-small":    {Model: lstm(65, 128, 2, 50), Batch: 50},
	"gen-lstm":      {Model: lstm(65, 512, 2, 50), Generate: true},
	"gen-gpt2":      {Model: gpt(50257, 768, 12, 12, 1024, 0), Generate: true},
	"gen-char":      {Model: gpt(65, 384, 6, 6, 256, 0), Generate: true},
}

// Names returns the sorted names of the workloads.
func Names() []string {
	var names []string
	for name := range Workloads {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// noise is a Batcher that returns the same batch of random tokens every time, as torch_lm.py does.
type noise struct{ batch data.Batch }

func newNoise(b, t, vocab int) *noise {
	rng := rand.New(rand.NewPCG(1, 1))
	draw := func() []int {
		ids := make([]int, b*t)
		for i := range ids {
			ids[i] = rng.IntN(vocab)
		}
		return ids
	}
	return &noise{data.Batch{B: b, T: t, Tokens: draw(), Targets: draw()}}
}

func (n *noise) Batch(_ int, b *data.Batch) error { *b = n.batch; return nil }
func (n *noise) Len() int                         { return 0 }

// Trainer returns a run of the workload, with AdamW at 1e-3 and clipping at 1, as in torch_lm.py.
func (w Workload) Trainer() (*training.Run, error) {
	s := w.Model.Common()
	return trainerOn(w.Model, newNoise(w.Batch, s.Context, s.Vocab), w.Recompute)
}

// trainerOn returns a run of a model on one batch.
func trainerOn(m models.Model, n *noise, recompute string) (*training.Run, error) {
	c := training.Default()
	c.Model, c.Training.Batch = m, n.batch.B
	if recompute != "" {
		c.Training.Recompute = recompute
	}
	c.Optimizer = training.OptimizerConfig{Name: "adamw", LR: 1e-3, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.01, Clip: 1}
	c.Schedule = training.Schedule{Name: "constant"}
	return training.NewOn(c, n)
}

// Find returns the workload with the given name.
func Find(name string) (Workload, error) {
	w, ok := Workloads[name]
	if !ok {
		return w, fmt.Errorf("there is no workload %q: the workloads are %q", name, Names())
	}
	return w, nil
}
