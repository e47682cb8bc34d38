package main

import (
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/kernel/matmul"
)

func TestTable(t *testing.T) {
	defer func() {
		require.NoError(t, matmul.Use("auto"))
		require.NoError(t, matmul.SetPrecision(matmul.Highest))
	}()
	var out strings.Builder
	require.NoError(t, run(1, 1, 1e-4, "8,16", &out, io.Discard))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 6)
	assert.Contains(t, lines[2], "| gonum, highest (float32) |")
	cells := strings.Count(lines[2], "|")
	for i, size := range []string{"8", "16"} {
		assert.Equal(t, cells, strings.Count(lines[4+i], "|"))
		assert.Regexp(t, regexp.MustCompile(`^\| `+size+` \| [0-9]+, [0-9]+, [0-9]+ \|`), lines[4+i])
	}
	assert.ErrorContains(t, run(1, 1, 1, "8,x", &out, io.Discard), `"x" is not a size`)
	assert.ErrorContains(t, run(0, 1, 1, "8", &out, io.Discard), "rounds = 0")
}
