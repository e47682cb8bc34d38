package experiment

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"euryale/data"
	"euryale/layers"
	"euryale/models"
	"euryale/training"
)

// tokens is a Batcher of random tokens.
type tokens struct{ b, t, s, vocab int }

func (r tokens) Batch(n int, b *data.Batch) error {
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	ids := func(n int) []int {
		x := make([]int, n)
		for i := range x {
			x[i] = rng.IntN(r.vocab)
		}
		return x
	}
	*b = data.Batch{B: r.b, T: r.t, S: r.s, Tokens: ids(r.b * r.t), Targets: ids(r.b * r.t), Source: ids(r.b * r.s)}
	return nil
}

func (tokens) Len() int { return 0 }

const vocab = 37

func runOf(t *testing.T, m models.Model, batch int) *training.Run {
	t.Helper()
	c := training.Default()
	m.Common().Vocab = vocab
	c.Model, c.ModelName, c.Training.Batch = m, "model", batch
	r, err := training.NewOn(c, tokens{batch, 12, models.SourceOf(m), vocab})
	require.NoError(t, err)
	return r
}

// Every registered model: the rows add up to the step; every layer that has a parameter has a row
// forward and one backward, or is part of a fused op that has, with the line of Go that
// declared it.
func TestProfileOfModels(t *testing.T) {
	for _, name := range models.Names() {
		m, err := models.New(name)
		require.NoError(t, err)
		if _, isPredictor := m.(models.Predictor); isPredictor {
			continue
		}
		t.Run(name, func(t *testing.T) {
			r := runOf(t, m, 2)
			p, err := Profile(context.Background(), r, ProfileOptions{Steps: 1, WarmUp: 1})
			require.NoError(t, err)
			assert.InEpsilon(t, p.Seconds*(1-p.Unaccounted), total(p.Rows).Seconds, 1e-6)
			assert.Less(t, p.Unaccounted, 0.5)
			seen := map[string]Row{}
			for _, row := range p.Rows {
				seen[row.Path+" "+row.Pass] = row
				assert.GreaterOrEqual(t, row.Seconds, 0.0, row.Path)
			}
			for _, param := range r.Weights.All() {
				for _, pass := range []string{Forward, Backward} {
					path := parent(param.Path)
					row, ok := seen[path+" "+pass]
					for !ok && path != "" { // a fused op has parameters in the scopes inside it
						path = parent(path)
						row, ok = seen[path+" "+pass]
					}
					if assert.True(t, ok, "no layer that has %s has a row %s: %v", param.Path, pass, p) {
						assert.Equal(t, ".go", filepath.Ext(row.File), row.Path)
						assert.Positive(t, row.Line)
					}
				}
			}
			assert.LessOrEqual(t, p.Peak, p.Planned+total(p.Rows).Memory)
			assert.Positive(t, p.Peak)
			checkSVG(t, p)
		})
	}
}

// The operations of a product, and the bytes of its operands and result, by hand: 24 rows of 5
// values times (5, 7), in both shards together.
func TestProfileOfOneProduct(t *testing.T) {
	m := models.Define(12, func(s *layers.Scope, tokens *G.Node, vocab int) *G.Node {
		x := layers.Embedding(s.Sub("词"), tokens, vocab, 5)
		return layers.Head(s.Sub("输出"), layers.Linear(s.Sub("乘"), x, 7), vocab)
	})
	p, err := Profile(context.Background(), runOf(t, m, 2), ProfileOptions{Steps: 2, WarmUp: 1})
	require.NoError(t, err)
	rows := map[string]Row{}
	for _, r := range p.Rows {
		rows[r.Path+" "+r.Pass] = r
	}
	require.Equal(t, 2, p.Shards)
	const n, in, out = 24, 5, 7
	assert.Equal(t, 2.0*n*in*out, rows["乘 forward"].Flops)
	assert.Equal(t, 2*2.0*n*in*out, rows["乘 backward"].Flops)
	assert.Equal(t, 4.0*(n*in+2*in*out+2*out+n*out), rows["乘 forward"].Bytes, "each shard reads the weights")
	assert.Equal(t, 2.0*n*out*vocab, rows["输出 forward"].Flops)
	assert.Equal(t, "profile_test.go", filepath.Base(rows["乘 forward"].File))
	assert.Contains(t, p.String(), "乘")
	checkSVG(t, p)
	checkPprof(t, p)
}

func checkSVG(t *testing.T, p *StepProfile) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(p.SVG())); ; {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
	}
}

// checkPprof reads the pprof file with its library and with go tool pprof.
func checkPprof(t *testing.T, p *StepProfile) {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, p.WritePprof(&b))
	read, err := profile.ParseData(b.Bytes())
	require.NoError(t, err)
	assert.Len(t, read.Sample, len(p.Rows))
	sum := int64(0)
	for _, s := range read.Sample {
		sum += s.Value[0]
	}
	assert.InEpsilon(t, total(p.Rows).Seconds*1e9, float64(sum), 0.01)
	file := filepath.Join(t.TempDir(), "profile.pb.gz")
	require.NoError(t, os.WriteFile(file, b.Bytes(), 0o666))
	out, err := exec.Command("go", "tool", "pprof", "-top", "-nodecount=100", "-nodefraction=0", "-sample_index=operations", "-lines", file).CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Regexp(t, `乘 .*profile_test\.go:\d+`, string(out))
}

// Times of one layer's boxes are the sums of those inside, whose widths the chart shows.
func TestFrames(t *testing.T) {
	p := &StepProfile{Model: "m", Seconds: 10, PeakRate: 1, Rows: []Row{
		{Path: "h0/att", Pass: Forward, Seconds: 1, Flops: 1e9}, {Path: "h0/att", Pass: Backward, Seconds: 2},
		{Path: "h0/att/q", Pass: Forward, Seconds: 3}, {Path: "optimizer", Pass: Step, Seconds: 1.5}, {Path: "读批次<&>", Pass: Step, Seconds: 0.5}}}
	root := p.frames()
	assert.Equal(t, 10.0, root.seconds)
	forward := root.inside[0]
	assert.Equal(t, 4.0, forward.seconds)
	assert.Equal(t, 4.0, forward.inside[0].seconds)
	assert.Equal(t, 1.0, forward.inside[0].inside[0].own)
	assert.Equal(t, 5, root.depth())
	assert.Equal(t, []string{"forward", "backward", "optimizer", "读批次<&>"}, names(root.inside))
	svg := p.SVG()
	checkSVG(t, p)
	assert.Contains(t, svg, "读批次&lt;&amp;&gt;, step: 500.000 ms")
	assert.Equal(t, 1, strings.Count(svg, "h0/att/q, forward: 3000.000 ms, 30.0 % of the step"))
	assert.Contains(t, svg, "h0/att, forward: 4000.000 ms, 40.0 % of the step; 1.0 GFLOP/s, 100 % of peak")
}

func names(frames []*frame) (all []string) {
	for _, f := range frames {
		all = append(all, f.name)
	}
	return slices.Clone(all)
}

// A model without steps is refused, and a context that has ended ends the profile.
func TestProfileErrors(t *testing.T) {
	m, err := models.New("rnn")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = Profile(ctx, runOf(t, m, 2), ProfileOptions{})
	assert.ErrorIs(t, err, context.Canceled)
	n, err := models.New("ngram")
	require.NoError(t, err)
	c := training.Default()
	c.Model = n
	_, err = Profile(context.Background(), &training.Run{Config: c}, ProfileOptions{})
	assert.ErrorContains(t, err, "has no steps")
}
