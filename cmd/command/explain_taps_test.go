package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/runfile"
)

func TestExplainSavesTaps(t *testing.T) {
	dir, file := newRun(t), filepath.Join(t.TempDir(), "att.safetensors")
	code, text, stderr := call(t, "explain", "-run", dir, "-prompt", "Rays", "-tokens", "3", "-tap", "h*/att/weights", "-tap", "logits", "-tap-out", file)
	require.Equal(t, 0, code, stderr)
	assert.Len(t, text, len("Rays")+3+1)
	shapes, err := runfile.Shapes(file)
	require.NoError(t, err)
	assert.Equal(t, []int{7, 2, 7}, shapes["h0/att/weights"])
	assert.Equal(t, []int{7}, shapes["tokens"])
	assert.Contains(t, stderr, "values over 7 tokens are in "+file)
}

func TestExplainIntervenes(t *testing.T) {
	dir, file := newRun(t), filepath.Join(t.TempDir(), "text.txt")
	require.NoError(t, os.WriteFile(file, []byte("The Rays of Light"), 0o600))
	score := func(args ...string) []string {
		code, out, stderr := call(t, "explain", append([]string{"-run", dir, "-score", file}, args...)...)
		require.Equal(t, 0, code, stderr)
		return strings.Split(strings.TrimSpace(out), "\n")
	}
	clean := score()
	assert.Equal(t, "16 tokens", clean[0])
	assert.Len(t, clean, 2, "without interventions there is one loss")
	same := score("-intervene", "h*/att *= 1")
	assert.Equal(t, clean[1], same[1])
	assert.True(t, strings.HasSuffix(same[2], "with interventions (+0.0000)"), same[2])
	changed := score("-intervene", "logits *= 0") // all tokens are equally likely
	assert.True(t, strings.HasPrefix(changed[2], "4."), changed[2])
	code, text, stderr := call(t, "explain", "-run", dir, "-prompt", "Rays", "-tokens", "5", "-intervene", "logits = 0")
	require.Equal(t, 0, code, stderr)
	assert.Equal(t, text[4], text[8], "the first token of the vocabulary follows always")
	assert.Contains(t, stderr, "without interventions: Rays")
	assert.NotContains(t, stderr, "without interventions: "+text)
	code, _, stderr = call(t, "explain", "-run", dir, "-prompt", "Rays", "-patch-from", "Says", "-intervene", "h0/resid@1 = patch")
	assert.Equal(t, 0, code, stderr)
}

func TestExplainRefusesInterventions(t *testing.T) {
	dir, file := newRun(t), filepath.Join(t.TempDir(), "text.txt")
	require.NoError(t, os.WriteFile(file, []byte(strings.Repeat("The Rays of Light", 20)), 0o600))
	with := func(args ...string) []string { return append([]string{"-run", dir, "-prompt", "Rays"}, args...) }
	checkBad(t, "explain", []bad{
		{2, "give -tap-out FILE.npz", with("-tap", "h0")},
		{2, "give -tap PATTERN", with("-tap-out", "a.npz")},
		{2, "a.txt: want a name that ends in .npz or .safetensors", with("-tap", "h0", "-tap-out", "a.txt")},
		{2, "give -prompt TEXT", []string{"-tap", "h0", "-tap-out", "a.npz"}},
		{2, "is not PATH[@POSITIONS] OP VALUE", with("-intervene", "h0")},
		{2, "give -prompt TEXT and -patch-from TEXT", with("-intervene", "h0 = patch")},
		{1, `no layer computes "h0/at"; near it: ["h0/att"`, with("-tap", "h0/at", "-tap-out", "a.npz")},
		{1, `the intervention "h0@30 *= 0": position 30 is outside the text, whose positions are 0 to 23`, with("-intervene", "h0@30 *= 0")},
		{1, "the prompt has 4 tokens and the one of the patch 5", with("-patch-from", "aRays", "-intervene", "h0 = patch")},
		{1, "in which the positions of \"h0@3 *= 0\" would be others", []string{"-run", dir, "-score", file, "-intervene", "h0@3 *= 0"}},
	})
}
