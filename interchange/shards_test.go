package interchange

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What does not fit together is named, with the file.
func TestShardsRefused(t *testing.T) {
	const first, third = "model-00001-of-00003.safetensors", "model-00003-of-00003.safetensors"
	for name, c := range map[string]struct {
		change func(dir string, index map[string]string)
		want   string
	}{
		"missing file":   {func(dir string, _ map[string]string) { require.NoError(t, os.Remove(filepath.Join(dir, third))) }, third},
		"missing tensor": {func(_ string, index map[string]string) { index["more"] = first }, first + ` lacks the tensor "more"`},
		"wrong file":     {func(_ string, index map[string]string) { index["wte.weight"] = first }, `has a tensor "wte.weight", which model.safetensors.index.json expects in "` + first},
		"not in it":      {func(_ string, index map[string]string) { delete(index, "wpe.weight") }, `has a tensor "wpe.weight", which model.safetensors.index.json expects in ""`},
		"directory":      {func(_ string, index map[string]string) { index["wpe.weight"] = "../x.safetensors" }, "want a name without a directory"},
		"empty":          {func(_ string, index map[string]string) { clear(index) }, "weight_map, which names the file of each tensor, is empty or missing"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := sharded(t, edited(t, nil, nil))
			index, err := readIndex(filepath.Join(dir, "model"+indexSuffix))
			require.NoError(t, err)
			c.change(dir, index)
			writeIndex(t, dir, index)
			_, err = Read(dir, "")
			assert.ErrorContains(t, err, c.want)
		})
	}
}
