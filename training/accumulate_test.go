package training

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"euryale/data"
	"euryale/layers"
	"euryale/models"
)

// cycle deals batches in turn.
type cycle []data.Batch

func (c cycle) Batch(n int, b *data.Batch) error { *b = c[n%len(c)]; return nil }
func (c cycle) Len() int                         { return len(c) }

// sequence returns a sequence of eight places, n of which have the token id and the target
// after it.
func sequence(n, id int) data.Batch {
	b := data.Batch{B: 1, T: 8}
	for i := range b.T {
		if i < n {
			b.Tokens, b.Targets = append(b.Tokens, id), append(b.Targets, id+1)
		} else {
			b.Tokens, b.Targets = append(b.Tokens, -1), append(b.Targets, -1)
		}
	}
	return b
}

// together returns one batch of all sequences.
func together(batches ...data.Batch) data.Batch {
	all := data.Batch{T: 8}
	for _, b := range batches {
		all.B++
		all.Tokens, all.Targets = append(all.Tokens, b.Tokens...), append(all.Targets, b.Targets...)
	}
	return all
}

// firstUpdate makes one update of a small model on batches that are dealt in turn.
func firstUpdate(t *testing.T, model string, accumulate int, batches ...data.Batch) (*Run, Step) {
	t.Helper()
	c, err := Parse("", []string{"model.name=" + model})
	require.NoError(t, err)
	c.Training.Batch, c.Training.Accumulate, c.Training.Shards = batches[0].B, accumulate, 1
	c.Model.Common().Vocab, c.Model.Common().Context = 6, 8
	if model == "gpt" {
		require.NoError(t, fill(c.Model, "model", map[string]any{"layers": 1, "heads": 1, "dim": 8, "dropout": 0.0}))
	}
	r, err := NewOn(c, cycle(batches))
	require.NoError(t, err)
	s, err := r.Update()
	require.NoError(t, err)
	return r, s
}

// penalised is a model to whose loss layers add: one for each row, and one of a parameter.
func penalised(s *layers.Scope, tokens *G.Node, vocab int) *G.Node {
	x := layers.Embedding(s.Sub("tok"), tokens, vocab, 8)
	s.AddLoss("size", layers.MeanColumns(s, layers.Square(s, x)), 0.1)
	scale := s.Param("scale", layers.Fill(1.5), 1, 1)
	s.AddLoss("penalty", layers.Square(s, scale), 0.2)
	x = s.Must(G.BroadcastHadamardProd(x, scale, nil, []byte{0, 1}))
	return layers.Head(s.Sub("head"), x, vocab)
}

func init() {
	models.Register("penalised", "", func() models.Model { return models.Define(16, penalised) })
}

// An update's loss, gradient and added losses are means over the targets of all its
// batches: those of one batch that has all their sequences.
func TestAccumulationIsAMeanOverTargets(t *testing.T) {
	eight, one, none := sequence(8, 1), sequence(1, 3), sequence(0, 2)
	for _, model := range []string{"gpt", "penalised"} {
		want, all := firstUpdate(t, model, 1, together(eight, one))
		if model == "gpt" {
			assert.InDelta(t, 1.810536, all.Loss, 1e-6)
			assert.InDelta(t, 2.452327, all.GradNorm, 1e-6)
		} else {
			require.Len(t, all.Added, 2)
			assert.InDelta(t, 1.5*1.5, all.Added[1].Value, 1e-6)
		}
		for name, batches := range map[string][]data.Batch{
			"a sequence each": {eight, one}, "the other order": {one, eight}, "one without targets": {eight, none, one},
		} {
			got, s := firstUpdate(t, model, len(batches), batches...)
			assert.InDelta(t, all.Loss, s.Loss, 1e-6, name)
			assert.InDelta(t, all.GradNorm, s.GradNorm, 1e-6, name)
			require.Len(t, s.Added, len(all.Added))
			for i, l := range all.Added {
				assert.Equal(t, l.Name, s.Added[i].Name)
				assert.InDelta(t, l.Value, s.Added[i].Value, 1e-6, "%s: %s", name, l.Name)
			}
			for i, p := range want.Weights.All() {
				assert.InDeltaSlice(t, p.Float32(), got.Weights.All()[i].Float32(), 1e-5, "%s: %s", name, p.Path)
			}
		}
	}
}

func TestUpdateWithoutTargets(t *testing.T) {
	c := Default()
	c.Training.Accumulate, c.Model.Common().Vocab, c.Model.Common().Context = 2, 6, 8
	r, err := NewOn(c, cycle{sequence(0, 1)})
	require.NoError(t, err)
	_, err = r.Update()
	assert.ErrorContains(t, err, "have no targets")
}
