package training

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/layers/graph"
)

// wellFormed checks that an SVG is XML.
func wellFormed(t *testing.T, svg string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else {
			require.NoError(t, err)
		}
	}
}

// The picture is shown at the first step, about twice a second, at each evaluation and at the last
// step, under one identifier.
func TestLossCurve(t *testing.T) {
	now := time.Unix(1000, 0)
	l := newLossCurve(func() time.Time { return now })
	shown := 0
	for n := 1; n <= 1000; n++ {
		now = now.Add(10 * time.Millisecond)
		l.addStep(Step{N: n, Of: 1000, Share: float64(n) / 1000, Loss: 4 - float64(n)/500, PerSecond: 1000})
		if l.isDue(false) {
			shown++
			if n == 501 {
				assert.Equal(t, "step 501 of 1000 · loss 2.998 · 1000 tokens/s · 5s left", l.String())
			}
		}
		if n == 250 || n == 1000 {
			loss := 3.5
			l.addEval(Record{Step: Step{N: n}, ValLoss: &loss})
			l.addEval(Record{Step: Step{N: n}})
			assert.True(t, l.isDue(true))
		}
	}
	assert.InDelta(t, 20, shown, 2)
	assert.Equal(t, []float64{250, 1000}, l.valid.X)
	assert.LessOrEqual(t, len(l.steps), curvePoints)
	for i, step := range l.steps { // each point is the mean of width steps
		assert.InDelta(t, 4-(step-float64(l.width-1)/2)/500, l.losses[i], 1e-9)
	}
	assert.Equal(t, "step 1000 of 1000 · loss 2.000 · validation 3.500", l.String(), "the same for any clock")
	wellFormed(t, l.SVG())
	assert.NotEqual(t, newLossCurve(time.Now).DisplayID(), l.DisplayID())
	assert.True(t, strings.HasPrefix(l.HTML(), `<img alt="step 1000 of 1000 · loss 2.000 · validation 3.500" src="data:image/svg+xml;base64,`))
}

func TestLive(t *testing.T) {
	r, err := OnText(strings.Repeat("abcd", 100), own(0), "training.steps=4", "training.eval_every=2")
	require.NoError(t, err)
	var lines []string
	r.Watch = Live(func(picture interface{}) error {
		lines = append(lines, strings.Split(fmt.Sprint(picture), " · ")[0])
		wellFormed(t, picture.(interface{ SVG() string }).SVG())
		return nil
	})
	require.NoError(t, r.Train(context.Background()))
	assert.Equal(t, "step 1 of 4", lines[0])
	assert.Equal(t, "step 4 of 4", lines[len(lines)-1])

	calls := 0
	r, err = OnText(strings.Repeat("abcd", 100), own(0), "training.steps=4", "training.eval_every=1")
	require.NoError(t, err)
	r.Watch = Live(func(interface{}) error { calls++; return errors.New("gone") })
	require.NoError(t, r.Train(context.Background()))
	assert.Equal(t, 1, calls, "training continues without a display")
}

// What a notebook shows of a value that ends a cell is a line.
func TestStrings(t *testing.T) {
	r, err := OnText(strings.Repeat("abcd", 100), own(0), "training.steps=2")
	require.NoError(t, err)
	assert.Equal(t, "run of own, 0 of 2 steps, 68 values in 3 parameters", r.String())
	require.NoError(t, r.Train(context.Background()))
	assert.Regexp(t, `^run of own, 2 of 2 steps, 68 values in 3 parameters, validation loss \d\.\d{4}$`, r.String())
	assert.Equal(t, "68 values in 3 parameters: tok/W (4, 8) float32, …, head/b (4) float32", r.Weights.String())
	assert.Equal(t, "head/W (8, 4) float32", r.Weights.Get("head/W").String())
	assert.Equal(t, "weights without parameters", graph.NewWeights(1).String())
	assert.Equal(t, "corpus text: 360 tokens to train on, 40 to validate on; tokenizer char, 4 ids", r.Corpus.String())
	assert.Equal(t, "tokenizer char, 4 ids", fmt.Sprint(r.Corpus.Tokenizer))
	g, err := r.Generator()
	require.NoError(t, err)
	assert.Equal(t, "generator of *models.Defined, 68 values; tokenizer char, 4 ids", g.String())
	loss := 1.5
	s := Step{N: 2, Of: 9, Loss: 2, GradNorm: 0.5, LR: 0.01, Added: []NamedLoss{{"aux", 1}}, Skipped: true}
	assert.Equal(t, "step 2 of 9: loss 2.0000, gradient norm 0.5, learning rate 0.01, aux 1.0000, skipped, validation loss 1.5000 over 7 targets", Record{Step: s, ValLoss: &loss, ValTokens: 7}.String())
	assert.Equal(t, s.String(), Record{Step: s}.String())
	assert.False(t, math.IsInf(r.best, 0))
	n, err := OnText(strings.Repeat("abcd", 100), nil, "model.name=ngram")
	require.NoError(t, err)
	assert.Contains(t, n.String(), "run of ngram, 0 of")
}
