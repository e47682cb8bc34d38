package interchange

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
	"euryale/internal/runfile"
	"euryale/layers/graph"
	"euryale/models"
)

// letters is the file of a tokenizer with the 24 ids of testdata/reference.
func letters(t testing.TB) string {
	t.Helper()
	tk, err := tokenizer.CharsOf(strings.Split("abcdefghijklmnopqrstuvwx", ""))
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "letters.json")
	require.NoError(t, tk.Save(path))
	return path
}

// references returns the paths of all models of testdata/reference.py.
func references(t testing.TB) (paths []string) {
	t.Helper()
	all, err := filepath.Glob("testdata/reference/*/logits.json")
	require.NoError(t, err)
	require.Len(t, all, 7)
	for _, path := range all {
		path = filepath.Dir(path)
		if bin := filepath.Join(path, "model.bin"); exists(bin) {
			path = bin
		}
		paths = append(paths, path)
	}
	return paths
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

// logits returns the logits of a model over a sequence.
func logits(t *testing.T, m *Imported, ids []int) []float64 {
	t.Helper()
	p, err := models.Score(m.Model, m.Weights, graph.Frame{B: 1, T: len(ids)}, "logits")
	require.NoError(t, err)
	require.NoError(t, p.Run(graph.Feed{Tokens: ids}))
	return p.Float64s("logits")
}

// The logits are those that PyTorch computes with the same numbers, whatever their precision.
func TestReferences(t *testing.T) {
	for _, path := range references(t) {
		t.Run(path, func(t *testing.T) {
			var want struct {
				IDs    []int
				Logits []float64
			}
			dir := path
			if filepath.Ext(path) == ".bin" {
				dir = filepath.Dir(path)
			}
			raw, err := os.ReadFile(filepath.Join(dir, "logits.json"))
			require.NoError(t, err)
			require.NoError(t, json.Unmarshal(raw, &want))
			m, err := Read(path, letters(t))
			require.NoError(t, err)
			assert.InDeltaSlice(t, want.Logits, logits(t, m, want.IDs), 1e-4)
		})
	}
}

// Every kind of model that is written and read again is what it was, to the bit, and so are the
// tensors of the file.
func TestExportIsTheInverse(t *testing.T) {
	for _, path := range references(t) {
		t.Run(path, func(t *testing.T) {
			m, err := Read(path, letters(t))
			require.NoError(t, err)
			dir := filepath.Join(t.TempDir(), "out")
			_, err = Write(dir, m)
			require.NoError(t, err)
			again, err := Read(dir, letters(t))
			require.NoError(t, err)
			assert.Equal(t, m.Model, again.Model)
			require.Equal(t, len(m.Weights.All()), len(again.Weights.All()))
			for _, p := range m.Weights.All() {
				assert.Equal(t, p.Float32(), again.Weights.Get(p.Path).Float32(), p.Path)
			}
			if filepath.Ext(path) == ".bin" {
				return
			}
			written, _, err := runfile.LoadTensors(filepath.Join(dir, weightsFile))
			require.NoError(t, err)
			files, err := openShards(weightsIn(path))
			require.NoError(t, err)
			defer files.close()
			for _, x := range written {
				want := files.tensors[x.Name]
				require.Equal(t, want.shape, x.Shape, x.Name)
				v, err := want.read()
				require.NoError(t, err)
				assert.Equal(t, v, x.Data, x.Name)
			}
		})
	}
}
