package runfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func content(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

// onlyFile requires that name, with the given content, is the only file in dir: no temporary
// file is left.
func onlyFile(t *testing.T, dir, name, want string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	assert.Equal(t, name, entries[0].Name())
	got, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	assert.Equal(t, want, string(got))
}

func TestWriteAtomicReplaces(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config.toml")
	require.NoError(t, WriteAtomic(path, content("first, and longer")))
	require.NoError(t, WriteAtomic(path, content("second")))
	onlyFile(t, dir, "config.toml", "second")
}

func TestWriteAtomicKeepsOldContentOnFailure(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "weights")
	require.NoError(t, WriteAtomic(path, content("old")))
	broken := errors.New("write error")
	err := WriteAtomic(path, func(w io.Writer) error {
		if err := content(strings.Repeat("new", 1<<17))(w); err != nil { // more than the buffer
			return err
		}
		return broken
	})
	require.ErrorIs(t, err, broken)
	assert.ErrorContains(t, err, path)
	onlyFile(t, dir, "weights", "old")
}

func TestWriteAtomicMissingDirectory(t *testing.T) {
	err := WriteAtomic(filepath.Join(t.TempDir(), "no", "such"), content("x"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// The full disk is simulated by /dev/full, to which every write fails: a file-size limit would
// apply to the whole test process.
func TestWriteAllFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("this system has no /dev/full")
	}
	defer full.Close()
	assert.ErrorIs(t, writeAll(full, content("x")), syscall.ENOSPC)
}

// Sweep removes the temporary files of a killed process, and no others.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	f, err := createBeside(filepath.Join(dir, "weights.safetensors"))
	require.NoError(t, err)
	require.NoError(t, f.Close())
	for _, name := range []string{"weights.safetensors", ".hidden", "notes.tmp"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o666))
	}
	require.NoError(t, Sweep(dir))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, left, 3)
	assert.NoFileExists(t, f.Name())
}
