package training

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"euryale/layers/graph"
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

// AdamW's steps agree with the paper's algorithm written out in float64: two shards, two
// batches to a step, a matrix that decays and a vector that does not, and a clipped norm.
func TestAdamW(t *testing.T) {
	o := Optimizer{LR: 0.01, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, WeightDecay: 0.1, Clip: 0.5}
	w := graph.NewWeights(0)
	require.NoError(t, w.Add("matrix", []int{2, 2}, []float32{1, -2, 3, -4}))
	require.NoError(t, w.Add("vector", []int{3}, []float32{0.5, -0.5, 2}))
	a := NewAdamW(o, w.All())
	x := [][]float64{{1, -2, 3, -4}, {0.5, -0.5, 2}}
	m, v := [][]float64{make([]float64, 4), make([]float64, 3)}, [][]float64{make([]float64, 4), make([]float64, 3)}
	for step := 1; step <= 5; step++ {
		mean := [][]float64{make([]float64, 4), make([]float64, 3)}
		for batch := range 2 {
			var shards [][]*tensor.Dense
			for shard := range 2 {
				var gs []*tensor.Dense
				for i := range x {
					g := make([]float32, len(x[i]))
					for j := range g {
						g[j] = float32(math.Sin(float64(step + 3*batch + 5*shard + 7*i + 11*j)))
						mean[i][j] += float64(g[j]) / 2
					}
					gs = append(gs, tensor.New(tensor.WithShape(len(g)), tensor.WithBacking(g)))
				}
				shards = append(shards, gs)
			}
			a.Add(shards)
		}
		norm, err := a.Step(o.LR)
		require.NoError(t, err)
		assert.InDelta(t, reference(o, step, x, m, v, mean), norm, 1e-6)
		for i, p := range w.All() {
			for j, got := range p.Float32() {
				require.InDelta(t, x[i][j], float64(got), 2e-6, "%s[%d] after step %d", p.Path, j, step)
			}
		}
	}
}

// reference is algorithm 2 of Loshchilov and Hutter 2019, after clipping; it returns the
// norm before.
func reference(o Optimizer, step int, x, m, v, g [][]float64) float64 {
	norm := 0.0
	for i := range g {
		for _, d := range g[i] {
			norm += d * d
		}
	}
	norm = math.Sqrt(norm)
	clip := math.Min(1, o.Clip/norm)
	for i := range x {
		decay := o.WeightDecay
		if i == 1 {
			decay = 0 // the vector
		}
		for j := range x[i] {
			d := g[i][j] * clip
			m[i][j] = o.Beta1*m[i][j] + (1-o.Beta1)*d
			v[i][j] = o.Beta2*v[i][j] + (1-o.Beta2)*d*d
			mh := m[i][j] / (1 - math.Pow(o.Beta1, float64(step)))
			vh := v[i][j] / (1 - math.Pow(o.Beta2, float64(step)))
			x[i][j] -= o.LR * (mh/(math.Sqrt(vh)+o.Eps) + decay*x[i][j])
		}
	}
	return norm
}

func TestStepRefusesInfiniteGradients(t *testing.T) {
	w := graph.NewWeights(0)
	require.NoError(t, w.Add("x", []int{2}, []float32{1, 2}))
	a := NewAdamW(Default().Optimizer, w.All())
	a.Add([][]*tensor.Dense{{tensor.New(tensor.WithShape(2), tensor.WithBacking([]float32{1, float32(math.Inf(1))}))}})
	_, err := a.Step(0.1)
	assert.ErrorContains(t, err, "norm is +Inf")
	assert.Equal(t, []float32{1, 2}, w.Get("x").Float32())
}

func TestUsual(t *testing.T) {
	assert.Equal(t, "gpt", Usual("model.name"))
	assert.Equal(t, "0.002", Usual("optimizer.lr"))
	assert.Empty(t, Usual("training.for"))
	assert.Empty(t, Usual("no.such"))
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
		"model.layers=two": "section model",
	} {
		_, err := Parse("", []string{set})
		assert.ErrorContains(t, err, want, set)
	}
	path := filepath.Join(t.TempDir(), "c.toml")
	require.NoError(t, os.WriteFile(path, []byte("[model\n"), 0o666))
	_, err := Parse(path, nil)
	assert.ErrorContains(t, err, "c.toml: toml: line 2")
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
	_, err = LoadWeights(path, m)
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
