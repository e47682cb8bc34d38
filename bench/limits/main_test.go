package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTable(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(1, &out))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	assert.Equal(t, []string{"| limit | unit | 1 |", "| --- | --- | --- |"}, lines[:2])
	assert.Regexp(t, `^\| float32 \| GFLOP/s \| [0-9.]+ \|$`, lines[2])
	assert.Regexp(t, `^\| reads \| GB/s \| [0-9.]+ \|$`, lines[len(lines)-1])
	assert.ErrorContains(t, run(0, &out), "threads = 0: want at least 1")
}
