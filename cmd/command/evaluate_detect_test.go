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
