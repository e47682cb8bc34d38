package models_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"euryale/internal/runfile"
	"euryale/layers"
	"euryale/layers/graph"
	"euryale/models"
	"euryale/training"
)

// reference is what testdata/transformers.py, testdata/recurrent.py or testdata/pointers.py wrote for a model.
type reference struct {
	weights, grads          map[string]runfile.Tensor
	tokens, targets, source []int
	logits                  []float32
	losses                  []float64 // before each of ten updates, and after the last
}

func readReference(t *testing.T, name string) reference {
	t.Helper()
	ts, _, err := runfile.LoadTensors("testdata/" + name + ".safetensors")
	require.NoError(t, err)
	r := reference{weights: map[string]runfile.Tensor{}, grads: map[string]runfile.Tensor{}}
	for _, x := range ts {
		switch {
		case len(x.Name) > 8 && x.Name[:8] == "weights/":
			r.weights[x.Name[8:]] = x
		case len(x.Name) > 6 && x.Name[:6] == "grads/":
			r.grads[x.Name[6:]] = x
		}
		switch x.Name {
		case "tokens":
			r.tokens = ints(x)
		case "targets":
			r.targets = ints(x)
		case "source":
			r.source = ints(x)
		case "logits":
			r.logits = x.Data.([]float32)
		case "losses":
			r.losses = x.Data.([]float64)
		}
	}
	return r
}

func ints(x runfile.Tensor) (v []int) {
	for _, i := range x.Data.([]int64) {
		v = append(v, int(i))
	}
	return v
}

// references are the models of these scripts, their sizes and settings.
var references = []struct {
	name      string
	model     models.Model
	smoothing float64
}{
	{"gpt", &models.GPT{Sizes: models.Sizes{Vocab: 17, Context: 8}, Layers: 2, Heads: 3, Dim: 12, Activation: "gelu", Bias: true, Tied: true}, 0},
	{"gpt_without_bias", &models.GPT{Sizes: models.Sizes{Vocab: 17, Context: 8}, Layers: 2, Heads: 3, Dim: 12, Activation: "gelu", Tied: true}, 0},
	{"gpt_smoothed", &models.GPT{Sizes: models.Sizes{Vocab: 17, Context: 8}, Layers: 2, Heads: 3, Dim: 12, Activation: "gelu", Bias: true, Tied: true}, 0.1},
	{"llama", &models.Llama{Sizes: models.Sizes{Vocab: 17, Context: 8}, Layers: 2, Heads: 6, KVHeads: 2, Dim: 12, Hidden: 20, RotaryBase: 10000}, 0},
	{"llama_tied", &models.Llama{Sizes: models.Sizes{Vocab: 17, Context: 8}, Layers: 2, Heads: 6, KVHeads: 2, Dim: 12, Hidden: 20, RotaryBase: 10000, Tied: true}, 0},
	{"modern", &models.Modern{Sizes: models.Sizes{Vocab: 17, Context: 8}, Layers: 2, Heads: 3, Dim: 12, Norm: "rms", Activation: "relu2", RotaryBase: 10000, QKNorm: true, Values: true, Window: 3, SoftCap: 15}, 0},
	{"encoder", &models.Encoder{Sizes: models.Sizes{Vocab: 17, Context: 8}, MaxLen: 11, Layers: 2, Heads: 3, Dim: 12, Hidden: 20, Activation: "relu", Causal: true}, 0},
	{"encoder_bidirectional", &models.Encoder{Sizes: models.Sizes{Vocab: 17, Context: 8}, MaxLen: 11, Layers: 2, Heads: 3, Dim: 12, Hidden: 20, Activation: "relu"}, 0},
	{"transformer", &models.Transformer{Sizes: models.Sizes{Vocab: 17, Context: 8}, Source: 6, Layers: 2, Heads: 3, Dim: 12, Hidden: 20, Activation: "gelu"}, 0},
	{"transformer_prenorm", &models.Transformer{Sizes: models.Sizes{Vocab: 17, Context: 8}, Source: 6, Layers: 2, Heads: 3, Dim: 12, Hidden: 20, Activation: "gelu", PreNorm: true, Learned: true, Tied: true}, 0},
	{"lstm", &models.LSTM{Recurrent: recurrent}, 0},
	{"gru", &models.GRU{Recurrent: recurrent}, 0},
	{"rnn", &models.RNN{Recurrent: recurrent, Activation: "tanh"}, 0},
	{"seq2seq", &models.Seq2Seq{Sizes: models.Sizes{Vocab: 17, Context: 8}, Source: 6, Cell: "lstm", Layers: 2, Dim: 12, Hidden: 20, Bidirectional: true, Attention: layers.General, Bridge: "copy"}, 0},
	{"gpt_pointer", &models.GPT{Sizes: models.Sizes{Vocab: 17, Context: 8}, Layers: 2, Heads: 3, Dim: 12, Activation: "gelu", Bias: true, Tied: true, Pointer: true}, 0},
	{"transformer_pointer", &models.Transformer{Sizes: models.Sizes{Vocab: 17, Context: 8}, Source: 6, Layers: 2, Heads: 3, Dim: 12, Hidden: 20, Activation: "gelu", PreNorm: true, Learned: true, Tied: true, Guided: 0.7, Pointer: true}, 0},
	{"seq2seq_pointer", &models.Seq2Seq{Sizes: models.Sizes{Vocab: 17, Context: 8}, Source: 6, Cell: "lstm", Layers: 1, Dim: 12, Hidden: 20, Attention: layers.ConcatScore, InputFeeding: true, MaskEnd: true, Coverage: 0.5, Pointer: true, Bridge: "copy"}, 0},
	{"seq2seq_covered", &models.Seq2Seq{Sizes: models.Sizes{Vocab: 17, Context: 8}, Source: 6, Cell: "lstm", Layers: 1, Dim: 12, Hidden: 20, Attention: layers.General, InputFeeding: true, Coverage: 0.5, Guided: 0.3, Bridge: "copy"}, 0},
	{"seq2seq_fed", &models.Seq2Seq{Sizes: models.Sizes{Vocab: 17, Context: 8}, Source: 6, Cell: "gru", Layers: 1, Dim: 12, Hidden: 20, Attention: layers.Additive, InputFeeding: true, Bridge: "dense"}, 0},
}

// recurrent are the sizes of the recurrent language models.
var recurrent = models.Recurrent{Sizes: models.Sizes{Vocab: 17, Context: 8}, Layers: 2, Dim: 12, Hidden: 20}

// Logits, loss, every gradient and the losses of ten updates are PyTorch's. The models run
// in float32 and PyTorch in float64: that costs less than 2e-5 of a tensor's largest value.
func TestAgreesWithPyTorch(t *testing.T) {
	for _, c := range references {
		t.Run(c.name, func(t *testing.T) {
			r := readReference(t, c.name)
			w := graph.NewWeights(1)
			declared, err := models.Parameters(c.model)
			require.NoError(t, err)
			for _, p := range declared {
				x, ok := r.weights[p.Path]
				require.True(t, ok, "PyTorch has no %s", p.Path)
				require.Equal(t, x.Shape, p.Shape, p.Path)
				require.NoError(t, w.Add(p.Path, p.Shape, x.Data.([]float32)))
			}
			require.Len(t, r.weights, len(declared))
			f := graph.Feed{Tokens: r.tokens, Targets: r.targets}
			frame := graph.Frame{B: 3, T: len(r.tokens) / 3}
			if models.SourceOf(c.model) > 0 {
				f.Source, frame.S = r.source, len(r.source)/3
			}
			compareLogits(t, c.model, w, frame, f, r)
			compareTraining(t, c.model, w, frame, f, r, models.Options{Smoothing: c.smoothing})
		})
	}
}

func compareLogits(t *testing.T, m models.Model, w *graph.Weights, frame graph.Frame, f graph.Feed, r reference) {
	p, err := models.Score(m, w, frame, "logits")
	require.NoError(t, err)
	require.NoError(t, p.Run(f))
	v := m.Common().Vocab
	for i, id := range r.tokens {
		if id >= 0 {
			near(t, r.logits[i*v:(i+1)*v], p.Value("logits")[i*v:(i+1)*v], fmt.Sprintf("logits of row %d", i))
		}
	}
}

func compareTraining(t *testing.T, m models.Model, w *graph.Weights, frame graph.Frame, f graph.Feed, r reference, o models.Options) {
	p, err := models.Train(m, w, frame, o)
	require.NoError(t, err)
	adam, err := training.NewUpdater(training.OptimizerConfig{Name: "adamw", LR: 0.01, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, WeightDecay: 0.1, Clip: 1}, w.All())
	require.NoError(t, err)
	for step, want := range r.losses {
		require.NoError(t, p.Run(f))
		assert.InDelta(t, want, p.Loss(), 2e-5*want, "loss after %d updates", step)
		if step == 0 {
			for i, n := range p.Params() {
				near(t, r.grads[n.Name()].Data.([]float32), p.Gradients()[i].Float32s(), "gradient of "+n.Name())
			}
		}
		require.NoError(t, adam.Add([][]*tensor.Dense{p.Gradients()}))
		_, err := adam.Step(0.01)
		require.NoError(t, err)
	}
}

// near allows 2e-5 of the largest of the wanted values. A bias of keys moves all scores
// of a query alike, so its gradient is zero but for rounding: less than 1e-3 counts as that.
func near(t *testing.T, want, got []float32, what string) {
	t.Helper()
	require.Len(t, got, len(want), what)
	largest := 1e-3
	for _, v := range want {
		largest = max(largest, math.Abs(float64(v)))
	}
	for i := range want {
		require.InDelta(t, want[i], got[i], 2e-5*largest, "%s, value %d", what, i)
	}
}
