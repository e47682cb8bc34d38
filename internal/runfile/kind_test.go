package runfile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestKind(t *testing.T) {
	for head, want := range map[string]string{
		"PK\x03\x04\x00":                     "PyTorch",
		"\x80\x02}q\x00":                     "PyTorch",
		"GGUF\x03\x00\x00\x00":               "GGUF",
		"\n\x0e\n\x05<unk>\x15\x00":          "SentencePiece",
		"\x89HDF\r\n\x1a\n":                  "HDF5",
		"24ka\x01\x00\x00\x00":               "llama2.c",
		"\x1f\x8b\x08":                       "gzip",
		"version https://git-lfs.github.c":   "git lfs pull",
		"\x02\x00\x00\x00\x00\x00\x00\x00{}": "safetensors",
	} {
		assert.Contains(t, Kind([]byte(head)), want)
	}
	for _, head := range []string{"", "P", "{\"a\": 1}", "Once upon a time", "\x07\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00<unk>", "#version: 0.2\nt h\n"} {
		assert.Empty(t, Kind([]byte(head)), "%q", head)
	}
	path := filepath.Join(t.TempDir(), "w")
	require.NoError(t, SaveTensors(path, []Tensor{{Name: "a", Shape: []int{1}, Data: []float32{1}}}, nil))
	assert.Contains(t, KindOf(path), "safetensors")
	assert.Empty(t, KindOf(path+"x"))
}

// A file larger than its kind can be is refused before it is read.
func TestReadBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	require.NoError(t, os.WriteFile(path, make([]byte, 1<<20+1), 0o666))
	_, err := ReadBounded(path, 1<<20)
	assert.EqualError(t, err, "the file has 2 MB, more than the limit of 1 MB for this kind of file")
	raw, err := ReadBounded(path, 1<<20+1)
	require.NoError(t, err)
	assert.Len(t, raw, 1<<20+1)
	_, err = ReadBounded("/dev/zero", 1<<20)
	assert.ErrorContains(t, err, "more than the limit")
}
