package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Two variants are timed, trained and compared.
func TestAblate(t *testing.T) {
	defer func(all []variant) { variants = all }(variants)
	variants = []variant{variants[0], {"without QK-norm", []string{"model.qk_norm=false"}}}
	dir := t.TempDir()
	config, text := filepath.Join(dir, "tiny.toml"), filepath.Join(dir, "text.txt")
	require.NoError(t, os.WriteFile(text, []byte(strings.Repeat("A text to learn, letter by letter.\n", 60)), 0o644))
	require.NoError(t, os.WriteFile(config, []byte("[model]\nname = \"modern\"\nlayers = 1\nheads = 2\ndim = 8\ncontext = 8\n[data]\nname = \""+text+"\"\n[training]\nbatch = 2\n"+
		"[schedule]\nwarmup = 2\n"), 0o644))
	var out bytes.Buffer
	require.NoError(t, ablate(context.Background(), &out, filepath.Join(dir, "runs"), config, 60*time.Millisecond, 2))
	rows := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, rows, 4)
	assert.Contains(t, rows[2], "| all of it |")
	assert.Regexp(t, `\| without QK-norm \|.*[+-]\d\.\d+ ± \d`, rows[3])
}
