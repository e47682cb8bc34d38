package training

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every committed configuration is one that a run accepts.
func TestCommittedConfigs(t *testing.T) {
	paths, err := filepath.Glob("../configs/*.toml")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		c, err := Parse(path, nil)
		if assert.NoError(t, err, path) {
			c.Model.Common().Vocab = 100 // the tokenizer's to set
			assert.NoError(t, c.Check(), path)
			assert.NoError(t, c.Model.Check(), path)
		}
	}
}
