package data

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A corpus is prepared and dealt in memory that does not grow with it: 64 MB here, and a line
// without breaks among it. MEMORY_TEXT_MB sets another size; 1024 is the full one.
func TestConstantMemory(t *testing.T) {
	size := textMegabytes(t)
	path := filepath.Join(t.TempDir(), "large.txt")
	writeLarge(t, path, size)
	// Forget how much earlier tests had resident at most (clear_refs in proc(5)).
	require.NoError(t, os.WriteFile("/proc/self/clear_refs", []byte("5"), 0))
	before := residentMB(t)
	_, tokens, h, err := prepared(t, path, t.TempDir(), nil, "char")
	require.NoError(t, err)
	defer tokens.Close()
	b, err := newRandomWindows(stretch{tokens, 0, int(h.Split)}, 12, 64, 1)
	require.NoError(t, err)
	var batch Batch
	for n := range 2000 {
		require.NoError(t, b.Batch(n, &batch))
	}
	grown := residentMB(t) - before
	t.Logf("%d MB of text, %d tokens: at most %d MB more resident", size, tokens.Len(), grown)
	// The ids alone would take eight bytes for each of some 700,000 tokens a megabyte.
	assert.Less(t, grown, min(500, 100+size))
}

// textMegabytes is the size of the text that constant memory is tested with.
func textMegabytes(t *testing.T) int {
	t.Helper()
	text := os.Getenv("MEMORY_TEXT_MB")
	if text == "" {
		return 64
	}
	size, err := strconv.Atoi(text)
	require.NoError(t, err)
	return size
}

// writeLarge writes so many megabytes of tales, with one line of a tenth of it.
func writeLarge(t *testing.T, path string, megabytes int) {
	t.Helper()
	f, err := os.Create(path)
	require.NoError(t, err)
	w := bufio.NewWriter(f)
	text := talesText(Config{Size: 1000, Level: 3, Language: "both"})
	written, size := 0, megabytes<<20
	put := func(s string) {
		n, err := w.WriteString(s)
		require.NoError(t, err)
		written += n
	}
	for written < size/10 {
		put(strings.ReplaceAll(text, "\n", ""))
	}
	for written < size {
		put(text)
	}
	require.NoError(t, w.Flush())
	require.NoError(t, f.Close())
}

// residentMB is the largest resident set so far, from the kernel (VmHWM of proc(5)).
func residentMB(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	for line := range strings.Lines(string(status)) {
		var kb int
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kb); err == nil {
			return kb >> 10
		}
	}
	t.Fatal("no VmHWM in /proc/self/status")
	return 0
}
