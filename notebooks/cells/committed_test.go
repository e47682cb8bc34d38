package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Committed notebooks have their pictures as images, which are shown without trust and which
// nbconvert keeps, and both languages have the same.
func TestCommittedPictures(t *testing.T) {
	notebooks, err := filepath.Glob("../*.zh-CN.ipynb")
	require.NoError(t, err)
	require.NotEmpty(t, notebooks)
	all := 0
	for _, zh := range notebooks {
		pictures := func(path string) int {
			raw, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.NotContains(t, string(raw), `"image/svg+xml":`, path)
			return strings.Count(string(raw), "data:image/svg+xml;base64,")
		}
		n := pictures(zh)
		all += n
		assert.Equal(t, n, pictures(strings.Replace(zh, ".zh-CN", "", 1)), zh)
	}
	assert.Positive(t, all)
}
