package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAttention(t *testing.T) {
	dir, file := newRun(t), filepath.Join(t.TempDir(), "att.svg")
	code, text, stderr := call(t, "", "-run", dir, "-prompt", "Rays", "-tokens", "5", "-attention", file, "-layer", "h0/att")
	require.Equal(t, 0, code, stderr)
	assert.Len(t, text, len("Rays")+5+1, "the continuation is printed as usual")
	svg, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Contains(t, string(svg), ">h0/att head 2<")

	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-attention", file, "-layer", "h0/at"}, 1, `no attention layer is called "h0/at"; near it: ["h0/att"]`},
		{[]string{"-attention", "att.png"}, 2, "want a name that ends in .svg"},
		{[]string{"-layer", "h0/att"}, 2, "it says what -attention draws"},
		{[]string{"-attention", file, "-interactive"}, 2, "give it with -prompt"},
	} {
		code, _, stderr := call(t, "", append([]string{"-run", dir, "-tokens", "1"}, c.args...)...)
		assert.Equal(t, c.code, code, stderr)
		assert.Contains(t, stderr, c.want)
	}
}
