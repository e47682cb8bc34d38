package command

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/training"
)

// The name of a run comes from its corpus, however its path is written.
func TestNameOfARun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "my texts")
	t.Chdir(t.TempDir())
	here, err := filepath.Abs(".")
	require.NoError(t, err)
	for path, want := range map[string]string{
		"opticks": "gpt-opticks", "book.txt": "gpt-book", "in/book.txt.gz": "gpt-book", "a.b.txt": "gpt-a.b", ".": "gpt-" + filepath.Base(here),
		"./": "gpt-" + filepath.Base(here), "..": "gpt-" + filepath.Base(filepath.Dir(here)), "-": "gpt-data", "/": "gpt-data", ".hidden": "gpt-data",
		dir: "gpt-my_texts", dir + "/": "gpt-my_texts", "红楼梦.txt": "gpt-红楼梦", "a\nb.txt": "gpt-a_b",
	} {
		c := training.Default()
		c.Data.Name = path
		assert.Equal(t, want, nameOf(c), path)
	}
}
