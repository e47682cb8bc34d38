package data

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/record"
	"euryale/data/task"
	"euryale/data/textfile"
)

// The memory for tokenizing and batching a text does not grow with the text: 64 MB here, with one
// very long line. MEMORY_TEXT_MB sets another size; the full test uses 1024.
func TestConstantMemory(t *testing.T) {
	size := textMegabytes(t)
	path := filepath.Join(t.TempDir(), "large.txt")
	writeLarge(t, path, size)
	// Forget the heap of earlier tests, whose size is the collector's goal until its next cycle, and
	// their peak resident set (clear_refs in proc(5)).
	debug.FreeOSMemory()
	require.NoError(t, os.WriteFile("/proc/self/clear_refs", []byte("5"), 0))
	before := residentMB(t)
	_, tokens, h, err := prepared(t, path, t.TempDir(), nil, "char")
	require.NoError(t, err)
	defer tokens.Close()
	b, err := newRandomWindows(span{tokens, 0, int(h.Split)}, 12, 64, 1)
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

// textMegabytes returns the size of the text in megabytes.
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

// writeLarge writes tales of the given size, a tenth of it in one line.
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

// residentMB returns the peak resident set size (VmHWM of proc(5)).
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

// Nor does the memory for the texts of records grow with the files: 12 MB here, in each format.
func TestConstantMemoryOfRecords(t *testing.T) {
	type story struct {
		Text string `parquet:"text,zstd"`
	}
	const megabytes = 12
	text := talesText(Config{Size: 100, Level: 3, Language: "both"})
	line := jsonTexts(text)
	dir := t.TempDir()
	jsonl, columnar := filepath.Join(dir, "x.jsonl"), filepath.Join(dir, "x.parquet")
	require.NoError(t, os.WriteFile(jsonl, []byte(strings.Repeat(line, megabytes<<20/len(line))), 0o644))
	f, err := os.Create(columnar)
	require.NoError(t, err)
	w := parquet.NewGenericWriter[story](f, parquet.MaxRowsPerRowGroup(50))
	for range megabytes << 20 / len(text) {
		_, err := w.Write([]story{{text}})
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	require.NoError(t, f.Close())
	for _, path := range []string{jsonl, columnar} {
		c, err := Config{Name: path}.resolve()
		require.NoError(t, err)
		s, err := record.Open(path, c.record(), task.PartWord)
		require.NoError(t, err)
		j := &textJob{Config: c, opts: Options{Cache: t.TempDir()}, docs: newDocuments(s), text: textfile.Source{Files: s.Files}}
		debug.FreeOSMemory()
		require.NoError(t, os.WriteFile("/proc/self/clear_refs", []byte("5"), 0))
		before := residentMB(t)
		_, tokens, h, err := j.open()
		require.NoError(t, err)
		grown := residentMB(t) - before
		t.Logf("%s: %d documents, %d tokens: at most %d MB more resident", path, h.Documents, tokens.Len(), grown)
		// The ids alone would take eight bytes for each of some eight million tokens.
		assert.Less(t, grown, 60)
		assert.Greater(t, tokens.Len(), 7_500_000)
		require.NoError(t, tokens.Close())
	}
}
