//go:build linux && amd64

package main

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Programs with tile instructions run as on a processor with AMX, and invalid
// instructions are reported.
func TestPrograms(t *testing.T) {
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", dir, ".", "./testdata/tiles")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	emulator, program := filepath.Join(dir, "amxtest"), filepath.Join(dir, "tiles")
	for _, c := range []struct {
		command string
		status  int
		says    string
	}{
		{"multiply", 0, ""},
		{"child", 0, ""},
		{"time", 0, ""},
		{"sent", 0, ""},
		{"exit", 3, ""},
		{"killed", 128 + 9, ""},
		{"illegal", 2, "SIGILL: illegal instruction"},
		{"palette", statusWrong, "#GP: palette 2"},
		{"unconfigured", statusWrong, "(main.multiply, tiles_amd64.s:"},
		{"unused", statusWrong, "tilezero tmm2: #UD: tile 2 is not configured"},
		{"dimensions", statusWrong, "(16, 64) × (8, 64)"},
		{"unmapped", statusWrong, "cannot read row 15"},
	} {
		run := exec.Command(emulator, program, c.command)
		out, _ := run.CombinedOutput()
		if run.ProcessState.ExitCode() == statusSkip {
			t.Skip(string(out))
		}
		if c.command == "time" {
			t.Logf("%s", out)
		}
		assert.Equal(t, c.status, run.ProcessState.ExitCode(), "%s: %s", c.command, out)
		assert.Contains(t, string(out), c.says)
	}
	none := exec.Command(emulator, "no-such-command")
	out, _ = none.CombinedOutput()
	assert.Equal(t, statusNoStart, none.ProcessState.ExitCode())
	assert.Contains(t, string(out), "no-such-command")
	nested := exec.Command(emulator, emulator, program, "multiply")
	out, _ = nested.CombinedOutput()
	assert.Equal(t, statusSkip, nested.ProcessState.ExitCode())
	assert.Contains(t, string(out), "not permitted")
}
