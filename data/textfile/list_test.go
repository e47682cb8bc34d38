package textfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// listed lists dir by paths relative to it.
func listed(t *testing.T, dir string) (files, notes []string) {
	t.Helper()
	all, notes, err := List(dir)
	require.NoError(t, err)
	for _, path := range all {
		relative, err := filepath.Rel(dir, path)
		require.NoError(t, err)
		files = append(files, filepath.ToSlash(relative))
	}
	for i := range notes {
		notes[i] = strings.TrimPrefix(notes[i], dir+": skipped ")
	}
	return files, notes
}

func makeFiles(t *testing.T, dir string, files ...string) {
	t.Helper()
	for _, name := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(name), 0o644))
	}
}

func link(t *testing.T, to, at string) {
	t.Helper()
	if err := os.Symlink(to, at); err != nil {
		t.Skip(err)
	}
}

func TestListFollowsLinks(t *testing.T) {
	root := t.TempDir()
	makeFiles(t, root, "dir/a.txt", "dir/deep/c.md.gz", "mix/b.txt")
	link(t, "dir", filepath.Join(root, "link"))
	link(t, "../dir", filepath.Join(root, "mix/inner"))
	files, notes := listed(t, filepath.Join(root, "link"))
	assert.Equal(t, []string{"a.txt", "deep/c.md.gz"}, files, "a link is read like its directory")
	assert.Empty(t, notes)
	files, notes = listed(t, filepath.Join(root, "mix"))
	assert.Equal(t, []string{"b.txt", "inner/a.txt", "inner/deep/c.md.gz"}, files)
	assert.Empty(t, notes)
}

// Each file is read once, by its own path where there is one, and circles end.
func TestListReadsEachFileOnce(t *testing.T) {
	root := t.TempDir()
	makeFiles(t, root, "z/a.txt", "z/b.txt")
	link(t, "z", filepath.Join(root, "again"))
	link(t, "..", filepath.Join(root, "z/up"))
	link(t, "a.txt", filepath.Join(root, "z/0.txt"))
	link(t, "self.txt", filepath.Join(root, "self.txt"))
	link(t, "nothing", filepath.Join(root, "gone.txt"))
	files, notes := listed(t, root)
	assert.Equal(t, []string{"z/a.txt", "z/b.txt"}, files)
	assert.Equal(t, []string{"2 symbolic links that lead nowhere", "3 symbolic links to what was read already"}, notes)
}

func TestListCountsWhatItSkips(t *testing.T) {
	root := t.TempDir()
	makeFiles(t, root, "a.txt", "b.html", "c.jsonl", "sub/d.html", "LICENSE", "e.text")
	files, notes := listed(t, root)
	assert.Equal(t, []string{"a.txt", "e.text"}, files)
	assert.Equal(t, []string{"4 files that are not .txt, .md, .text (2 .html, 1 without extension, 1 .jsonl)"}, notes)
	_, _, err := List(filepath.Join(root, "sub"))
	assert.ErrorContains(t, err, "has no text files: the extensions are .txt, .md, .text, optionally with .gz or .zst; ")
	assert.ErrorContains(t, err, "skipped 1 files that are not .txt, .md, .text (1 .html)")
}
