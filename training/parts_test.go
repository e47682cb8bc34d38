package training

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/models"
)

func TestSchedule(t *testing.T) {
	s := Schedule{Name: "cosine", MinLR: 0.1, Warmup: 10, Steps: 110}
	for step, want := range map[int]float64{
		0: 1.0 / 11, 4: 5.0 / 11, 9: 10.0 / 11, // warm-up
		10: 1, 60: 0.55, 110: 0.1, 500: 0.1, // cosine: half way is the mean of both ends
		35: 0.1 + 0.9*0.5*(1+math.Cos(math.Pi/4)),
	} {
		assert.InDelta(t, want, s.Rate(step, 1), 1e-12, "cosine, step %d", step)
	}
	s.Name = "linear"
	assert.InDelta(t, 0.55, s.Rate(60, 1), 1e-12)
	s.Name = "constant"
	assert.InDelta(t, 1, s.Rate(60, 1), 1e-12)
	s.Name = "inverse_sqrt"
	assert.InDelta(t, 0.5, s.Rate(40, 1), 1e-12) // √(10/40)
}

func TestDefaultValue(t *testing.T) {
	assert.Equal(t, "gpt", DefaultValue("model.name"))
	assert.Equal(t, "0.002", DefaultValue("optimizer.lr"))
	assert.Empty(t, DefaultValue("training.for"))
	assert.Empty(t, DefaultValue("no.such"))
}

func TestParse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.toml")
	require.NoError(t, os.WriteFile(path, []byte("[model]\nlayers = 6\n[optimizer]\nlr = 0.5\n"), 0o666))
	c, err := Parse(path, []string{"model.layers=7", "data.name = tang poems.txt", "training.for=90s"})
	require.NoError(t, err)
	assert.Equal(t, 7, c.Model.(*models.GPT).Layers)
	assert.Equal(t, 0.5, c.Optimizer.LR)
	assert.Equal(t, "tang poems.txt", c.Data.Name)
	again := filepath.Join(t.TempDir(), "again.toml")
	require.NoError(t, os.WriteFile(again, []byte(c.String()), 0o666))
	d, err := Parse(again, nil)
	require.NoError(t, err)
	assert.Equal(t, c, d)
}

func TestParseErrorsNameTheNearest(t *testing.T) {
	for set, want := range map[string]string{
		"model.layer=3":    "there is no key model.layer: did you mean model.layers?",
		"optimiser.lr=3":   `there is no section "optimiser": did you mean "optimizer"?`,
		"model.name=gtp":   `no model is called "gtp"`,
		"layers=3":         "want section.key=value",
		"model.layers":     "want section.key=value",
		"model.layers=two": `model.layers is "two", want a whole number`,
	} {
		_, err := Parse("", []string{set})
		assert.ErrorContains(t, err, want, set)
	}
	path := filepath.Join(t.TempDir(), "c.toml")
	require.NoError(t, os.WriteFile(path, []byte("[model\n"), 0o666))
	_, err := Parse(path, nil)
	assert.ErrorContains(t, err, "c.toml:2: ")
}

func TestResumeErrors(t *testing.T) {
	_, err := Resume(t.TempDir(), nil, nil)
	assert.ErrorContains(t, err, "is not a run: it has no config.toml")
	_, err = Resume(t.TempDir(), []string{"model.dim=7"}, nil)
	assert.ErrorContains(t, err, "model.dim cannot change when a run is resumed")
}

// Weights files that do not fit are refused with every difference named.
func TestLoadWeightsErrors(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	losses(t, begin(t, tiny(t, "training.steps=2"), dir), 0)
	path := filepath.Join(dir, "weights.safetensors")
	m, err := models.New("gpt")
	require.NoError(t, err)
	m.Common().Vocab = 9
	_, err = loadWeights(path, m)
	assert.ErrorContains(t, err, "h2/ln1/gain is missing")
	assert.ErrorContains(t, err, "h0/att/qkv/W is [16 48], want [128 384]")
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	for n := range 20 { // cut anywhere, it is an error and not a panic
		require.NoError(t, os.WriteFile(path, raw[:len(raw)*n/20], 0o666))
		_, err := Open(dir, true)
		assert.Error(t, err)
	}
}

// A configuration that asks for a model beyond all memory is refused by the weights'
// file, before anything is claimed.
func TestHugeModelIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	losses(t, begin(t, tiny(t, "training.steps=2"), dir), 0)
	path := filepath.Join(dir, "config.toml")
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	huge := strings.Replace(string(raw), "dim = 16", "dim = 1000000000", 1)
	require.NotEqual(t, string(raw), huge)
	require.NoError(t, os.WriteFile(path, []byte(huge), 0o666))
	_, err = Open(dir, true)
	assert.ErrorContains(t, err, "want [1000000000 3000000000]")
}
