package command

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Keys are made by the command, and only with parameters that their method has.
func TestNewKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key.json")
	var out, errs bytes.Buffer
	require.Zero(t, Generate([]string{"-new-key", path, "-key-method", "green-list,gamma=0.5,context=2"}, strings.NewReader(""), &out, &errs), errs.String())
	assert.Contains(t, out.String(), "green-list, context=2, gamma=0.5, delta=2")
	for want, args := range map[string][]string{
		path + " exists":                  {"-new-key", path},
		"-key-method says":                {"-key-method", "tournament"},
		`"layers=x": layers takes a`:      {"-new-key", path, "-key-method", "tournament,layers=x"},
		`"size=3", want context=`:         {"-new-key", path, "-key-method", "tournament,size=3"},
		"-new-key has no use for -tokens": {"-new-key", path, "-tokens", "3"},
	} {
		errs.Reset()
		assert.NotZero(t, Generate(args, strings.NewReader(""), &out, &errs))
		assert.Contains(t, strings.Replace(errs.String(), "-key-method tournament says", "-key-method says", 1), want)
	}
	short := filepath.Join(t.TempDir(), "short.json")
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(short, bytes.Replace(content, []byte(`"secret": "`), []byte(`"secret": "00`), 1), 0o600))
	errs.Reset()
	assert.NotZero(t, Generate([]string{"-watermark", short, "-prompt", "a"}, strings.NewReader(""), &out, &errs))
	assert.Contains(t, errs.String(), short+": the secret has 33 bytes, want 32")
	errs.Reset()
	assert.Equal(t, 2, Evaluate([]string{"-detect", path}, strings.NewReader(""), &out, &errs))
	assert.Contains(t, errs.String(), "give the key")
}

// A text that is generated with a key is found with it and not with another, and files of texts leave
// a section of the run's card.
func TestDetect(t *testing.T) {
	dir, home := newRun(t), t.TempDir()
	key, other, text, lines := filepath.Join(home, "key.json"), filepath.Join(home, "other.json"), filepath.Join(home, "text.txt"), filepath.Join(home, "texts.txt")
	for _, path := range []string{key, other} {
		code, _, stderr := call(t, "generate", "-new-key", path)
		require.Equal(t, 0, code, stderr)
	}
	code, out, stderr := call(t, "generate", "-run", dir, "-watermark", key, "-prompt", "The Rays", "-tokens", "150", "-seed", "1")
	require.Equal(t, 0, code, stderr)
	require.NoError(t, os.WriteFile(text, []byte(out), 0o600))
	svg := filepath.Join(home, "text.svg")
	code, out, stderr = call(t, "evaluate", "-run", dir, "-detect", text, "-key", key, "-svg", svg)
	require.Equal(t, 0, code, stderr)
	assert.Contains(t, out, ": found at p < 0.01")
	assert.FileExists(t, svg)
	code, out, stderr = call(t, "evaluate", "-run", dir, "-detect", text, "-key", other)
	require.Equal(t, 0, code, stderr)
	assert.Contains(t, out, ": not found at p < 0.01")

	plain := strings.Repeat("which differ in Colour differ also in Refrangibility and the other way round ", 2)
	raw, err := os.ReadFile(text)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(lines, []byte(strings.ReplaceAll(string(raw), "\n", " ")+"\n"+plain+"\nshort\n"), 0o600))
	code, out, stderr = call(t, "evaluate", "-run", dir, "-detect", lines, "-lines", "-key", key)
	require.Equal(t, 0, code, stderr)
	assert.Contains(t, out, "3 texts, of which 2 were tested (1 are too short")
	assert.Contains(t, out, "found at p < 0.01 in 1: 50.00 %")
	section, err := os.ReadFile(filepath.Join(dir, "measured", "watermark-texts-txt.json"))
	require.NoError(t, err)
	assert.Contains(t, string(section), "Watermark in texts.txt")
}
