package training

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"euryale/internal/book"
	"euryale/internal/runfile"
	"euryale/layers"
	"euryale/layers/graph"
	"euryale/models"
	"euryale/training/rundir"
)

// AdamW's steps agree with the paper's algorithm written out in float64: two shards, two
// batches to a step, a vector that decays and a matrix that does not, and a clipped norm.
func TestAdamW(t *testing.T) {
	o := OptimizerConfig{Name: "adamw", LR: 0.01, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, WeightDecay: 0.1, Clip: 0.5}
	w := graph.NewWeights(0)
	require.NoError(t, w.Add("matrix", []int{2, 2}, []float32{1, -2, 3, -4}))
	require.NoError(t, w.Add("vector", []int{3}, []float32{0.5, -0.5, 2}))
	w.Get("vector").Decay = true
	a, err := NewUpdater(o, w.All())
	require.NoError(t, err)
	x := [][]float64{{1, -2, 3, -4}, {0.5, -0.5, 2}}
	m, v := [][]float64{make([]float64, 4), make([]float64, 3)}, [][]float64{make([]float64, 4), make([]float64, 3)}
	for step := 1; step <= 5; step++ {
		sum := [][]float64{make([]float64, 4), make([]float64, 3)}
		for batch := range 2 {
			var shards [][]*tensor.Dense
			for shard := range 2 {
				var gs []*tensor.Dense
				for i := range x {
					g := make([]float32, len(x[i]))
					for j := range g {
						g[j] = float32(math.Sin(float64(step + 3*batch + 5*shard + 7*i + 11*j)))
						sum[i][j] += float64(g[j])
					}
					gs = append(gs, tensor.New(tensor.WithShape(len(g)), tensor.WithBacking(g)))
				}
				shards = append(shards, gs)
			}
			require.NoError(t, a.Add(shards))
		}
		norm, err := a.Step(o.LR)
		require.NoError(t, err)
		assert.InDelta(t, reference(o, step, x, m, v, sum), norm, 1e-6)
		for i, p := range w.All() {
			for j, got := range p.Float32() {
				require.InDelta(t, x[i][j], float64(got), 2e-6, "%s[%d] after step %d", p.Path, j, step)
			}
		}
	}
}

// reference is algorithm 2 of Loshchilov and Hutter 2019, after clipping; it returns the
// norm before.
func reference(o OptimizerConfig, step int, x, m, v, g [][]float64) float64 {
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
		if i == 0 {
			decay = 0 // the matrix
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
	a, err := NewUpdater(Default().Optimizer, w.All())
	require.NoError(t, err)
	require.NoError(t, a.Add([][]*tensor.Dense{{tensor.New(tensor.WithShape(2), tensor.WithBacking([]float32{1, float32(math.Inf(1))}))}}))
	_, err = a.Step(0.1)
	assert.ErrorContains(t, err, "norm is +Inf")
	assert.Equal(t, []float32{1, 2}, w.Get("x").Float32())
}

// sign is an optimizer in a few lines: SGD by the sign, with a count of updates as state.
type sign struct {
	params []*graph.Param
	count  []float32
}

func (s *sign) Update(u Update) {
	s.count[0]++
	for i, p := range s.params {
		for j := range p.Float32() {
			p.Float32()[j] -= float32(u.LR * math.Copysign(1, float64(u.Sums[i][j])))
		}
	}
}

func (s *sign) State() []rundir.Tensor {
	return []rundir.Tensor{{Name: "count", Shape: []int{1}, Values: s.count}}
}

// A run is trained, stopped and resumed with an optimizer that is registered here, and
// refuses the state of another.
func TestOptimizerOfOnesOwn(t *testing.T) {
	RegisterOptimizer("sign", func(_ OptimizerConfig, params []*graph.Param) Optimizer { return &sign{params, make([]float32, 1)} })
	defer delete(optimizers, "sign")
	assert.PanicsWithValue(t, `training: the optimizer "sign" is registered twice`, func() { RegisterOptimizer("sign", nil) })
	c := tiny(t, "optimizer.name=sign", "optimizer.lr=1e-3")
	want := losses(t, begin(t, c, ""), 0)
	assert.Less(t, want[len(want)-1], want[0])
	dir := filepath.Join(t.TempDir(), "run")
	got := losses(t, begin(t, c, dir), 23)
	ts, _, err := runfile.LoadTensors(filepath.Join(dir, rundir.State))
	require.NoError(t, err)
	assert.Contains(t, ts, runfile.Tensor{Name: "count", Shape: []int{1}, Data: []float32{23}})
	for _, p := range ts {
		assert.NotRegexp(t, "^[mv]/", p.Name)
	}
	r, err := Resume(dir, nil, nil)
	require.NoError(t, err)
	assert.Equal(t, want, append(got, losses(t, r, 0)...))
	setConfig(t, dir, `name = "sign"`, `name = "adamw"`)
	_, err = Resume(dir, nil, nil)
	assert.ErrorContains(t, err, "state.safetensors: count is not part of this optimizer's state")
}

// setConfig replaces a line of a run's config.toml.
func setConfig(t *testing.T, dir, line, with string) {
	t.Helper()
	path := filepath.Join(dir, rundir.Config)
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	changed := strings.Replace(string(raw), line, with, 1)
	require.NotEqual(t, string(raw), changed)
	require.NoError(t, os.WriteFile(path, []byte(changed), 0o666))
}

// A run written before optimizers had names resumes: its config.toml has no optimizer.name,
// and its state the names m/PATH and v/PATH.
func TestResumeOfAnUnnamedOptimizer(t *testing.T) {
	c := tiny(t)
	want := losses(t, begin(t, c, ""), 0)
	dir := filepath.Join(t.TempDir(), "run")
	got := losses(t, begin(t, c, dir), 23)
	shapes, err := runfile.Shapes(filepath.Join(dir, rundir.State))
	require.NoError(t, err)
	params, err := models.Parameters(c.Model)
	require.NoError(t, err)
	assert.Len(t, shapes, 3*len(params))
	for _, p := range params {
		for _, kind := range []string{"weights/", "m/", "v/"} {
			assert.Equal(t, p.Shape, shapes[kind+p.Path], kind+p.Path)
		}
	}
	setConfig(t, dir, "name = \"adamw\"\n", "")
	r, err := Resume(dir, nil, nil)
	require.NoError(t, err)
	assert.Equal(t, want, append(got, losses(t, r, 0)...))
}

func TestRestoreRefusesOtherState(t *testing.T) {
	w := graph.NewWeights(0)
	require.NoError(t, w.Add("x", []int{2}, []float32{1, 2}))
	u, err := NewUpdater(Default().Optimizer, w.All())
	require.NoError(t, err)
	m, v := rundir.Tensor{Name: "m/x", Values: make([]float32, 2)}, rundir.Tensor{Name: "v/x", Values: make([]float32, 2)}
	assert.NoError(t, u.Restore(3, []rundir.Tensor{v, m}))
	assert.EqualError(t, u.Restore(3, nil), "the optimizer's state lacks m/x, v/x")
	assert.EqualError(t, u.Restore(3, []rundir.Tensor{m}), "the optimizer's state lacks v/x")
	assert.EqualError(t, u.Restore(3, []rundir.Tensor{{Name: "m/x", Values: make([]float32, 3)}, v}), "m/x has 3 values, want 2")
	assert.ErrorContains(t, u.Restore(3, []rundir.Tensor{m, v, {Name: "v/y"}}), "v/y is not part of this optimizer's state")
}

// A steady loop of Add and Step allocates nothing.
func TestUpdaterAllocatesNothing(t *testing.T) {
	w := graph.NewWeights(0)
	require.NoError(t, w.Add("x", []int{3 * blockSize}, make([]float32, 3*blockSize)))
	u, err := NewUpdater(Default().Optimizer, w.All())
	require.NoError(t, err)
	g := []*tensor.Dense{tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(3*blockSize))}
	shards := [][]*tensor.Dense{g, g}
	assert.Zero(t, testing.AllocsPerRun(20, func() {
		if err := u.Add(shards); err != nil {
			t.Error(err)
		}
		if _, err := u.Step(0.1); err != nil {
			t.Error(err)
		}
	}))
}

func TestUnknownOptimizer(t *testing.T) {
	_, err := New(tiny(t, "optimizer.name=adamm"), "", nil)
	assert.EqualError(t, err, `optimizer.name is "adamm": did you mean "adam"?`)
}

// scaled is a model with a (1,1) scale, which no product reads; gains that are said to have
// weight decay; and a matrix that is said to have none.
func scaled(s *layers.Scope, tokens *G.Node, vocab int) *G.Node {
	x := layers.Embedding(s.Sub("tok"), tokens, vocab, 8)
	x = s.Must(G.BroadcastHadamardProd(x, s.Param("scale", layers.Fill(1.5), 1, 1), nil, []byte{0, 1}))
	x = layers.RMSNorm(s.Sub("norm").WithDecay(true), x)
	x = layers.Linear(s.Sub("mix").WithDecay(false).WithBias(false), x, 8)
	return layers.Head(s.Sub("head"), x, vocab)
}

func init() { models.Register("scaled", "", func() models.Model { return models.Define(16, scaled) }) }

// Weight decay follows what a graph declares, not the rank, also after resuming: the losses
// of a run that was stopped are those of one that was not, to the bit.
func TestResumeKeepsWeightDecay(t *testing.T) {
	c, err := Parse("", []string{"model.name=scaled", "training.batch=5", "training.steps=30", "training.eval_every=0", "training.eval_tokens=2000",
		"training.sample=0", "optimizer.weight_decay=5", "schedule.warmup=0"})
	require.NoError(t, err)
	c.Data.Name = book.Excerpt(t, 30000)
	want := losses(t, begin(t, c, ""), 0)
	dir := filepath.Join(t.TempDir(), "run")
	got := losses(t, begin(t, c, dir), 13)
	r, err := Resume(dir, nil, nil)
	require.NoError(t, err)
	decay := map[string]bool{}
	for _, p := range r.Weights.All() {
		decay[p.Path] = p.Decay
	}
	assert.Equal(t, map[string]bool{"tok/W": true, "scale": false, "norm/gain": true, "mix/W": false, "head/W": true, "head/b": false}, decay)
	assert.Equal(t, want, append(got, losses(t, r, 0)...))
}
