package openblas

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestOpenFails tries a missing library, a file that is not a library, and a library
// without the products.
func TestOpenFails(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("names of Linux libraries")
	}
	_, err := open([]string{"libnosuchblas.so.7"})
	require.Error(t, err)
	assert.Contains(t, err.Error(), "libnosuchblas.so.7")
	assert.Contains(t, err.Error(), "install it")
	assert.NotContains(t, err.Error(), "\n")
	text := filepath.Join(t.TempDir(), "libtext.so")
	require.NoError(t, os.WriteFile(text, []byte("not a library"), 0o600))
	_, err = open([]string{text, "libc.so.6"})
	require.Error(t, err)
	assert.Contains(t, err.Error(), "libtext.so")
	assert.Contains(t, err.Error(), "libc.so.6: no symbol sgemm_")
}
