package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tales"
	"euryale/data/tokenizer"
	"euryale/layers/graph"
	"euryale/training"
)

func TestTokenSpans(t *testing.T) {
	tk := tokenizer.WithSpecials(tokenizer.NewChar("ab 春"), "<|end|>")
	ids, err := tk.Encode("a 春b")
	require.NoError(t, err)
	end, _ := tk.Special("<|end|>")
	assert.Equal(t, []tales.Span{{From: 0, To: 1}, {}, {From: 2, To: 5}, {From: 5, To: 6}, {}}, tokenSpans(tk, append(ids, end), "a 春b"))
}

// The error counts tokens whose most attended token is a wrong one.
func TestError(t *testing.T) {
	p := pair{source: "ab", target: "xyz", links: [][2]tales.Span{{{From: 0, To: 1}, {From: 1, To: 2}}, {{From: 1, To: 2}, {From: 1, To: 2}}}}
	source := []tales.Span{{From: 0, To: 1}, {From: 1, To: 2}, {}}
	assert.Equal(t, []bool{true, true, false}, p.wanted(source, tales.Span{From: 1, To: 2}))
	assert.Equal(t, []bool{false, false, false}, p.wanted(source, tales.Span{From: 2, To: 3}))
	m := &measured{errors: [][2]float64{{1, 2}, {0, 2}}}
	assert.Equal(t, 0.25, m.error())
	low, high := m.interval()
	assert.Equal(t, 0.0, low)
	assert.Equal(t, 0.5, high)
}

func TestOneHead(t *testing.T) {
	f := graph.Frame{T: 2, S: 2}
	w := []float64{1, 2, 3, 4 /**/, 5, 6, 7, 8}
	mean, err := oneHead(w, f, 0)
	require.NoError(t, err)
	assert.Equal(t, []float64{2, 3, 6, 7}, mean)
	second, err := oneHead(w, f, 2)
	require.NoError(t, err)
	assert.Equal(t, []float64{3, 4, 7, 8}, second)
	_, err = oneHead(w, f, 3)
	assert.EqualError(t, err, "-head 3: the attention has 2")
}

// A run of a few steps is measured and drawn; another task is refused.
func TestMeasure(t *testing.T) {
	dir := t.TempDir()
	train := func(name string, sets ...string) string {
		c, err := training.Parse("", append([]string{"model.name=seq2seq", "model.dim=8", "data.name=tales", "data.size=40", "data.level=1",
			"training.steps=1", "training.batch=4", "training.sample=0"}, sets...))
		require.NoError(t, err)
		run, err := training.New(c, filepath.Join(dir, name), nil)
		require.NoError(t, err)
		require.NoError(t, run.Train(t.Context()))
		require.NoError(t, run.Close())
		return filepath.Join(dir, name)
	}
	run, svg := train("pairs", "data.task=pairs", "model.context=96", "model.source_context=96"), filepath.Join(dir, "a.svg")
	var out bytes.Buffer
	require.NoError(t, measureAll(context.Background(), &out, options{part: "valid", pairs: 3, svg: svg, shown: 2}, []string{run}))
	assert.Regexp(t, `(?m)^\| \S+pairs \| 3 \| \d+ \| [01]\.\d{3} \| `, out.String())
	picture, err := os.ReadFile(svg)
	require.NoError(t, err)
	assert.Contains(t, string(picture), "○")
	err = measureAll(context.Background(), &out, options{part: "valid", pairs: 3}, []string{train("summary", "data.task=summary")})
	assert.ErrorContains(t, err, "the alignment is known of data.name tales with data.task pairs, and these are tales and summary")
}
