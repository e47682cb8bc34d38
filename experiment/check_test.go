package experiment_test

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data"
	"euryale/experiment"
	"euryale/layers/graph"
	"euryale/models"
	_ "euryale/models/examples"
)

// No registered model, and none of the examples, has a finding at its default sizes.
func TestRegisteredModels(t *testing.T) {
	for _, e := range models.Entries() {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			r, err := experiment.Check(context.Background(), e.New(), experiment.CheckOptions{})
			require.NoError(t, err)
			assert.True(t, r.OK(), "%v", r)
			t.Logf("%.1f s", r.Seconds)
		})
	}
}

// Nor have the arrangements that are not the default.
func TestOtherArrangements(t *testing.T) {
	sizes := models.Sizes{Vocab: 31, Context: 24}
	for name, m := range map[string]models.Model{
		"bidirectional":       &models.Encoder{Sizes: sizes, MaxLen: 24, Layers: 2, Heads: 2, Dim: 16, Activation: "relu", Dropout: 0.1},
		"post-norm":           &models.Transformer{Sizes: sizes, Source: 20, Layers: 3, Heads: 2, Dim: 16, Activation: "relu", Learned: true},
		"input feeding":       &models.Seq2Seq{Sizes: sizes, Source: 20, Cell: "gru", Layers: 2, Dim: 16, Attention: "additive", InputFeeding: true, Bridge: "dense", Tied: true},
		"copying gpt":         &models.GPT{Sizes: sizes, Layers: 2, Heads: 2, Dim: 16, Activation: "gelu", Bias: true, Tied: true, Pointer: true},
		"copying transformer": &models.Transformer{Sizes: sizes, Source: 20, Layers: 2, Heads: 2, Dim: 16, Activation: "relu", PreNorm: true, Learned: true, Guided: 0.5, Pointer: true},
		"coverage":            &models.Seq2Seq{Sizes: sizes, Source: 20, Cell: "lstm", Layers: 1, Dim: 16, Attention: "concat", InputFeeding: true, MaskEnd: true, Coverage: 1, Guided: 0.5, Pointer: true, Bridge: "copy"},
		"tied llama":          &models.Llama{Sizes: sizes, Layers: 4, Heads: 4, KVHeads: 2, Dim: 32, Hidden: 40, RotaryBase: 10000, Tied: true},
		"relu":                &models.RNN{Recurrent: models.Recurrent{Sizes: sizes, Layers: 3, Dim: 16, Hidden: 20, Norm: true}, Activation: "relu"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := experiment.Check(context.Background(), m, experiment.CheckOptions{})
			require.NoError(t, err)
			assert.True(t, r.OK(), "%v", r)
		})
	}
}

// A check changes no settings, its JSON has lists and not null, and its picture is well-formed.
func TestReport(t *testing.T) {
	m := planted(edits{})
	r, err := experiment.Check(context.Background(), m, experiment.CheckOptions{})
	require.NoError(t, err)
	assert.Zero(t, m.Vocab, "training sets it")
	raw, err := json.Marshal(r)
	require.NoError(t, err)
	assert.Contains(t, string(raw), `"findings":[]`)
	assert.Contains(t, r.String(), "Defined: no findings in ")
	assert.Contains(t, r.SVG(), "h1/mlp/out")
	assert.NoError(t, xml.Unmarshal([]byte(r.SVG()), new(struct{})))
	assert.NotContains(t, r.SVG(), "NaN")

	ngram, err := experiment.Check(context.Background(), &models.NGram{Sizes: models.Sizes{Context: 8}, Order: 3}, experiment.CheckOptions{})
	require.NoError(t, err)
	assert.True(t, ngram.OK())
	assert.Empty(t, ngram.SVG())
	_, err = experiment.Check(context.Background(), &models.GPT{Sizes: models.Sizes{Context: 8}}, experiment.CheckOptions{})
	assert.ErrorContains(t, err, "layers = 0, heads = 0")
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = experiment.Check(cancelled, m, experiment.CheckOptions{})
	assert.ErrorIs(t, err, context.Canceled)
}

// On a batch and the weights that training stopped with, the first layer whose values are not
// finite is named, with the range of what it reads.
func TestBatchThatIsNotFinite(t *testing.T) {
	m := planted(edits{})
	m.Vocab = 11
	w := graph.NewWeights(1)
	_, err := models.Score(m, w, graph.Frame{B: 1, T: 1})
	require.NoError(t, err)
	w.Get("h1/mlp/in/W").Float32()[0] = float32(math.NaN())
	batch := &data.Batch{B: 1, T: 3, Tokens: []int{1, 2, 3}, Targets: []int{2, 3, 4}}
	r, err := experiment.Check(context.Background(), m, experiment.CheckOptions{Batch: batch, Weights: w})
	require.NoError(t, err)
	require.Len(t, r.Findings, 1, "%v", r)
	f := r.Findings[0]
	assert.Equal(t, "scale", f.Check)
	assert.Equal(t, "h1/mlp/in", f.Layer)
	assert.True(t, strings.HasPrefix(f.Line, "planted_test.go:"), f.Line)
	assert.Regexp(t, `the first value that is not finite is of h1/mlp/in \(planted_test.go:\d+\), in the forward pass: .*; it read .* from -\d\S* to \d`, f.Seen)
}
