package main

import (
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/book"
)

// -graph draws what training would run, and leaves no run behind.
func TestGraph(t *testing.T) {
	dir := t.TempDir()
	excerpt := book.Excerpt(t, 20000)
	for _, name := range []string{"gpt.svg", "gpt.dot"} {
		code, stdout, stderr := call(t, small("-data", excerpt, "-graph", filepath.Join(dir, name))...)
		require.Equal(t, 0, code, stderr)
		assert.Empty(t, stdout)
		assert.Contains(t, stderr, name)
	}
	svg, err := os.ReadFile(filepath.Join(dir, "gpt.svg"))
	require.NoError(t, err)
	for d := xml.NewDecoder(strings.NewReader(string(svg))); ; {
		if _, err := d.Token(); err == io.EOF {
			break
		} else {
			require.NoError(t, err)
		}
	}
	assert.Contains(t, string(svg), "∂ h0/att")
	dot, err := os.ReadFile(filepath.Join(dir, "gpt.dot"))
	require.NoError(t, err)
	assert.Contains(t, string(dot), `"cluster h0"`)

	under := filepath.Join(dir, "att.dot")
	code, _, stderr := call(t, small("-data", excerpt, "-graph", under, "-graph-under", "h0/att")...)
	require.Equal(t, 0, code, stderr)
	layers, err := os.ReadFile(under)
	require.NoError(t, err)
	assert.NotContains(t, string(layers), "mlp")
	code, _, stderr = call(t, small("-data", excerpt, "-graph", under, "-graph-under", "h0/att", "-graph-ops")...)
	require.Equal(t, 0, code, stderr)
	ops, err := os.ReadFile(under)
	require.NoError(t, err)
	assert.NotContains(t, string(ops), "mlp")
	boxes := func(dot []byte) int { return strings.Count(string(dot), "[label=") - strings.Count(string(dot), "->") }
	assert.Greater(t, boxes(ops), boxes(layers), "a box for each op")
	code, _, stderr = call(t, small("-data", excerpt, "-graph", under, "-graph-under", "h0/atn")...)
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, `no layer computes "h0/atn"; similar names: ["h0/att"`)

	code, _, stderr = call(t, "-graph", "gpt.png")
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "-graph gpt.png: want a name that ends in .svg or .dot")
}
