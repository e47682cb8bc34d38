package runfile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestShapes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.safetensors")
	require.NoError(t, SaveTensors(path, []Tensor{{"a", []int{2, 3}, make([]float32, 6)}, {"b", []int{}, []int64{1}}}, map[string]string{"x": "y"}))
	shapes, err := Shapes(path)
	require.NoError(t, err)
	assert.Equal(t, map[string][]int{"a": {2, 3}, "b": {}}, shapes)
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, raw[:len(raw)-1], 0o666))
	_, err = Shapes(path)
	assert.ErrorContains(t, err, "it is truncated")
	_, err = Shapes(filepath.Dir(path))
	assert.ErrorContains(t, err, "not a regular file")
}
