package view

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/layers/graph"
	"euryale/models"
)

// The planted model: columns of its residual stream, by what they hold.
const (
	plantedVocab, plantedContext = 12, 24

	ownColumns      = 0                             // the token, one-hot
	positionColumns = plantedVocab                  // its position, one-hot
	beforeColumns   = plantedVocab + plantedContext // the token before, which h0/att/head0 writes
	outColumns      = beforeColumns + plantedVocab  // the prediction, which h1/att/head1 writes and the head of the model reads
	plantedDim      = outColumns + plantedVocab

	plantedSharp = 200 // of attention: large enough for weights near 1
)

// planter writes the weights of a GPT without MLPs, entry by entry.
type planter struct {
	*testing.T
	m *models.GPT
	w *graph.Weights
}

// planted returns a GPT of two layers with two heads each, whose weights are written by hand: an
// induction circuit (Elhage et al. 2021, "induction heads") and a duplicate-token head.
//
//	h0/att/head0 attends to the token before, and copies it to the columns "before"
//	h0/att/head1 attends to the first occurrence of the same token, and writes nothing
//	h1/att/head0 is zero: it attends to all tokens alike, and writes nothing
//	h1/att/head1 attends to tokens whose "before" is the token itself, and copies them to "out"
func planted(t *testing.T) (*models.GPT, *graph.Weights) {
	m := &models.GPT{Sizes: models.Sizes{Vocab: plantedVocab, Context: plantedContext}, Layers: 2, Heads: 2, Dim: plantedDim, AttentionOnly: true}
	p := planter{t, m, graph.NewWeights(1)}
	require.NoError(t, models.Declare(m, p.w))
	for _, param := range p.w.All() {
		if len(param.Shape) == 2 {
			clear(param.Float32())
		}
	}
	for id := range plantedVocab {
		p.set("tok/W", id, ownColumns+id, 1)
		p.set("head/W", outColumns+id, id, 20)
		p.query(0, 1, ownColumns+id, id, plantedSharp)
		p.key(0, 1, ownColumns+id, id, 1)
		p.query(1, 1, ownColumns+id, id, plantedSharp)
		p.key(1, 1, beforeColumns+id, id, 1)
		// One more column of these queries is the same for all tokens: with it a position is preferred
		// to others, whatever the query is.
		p.query(0, 1, ownColumns+id, plantedVocab, plantedSharp)
		p.query(1, 1, ownColumns+id, plantedVocab, plantedSharp)
		p.copies(0, 0, ownColumns+id, beforeColumns+id, id)
		p.copies(1, 1, ownColumns+id, outColumns+id, id)
	}
	for at := range plantedContext {
		p.set("pos/W", at, positionColumns+at, 1)
		p.key(0, 0, positionColumns+at, at, 1)
		if at > 0 {
			p.query(0, 0, positionColumns+at, at-1, plantedSharp)
		}
		p.key(0, 1, positionColumns+at, plantedVocab, -float32(at)/plantedContext) // of two equal tokens the earlier one
	}
	p.key(1, 1, positionColumns, plantedVocab, -1) // the first token attended to itself: it follows none
	return m, p.w
}

func (p planter) set(path string, i, j int, v float32) {
	param := p.w.Get(path)
	require.NotNil(p, param, path)
	param.Float32()[i*param.Shape[1]+j] = v
}

// query sets the weight from a column of the residual stream to a column of a head's queries.
func (p planter) query(layer, head, from, to int, v float32) { p.project(layer, 0, head, from, to, v) }

func (p planter) key(layer, head, from, to int, v float32) { p.project(layer, 1, head, from, to, v) }

// copies has a head copy a column of what it attends to into another column, by way of one of its own.
func (p planter) copies(layer, head, from, to, by int) {
	p.project(layer, 2, head, from, by, 0.18) // undoes the LayerNorm: the standard deviation of two ones in 60 columns
	p.set([]string{"h0", "h1"}[layer]+"/att/proj/W", head*plantedDim/2+by, to, 1)
}

// project sets a weight of the projection to queries (0), keys (1) or values (2).
func (p planter) project(layer, which, head, from, to int, v float32) {
	p.set([]string{"h0", "h1"}[layer]+"/att/qkv/W", from, which*plantedDim+head*plantedDim/2+to, v)
}

// The scores find the planted heads, and no others.
func TestScoresFindPlantedHeads(t *testing.T) {
	m, w := planted(t)
	scores, err := HeadScores(m, w, HeadOptions{Length: plantedVocab, Texts: 8})
	require.NoError(t, err)
	require.Len(t, scores, 4)
	want := map[string][3]bool{"h0/att/head0": {true, false, false}, "h0/att/head1": {false, true, false}, "h1/att/head0": {}, "h1/att/head1": {false, false, true}}
	for _, s := range scores {
		for i, score := range []float64{s.Previous, s.Duplicate, s.Induction} {
			if want[s.Path()][i] {
				assert.Greater(t, score, 0.98, "%+v", s)
			} else {
				assert.Less(t, score, 0.2, "%+v", s)
			}
		}
	}
}

// The planted circuit predicts every token of a repetition but the first, and nothing before.
func TestPlantedCircuitPredictsRepetition(t *testing.T) {
	m, w := planted(t)
	tokens := []int{3, 1, 4, 7, 5, 9, 2, 6, 3, 1, 4, 7, 5, 9, 2, 6}
	x := &Text{Model: m, Weights: w, Piece: func(id int) string { return string(rune('a' + id)) },
		Sequence: Sequence{Tokens: tokens, Targets: append(append([]int(nil), tokens[1:]...), -1)}}
	f, err := Predictions(x)
	require.NoError(t, err)
	logp := f.Grid("log p")
	for j := range tokens[1:] {
		if j < 8 {
			assert.Less(t, logp.At(0, j), -1.5, "token %d is not predictable", j+1)
		} else {
			assert.Greater(t, logp.At(0, j), -0.01, "token %d repeats", j+1)
		}
	}
}
