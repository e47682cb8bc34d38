package training

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data"
)

// A run knows the corpus that it was trained on, and refuses another in its place.
func TestOrigin(t *testing.T) {
	path := filepath.Join(t.TempDir(), "text.txt")
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("abcdefgh", 100)), 0o666))
	dir := filepath.Join(t.TempDir(), "run")
	c, err := Parse("", []string{"model.name=gpt", "model.dim=8", "model.layers=1", "model.heads=1", "model.context=8", "training.steps=2", "training.batch=2",
		"training.sample=0", "data.split=0.8", "data.test=0.1", "data.name=" + path})
	require.NoError(t, err)
	r, err := New(c, dir, nil)
	require.NoError(t, err)
	require.NoError(t, r.Train(context.Background()))
	require.NoError(t, r.Close())
	o, err := ReadOrigin(dir)
	require.NoError(t, err)
	assert.Equal(t, Origin{path, path, "", 800, 640, 80, 80, r.Corpus.Fingerprint(), nil}, *o)

	s, err := Open(dir, false)
	require.NoError(t, err)
	corpus, err := s.OpenCorpus(data.Options{})
	require.NoError(t, err)
	for part, targets := range map[string]int{"train": 639, "valid": 80, "test": 80} {
		sum, n, err := s.PartLoss(context.Background(), corpus, part, nil)
		require.NoError(t, err)
		assert.Equal(t, targets, n, part)
		assert.Positive(t, sum)
	}
	require.NoError(t, corpus.Close())

	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("abcdefgh", 101)), 0o666))
	_, err = s.OpenCorpus(data.Options{})
	assert.ErrorContains(t, err, "has changed since "+dir+" was trained on it: it had 800 bytes (640 tokens to train on, 80 to validate on) and has 808")
	_, err = Resume(dir, nil, nil)
	assert.ErrorContains(t, err, "has changed since")
	require.NoError(t, os.Remove(filepath.Join(dir, "data.json")))
	corpus, err = s.OpenCorpus(data.Options{})
	require.NoError(t, err, "a run of an earlier version")
	require.NoError(t, corpus.Close())
}
