package inspect

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Any bytes are an array or an error, and numbers are as many as the shape says.
func FuzzNPY(f *testing.F) {
	f.Add([]byte("\x93NUMPY\x01\x00\x36\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}abcd"))
	f.Add([]byte("\x93NUMPY\x02\x00\x37\x00\x00\x00{'descr': '<f8', 'fortran_order': False, 'shape': (0,2)}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "a.npy")
		require.NoError(t, os.WriteFile(path, data, 0o600))
		arrays, err := readNPYFile(path)
		if err != nil {
			return
		}
		a := arrays[""]
		assert.Len(t, a.Data, a.Width()*a.Shape[0])
	})
}

func FuzzParse(f *testing.F) {
	f.Add("h1/att/head3@5,3: *= 4*a.npz")
	f.Fuzz(func(t *testing.T, text string) {
		v, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(v.String())
		require.NoError(t, err, v.String())
		assert.Equal(t, v.Path, again.Path)
		assert.Equal(t, v.Op, again.Op)
	})
}
