package ngram

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/runfile"
)

func TestSaveAndLoad(t *testing.T) {
	m := counted(t, 9, 4, random(9, 300, 2))
	path := filepath.Join(t.TempDir(), "weights.safetensors")
	require.NoError(t, m.Save(path))
	again, err := Load(path)
	require.NoError(t, err)
	assert.Equal(t, m, again)
}

func TestLoadRefuses(t *testing.T) {
	grams := func(rows int, ids ...int32) runfile.Tensor {
		return runfile.Tensor{Name: "grams/1", Shape: []int{rows, len(ids) / rows}, Data: ids}
	}
	counts := func(c ...int32) runfile.Tensor {
		return runfile.Tensor{Name: "counts/1", Shape: []int{len(c)}, Data: c}
	}
	good := map[string]string{"format": "euryale-ngram", "version": "1", "vocab": "5", "order": "1"}
	with := func(key, value string) map[string]string {
		m := map[string]string{}
		for k, v := range good {
			m[k] = v
		}
		m[key] = value
		return m
	}
	for want, c := range map[string]struct {
		ts   []runfile.Tensor
		meta map[string]string
	}{
		"it is not an n-gram model":                      {[]runfile.Tensor{grams(1, 0), counts(1)}, with("format", "x")},
		`vocab is "no"`:                                  {[]runfile.Tensor{grams(1, 0), counts(1)}, with("vocab", "no")},
		`order is "2" with 2 tensors`:                    {[]runfile.Tensor{grams(1, 0), counts(1)}, with("order", "2")},
		"1-grams: 2 ids and 1 counts":                    {[]runfile.Tensor{grams(2, 0, 1), counts(1)}, good},
		"row 0 has id 5 at position 0, want 0 to 4":      {[]runfile.Tensor{grams(1, 5), counts(1)}, good},
		"row 1 has count 0":                              {[]runfile.Tensor{grams(2, 0, 1), counts(1, 0)}, good},
		"row 1 does not come after row 0: the rows must": {[]runfile.Tensor{grams(2, 1, 1), counts(1, 1)}, good},
	} {
		path := filepath.Join(t.TempDir(), "w.safetensors")
		require.NoError(t, runfile.SaveTensors(path, c.ts, c.meta))
		_, err := Load(path)
		assert.ErrorContains(t, err, want)
	}
}

// Whatever numbers a file holds, they are a model whose probabilities add up to one, or
// an error.
func FuzzRead(f *testing.F) {
	f.Add([]byte{0, 1, 2, 0, 1, 1, 2}, []byte{1, 2, 3, 4})
	f.Fuzz(func(t *testing.T, grams, counts []byte) {
		wide := func(b []byte) (v []int32) {
			for _, x := range b {
				v = append(v, int32(x)-1)
			}
			return v
		}
		g, c := wide(grams), wide(counts)
		n := len(g) / 3
		k := min(n, len(c))
		m, err := read([]runfile.Tensor{
			{Name: "grams/1", Data: g[:n]}, {Name: "counts/1", Data: c[:k]},
			{Name: "grams/2", Data: g[n : n+2*n]}, {Name: "counts/2", Data: c[:k]},
		}, map[string]string{"format": "euryale-ngram", "version": "1", "vocab": "9", "order": "2"})
		if err != nil {
			return
		}
		sum := 0.0
		for w := range 9 {
			lp, err := m.LogProb([]int{1}, w)
			require.NoError(t, err)
			sum += math.Exp(lp)
		}
		require.InDelta(t, 1, sum, 1e-9)
	})
}
