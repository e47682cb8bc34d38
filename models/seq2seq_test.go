package models_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/layers"
	"euryale/layers/graph"
	"euryale/models"
)

func init() {
	base := models.Seq2Seq{Sizes: testSizes, Source: testSource, Layers: 1, Dim: 5, Hidden: 6, Bridge: "copy"}
	add := func(name string, change func(c *models.Seq2Seq)) {
		c := base
		change(&c)
		testCases = append(testCases, testCase{name: "seq2seq " + name, model: &c, recurrent: true, unbounded: true})
	}
	add("none", func(c *models.Seq2Seq) { c.Cell, c.Attention, c.Layers = "lstm", "none", 2 })
	add("none, both ways, dense", func(c *models.Seq2Seq) { c.Cell, c.Attention, c.Bidirectional, c.Bridge = "gru", "none", true, "dense" })
	add("additive", func(c *models.Seq2Seq) { c.Cell, c.Attention, c.Bidirectional = "lstm", layers.Additive, true })
	add("concat, tied", func(c *models.Seq2Seq) { c.Cell, c.Attention, c.Dim, c.Tied = "gru", layers.ConcatScore, 6, true })
	add("general, both ways", func(c *models.Seq2Seq) {
		c.Cell, c.Attention, c.Bidirectional, c.Layers, c.Hidden = "gru", layers.General, true, 2, 8
	})
	add("dot", func(c *models.Seq2Seq) { c.Cell, c.Attention = "rnn", layers.Dot })
	add("additive, fed", func(c *models.Seq2Seq) {
		c.Cell, c.Attention, c.InputFeeding, c.Bidirectional, c.Bridge = "gru", layers.Additive, true, true, "dense"
	})
	add("additive, pointer", func(c *models.Seq2Seq) {
		c.Cell, c.Attention, c.Bidirectional, c.Pointer, c.MaskEnd = "lstm", layers.Additive, true, true, true
	})
	add("additive, fed, covered, pointer", func(c *models.Seq2Seq) {
		c.Cell, c.Attention, c.InputFeeding, c.Coverage, c.Guided, c.Pointer = "gru", layers.Additive, true, 0.5, 0.3, true
	})
	add("general, fed, covered, pointer, tied", func(c *models.Seq2Seq) {
		c.Cell, c.Attention, c.InputFeeding, c.Layers, c.Dim, c.Tied = "lstm", layers.General, true, 2, 6, true
		c.Coverage, c.Pointer, c.MaskEnd = 1, true, true
	})
	add("dot, fed", func(c *models.Seq2Seq) { c.Cell, c.Attention, c.InputFeeding, c.Layers = "lstm", layers.Dot, true, 2 })
}

// Every target token's attention weights can be read: they are 0 on padding and sum to 1, or to
// 0 where there is no source at all. Step by step they are those of the forward pass over the
// whole sequence.
func TestSeq2SeqWeights(t *testing.T) {
	for _, feeding := range []bool{false, true} {
		m := &models.Seq2Seq{Sizes: testSizes, Source: testSource, Cell: "lstm", Layers: 1, Dim: 6, Bidirectional: true,
			Attention: layers.Additive, InputFeeding: feeding, Bridge: "copy"}
		w := spread(t, m, graph.NewWeights64(1))
		p, err := models.Score(m, w, graph.Frame{B: 3, T: 2, S: testSource}, "dec/cross/weights", "logits")
		require.NoError(t, err)
		source := []int{1, 2, 3, -1, -1 /**/, 4, 5, 6, 0, 1 /**/, -1, -1, -1, -1, -1}
		require.NoError(t, p.Run(graph.Feed{Tokens: []int{1, 2, 3, 4, 5, 6}, Source: source}))
		a := p.Float64s("dec/cross/weights")
		require.Equal(t, []int{6, testSource}, p.Shape("dec/cross/weights"))
		for row, tokens := range []int{3, 3, 5, 5, 0, 0} {
			sum := 0.0
			for c, x := range a[row*testSource : (row+1)*testSource] {
				assert.Equal(t, c < tokens, x > 0, "row %d, token %d", row, c)
				sum += x
			}
			assert.InDelta(t, min(1, float64(tokens)), sum, 1e-12)
		}
		for _, l := range p.Float64s("logits") {
			require.False(t, math.IsNaN(l))
		}
	}
}

func TestSeq2SeqErrors(t *testing.T) {
	good := models.Seq2Seq{Sizes: testSizes, Source: 4, Cell: "lstm", Layers: 1, Dim: 6, Attention: "general", Bridge: "copy"}
	require.NoError(t, good.Check())
	for want, change := range map[string]func(c *models.Seq2Seq){
		"source_context = 0":                   func(c *models.Seq2Seq) { c.Source = 0 },
		`cell = "lstn"`:                        func(c *models.Seq2Seq) { c.Cell = "lstn" },
		`attention = "dots"`:                   func(c *models.Seq2Seq) { c.Attention = "dots" },
		`bridge = ""`:                          func(c *models.Seq2Seq) { c.Bridge = "" },
		"an even hidden, but it is 5":          func(c *models.Seq2Seq) { c.Bidirectional, c.Hidden = true, 5 },
		"but attention is none":                func(c *models.Seq2Seq) { c.InputFeeding, c.Attention = true, "none" },
		"hidden = dim, but they are 8 and 6":   func(c *models.Seq2Seq) { c.Tied, c.Hidden = true, 8 },
		"pointer, mask_end and guided require": func(c *models.Seq2Seq) { c.Pointer, c.Attention = true, "none" },
		"guided = -1, coverage = 0":            func(c *models.Seq2Seq) { c.Guided = -1 },
		"requires input_feeding":               func(c *models.Seq2Seq) { c.Coverage = 1 },
		"dropout = 1":                          func(c *models.Seq2Seq) { c.Dropout = 1 },
	} {
		c := good
		change(&c)
		assert.ErrorContains(t, c.Check(), want)
	}
	w := graph.NewWeights(1)
	_, err := models.Score(&good, w, graph.Frame{B: 1, T: 3, S: 5})
	assert.EqualError(t, err, "enc: the source has S=5 tokens, but source_context is 4")
	_, err = models.Score(&good, w, graph.Frame{B: 1, T: 3})
	assert.ErrorContains(t, err, "the graph was built without a source")
}
