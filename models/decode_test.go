package models

import (
	"errors"
	"fmt"
	"testing"

	"euryale/layers/graph"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// decoder drives a model's memory and checks after every run that each lane's logits are
// those of a whole pass over what the lane has seen.
type decoder struct {
	*testing.T
	c      testCase
	w      *graph.Weights
	tol    float64
	mem    *graph.Memory
	text   [][]int
	source [][]int
}

func (d *decoder) program(t int, mem *graph.Memory) *Program {
	p, err := Decode(d.c.model, d.w, graph.Frame{B: mem.Lanes(), T: t, S: d.c.source, Memory: mem})
	require.NoError(d, err)
	return p
}

func (d *decoder) encode(mem *graph.Memory, source []int) {
	if d.c.source == 0 {
		return
	}
	p, err := Encode(d.c.model, d.w, graph.Frame{B: mem.Lanes(), S: d.c.source, Memory: mem})
	require.NoError(d, err)
	require.NoError(d, p.Run(graph.Feed{Source: source}))
}

// whole gives the logits after the last token, by a pass over all of them.
func (d *decoder) whole(source, tokens []int) []float64 {
	p, err := Score(d.c.model, d.w, graph.Frame{B: 1, T: len(tokens), S: d.c.source}, "logits")
	require.NoError(d, err)
	require.NoError(d, p.Run(graph.Feed{Tokens: tokens, Source: source}))
	l := p.Float64s("logits")
	return l[len(l)-testVocab:]
}

// feed runs p, of t tokens a lane, and checks the logits of all lanes that were fed.
func (d *decoder) feed(what string, p *Program, t int, tokens ...int) {
	d.Helper()
	require.NoError(d, p.Run(graph.Feed{Tokens: tokens}), what)
	for i, id := range tokens {
		if id >= 0 {
			d.text[i/t] = append(d.text[i/t], id)
		}
	}
	l := p.Float64s("logits")
	for b := range d.text {
		if tokens[b*t] >= 0 {
			require.InDeltaSlice(d, d.whole(d.source[b], d.text[b]), l[b*testVocab:(b+1)*testVocab], d.tol, "%s: lane %d after %v", what, b, d.text[b])
		}
	}
}

func clone(x []int) []int { return append([]int(nil), x...) }

func newDecoder(t *testing.T, c testCase, double bool) *decoder {
	d := &decoder{T: t, c: c, tol: 2e-5, w: graph.NewWeights(1), text: make([][]int, 3), source: make([][]int, 3)}
	if double {
		d.tol, d.w = 1e-12, graph.NewWeights64(1)
	}
	wide(t, c, d.w)
	var err error
	d.mem, err = NewMemory(c.model, d.w, 3, testRoom, c.source)
	require.NoError(t, err)
	d.encode(d.mem, c.sources())
	for b := range d.source {
		if c.source > 0 {
			d.source[b] = sources[b*testSource : (b+1)*testSource]
		}
	}
	return d
}

// Decoding gives the logits of a whole pass, whatever happened to the lanes before.
func TestDecodingEqualsWholePass(t *testing.T) {
	for _, c := range testCases {
		for _, double := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, double=%v", c.name, double), func(t *testing.T) {
				d := newDecoder(t, c, double)
				step, piece := d.program(1, d.mem), d.program(4, d.mem)
				d.feed("ragged prompt", piece, 4, 1, 2, 3, 4 /**/, 5, -1, -1, -1 /**/, 6, 7, 8, -1)
				d.feed("second piece", piece, 4, 4, 2, -1, -1 /**/, -1, -1, -1, -1 /**/, 9, 9, 0, 1)
				d.feed("step", step, 1, 1, 2, 3)
				d.feed("a lane sits out", step, 1, 5, -1, 3)
				d.moveLanes(step)
				d.goBack(piece)
				d.resetLane(step)
				d.movePromptIn(step)
				require.Error(t, step.Run(graph.Feed{Tokens: []int{2, 99, 6}}))
				d.feed("after a failed run", step, 1, 2, 4, 6)
				d.overflow(step)
			})
		}
	}
}

func (d *decoder) moveLanes(step *Program) {
	require.NoError(d, d.mem.Copy(1, d.mem, 0))
	d.text[1], d.source[1] = clone(d.text[0]), d.source[0]
	d.feed("after a copy", step, 1, 7, 8, 9)
	require.NoError(d, d.mem.Reorder([]int{2, 0, 1}))
	d.text[0], d.text[1], d.text[2] = clone(d.text[2]), clone(d.text[0]), clone(d.text[1])
	d.source[0], d.source[1], d.source[2] = d.source[2], d.source[0], d.source[1]
	d.feed("after a reorder", step, 1, 3, 2, 1)
}

func (d *decoder) goBack(piece *Program) {
	err := d.mem.Truncate(2, 4)
	if d.c.recurrent {
		assert.ErrorContains(d, err, "is recurrent: lane 2 cannot go back")
		return
	}
	require.NoError(d, err)
	d.text[2] = d.text[2][:4]
	d.feed("after a truncation", piece, 4, 1, -1, -1, -1 /**/, 2, -1, -1, -1 /**/, 10, 9, 8, -1)
}

func (d *decoder) resetLane(step *Program) {
	d.mem.Reset(0)
	d.text[0] = nil
	if d.c.source > 0 { // the other lanes keep their sources
		d.encode(d.mem, []int{3, 3, 3, 3, 3, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1})
		d.source[0] = []int{3, 3, 3, 3, 3}
	}
	d.feed("after a reset", step, 1, 9, -1, 9)
}

// movePromptIn reads a prompt in a memory of one lane and moves it into lane 1.
func (d *decoder) movePromptIn(step *Program) {
	one, err := NewMemory(d.c.model, d.w, 1, testRoom, d.c.source)
	require.NoError(d, err)
	if d.c.source > 0 {
		d.source[1] = []int{2, 4, 6, -1, -1}
		d.encode(one, d.source[1])
	}
	require.NoError(d, d.program(6, one).Run(graph.Feed{Tokens: []int{1, 3, 5, 7, 9, -1}}))
	require.NoError(d, d.mem.Copy(1, one, 0))
	d.text[1] = []int{1, 3, 5, 7, 9}
	d.feed("after moving a prompt in", step, 1, 2, 4, 6)
}

func (d *decoder) overflow(step *Program) {
	var err error
	for range testRoom + 1 {
		if err = step.Run(graph.Feed{Tokens: []int{1, -1, -1}}); err != nil {
			break
		}
	}
	var full *graph.FullError
	assert.Equal(d, !d.c.unbounded, errors.As(err, &full), "overflow: %v", err)
}

// A step program built before training sees what training changes, without a copy.
func TestProgramsShareWeights(t *testing.T) {
	for _, c := range testCases {
		t.Run(c.name, func(t *testing.T) {
			w := graph.NewWeights(1)
			mem, err := NewMemory(c.model, w, 1, testRoom, c.source)
			require.NoError(t, err)
			step, err := Decode(c.model, w, graph.Frame{B: 1, T: 1, S: c.source, Memory: mem})
			require.NoError(t, err)
			count := w.Count()
			train, err := Train(c.model, w, graph.Frame{B: 2, T: 5, S: c.source}, Options{})
			require.NoError(t, err)
			f := graph.Feed{Tokens: []int{1, 2, 3, 4, 5 /**/, 6, 7, 8, 9, 10}, Targets: []int{2, 3, 4, 5, 1 /**/, 7, 8, 9, 10, 6}}
			if c.source > 0 {
				f.Source = sources[:10]
			}
			for range 600 {
				require.NoError(t, train.Run(f))
				descend(train, w, 0.5)
			}
			require.Less(t, train.Loss(), 0.15)
			assert.Equal(t, count, w.Count(), "a second graph declared parameters again")
			if c.source > 0 {
				enc, err := Encode(c.model, w, graph.Frame{B: 1, S: c.source, Memory: mem})
				require.NoError(t, err)
				require.NoError(t, enc.Run(graph.Feed{Source: sources[:5]}))
			}
			id, got := 1, []int{}
			for range 5 {
				require.NoError(t, step.Run(graph.Feed{Tokens: []int{id}}))
				id = argmax(step.Value("logits"))
				got = append(got, id)
			}
			assert.Equal(t, []int{2, 3, 4, 5, 1}, got)
		})
	}
}

// descend is plain gradient descent.
func descend(p *Program, w *graph.Weights, rate float32) {
	for i, g := range p.Gradients() {
		v := w.Get(p.Params()[i].Name()).Float32()
		for j, d := range g.Float32s() {
			v[j] -= rate * d
		}
	}
}

func argmax(x []float32) (best int) {
	for i := range x {
		if x[i] > x[best] {
			best = i
		}
	}
	return best
}
