package mapped

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// floats returns a file of n float32 0, 1, 2 … after a byte that puts them out of line if odd is
// set, and its path.
func floats(t *testing.T, n int, odd bool) (m *File, path string) {
	t.Helper()
	var b []byte
	if odd {
		b = append(b, 0)
	}
	for i := range n {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(i)))
	}
	path = filepath.Join(t.TempDir(), "floats")
	require.NoError(t, os.WriteFile(path, b, 0o666))
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	m, err = Open(f, len(b))
	require.NoError(t, err)
	return m, path
}

func TestValues(t *testing.T) {
	m, path := floats(t, 5000, false)
	v := Values[float32](m, 4, 4999)
	require.Len(t, v, 4999)
	assert.Equal(t, float32(1), v[0])
	assert.Equal(t, float32(4999), v[4998])
	assert.Empty(t, Values[uint16](m, 0, 0))

	v[0] = -7 // in memory only
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, math.Float32bits(1), binary.LittleEndian.Uint32(raw[4:]))
	require.NoError(t, m.Close())
	require.NoError(t, m.Close(), "again")

	odd, _ := floats(t, 3, true)
	assert.Nil(t, Values[float32](odd, 1, 3), "values that are not aligned cannot be used in place")
	require.NoError(t, odd.Close())

	empty, _ := floats(t, 0, false)
	assert.Empty(t, empty.Bytes())
	require.NoError(t, empty.Close())
}

// Dropped pages are read again; those that hold anything else than the values remain.
func TestDrop(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "js" {
		t.Skip("files are read, not mapped")
	}
	m, _ := floats(t, 5000, false)
	defer m.Close()
	v := Values[float32](m, 0, 5000)
	v[0], v[2000], v[4999] = -1, -1, -1
	Drop(v[1:4998])
	assert.Equal(t, []float32{-1, 2000, -1}, []float32{v[0], v[2000], v[4999]})
	m.Drop()
	assert.Equal(t, []float32{0, 2000, 4999}, []float32{v[0], v[2000], v[4999]})
	other := []float32{1, 2}
	Drop(other)
	Drop(other[:0])
	assert.Equal(t, []float32{1, 2}, other)
}

// A use of pages that a file no longer has is a panic, of which Fault names the file.
func TestFault(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "js" {
		t.Skip("files are read, not mapped")
	}
	m, path := floats(t, 1<<20, false)
	defer m.Close()
	v := Values[float32](m, 0, 1<<20)
	require.NoError(t, os.Truncate(path, 4096))
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	fault := func(i int) (err error) {
		defer func() { err = Fault(recover()) }()
		v[0] = v[i]
		return nil
	}
	assert.NoError(t, fault(1000))
	assert.ErrorContains(t, fault(1<<19), path+" cannot be read any more")
	assert.NoError(t, Fault("another panic"))
	assert.NoError(t, Fault(nil))
}
