package command

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"euryale/data"
	"euryale/experiment"
	"euryale/internal/book"
	"euryale/layers"
	"euryale/models"
	"euryale/training"
)

// -check prints a table, as JSON an object, and draws the scale of layers.
func TestCheck(t *testing.T) {
	picture := filepath.Join(t.TempDir(), "scale.svg")
	text := book.Excerpt(t, 20000)
	code, stdout, stderr := call(t, "train", small("-data", text, "-check", "-format", "json", "-graph", picture)...)
	require.Equal(t, 0, code, stderr)
	var r experiment.Report
	require.NoError(t, json.Unmarshal([]byte(stdout), &r))
	assert.Empty(t, r.Findings)
	assert.NotEmpty(t, r.Layers)
	drawn, err := os.ReadFile(picture)
	require.NoError(t, err)
	assert.Contains(t, string(drawn), "h0/mlp/in")

	code, stdout, stderr = call(t, "train", "-model", "ngram", "-data", text, "-check")
	require.Equal(t, 0, code, stderr)
	assert.Contains(t, stdout, "the model is made of counts, and has no graph")
	checkBad(t, "train", []bad{
		{2, "-format xml: want text or json", []string{"-check", "-format", "xml"}},
		{2, "give -check", []string{"-format", "json"}},
		{2, "-check draws the scale of layers, as an .svg", []string{"-check", "-graph", "a.dot"}},
	})
}

// -check -batch measures the scale on a saved batch.
func TestCheckOfABatch(t *testing.T) {
	dir, text := t.TempDir(), book.Excerpt(t, 20000)
	file := filepath.Join(dir, "batch.json")
	require.NoError(t, training.WriteBatch(file, &training.SavedBatch{Batch: data.Batch{B: 1, T: 3, Tokens: []int{1, 2, 3}, Targets: []int{2, 3, 4}}, Step: 7}))
	code, stdout, stderr := call(t, "train", small("-data", text, "-check", "-batch", file)...)
	require.Equal(t, 0, code, stderr+stdout)
	assert.Contains(t, stdout, "h0/mlp/in")
	checkBad(t, "train", []bad{
		{1, "it is not a batch", small("-data", text, "-check", "-batch", text)},
		{1, "no such file", small("-data", text, "-check", "-batch", filepath.Join(dir, "none.json"))},
	})
}

// A model with a mistake ends the check with an error, before which its findings are printed.
func TestCheckFails(t *testing.T) {
	m := models.Define(16, func(s *layers.Scope, tokens *G.Node, vocab int) *G.Node {
		x := layers.Embedding(s.Sub("tok"), tokens, vocab, 4)
		layers.Linear(s.Sub("forgotten"), x, 4)
		return layers.Head(s.Sub("head"), x, vocab)
	})
	var out bytes.Buffer
	err := diagnose(context.Background(), &trainOptions{format: "text"}, m, experiment.CheckOptions{}, streams{out: &out, err: &out})
	assert.ErrorContains(t, err, "-check found ")
	assert.Regexp(t, `structure: forgotten \(linear\), declared at check_test.go:\d+`, out.String())
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	assert.ErrorIs(t, diagnose(cancelled, &trainOptions{format: "text"}, m, experiment.CheckOptions{}, streams{out: &out, err: &out}), context.Canceled)
}
