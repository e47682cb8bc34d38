package checkout

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// project writes a checkout of two source files, and sets Built to their checksums.
func project(t *testing.T) (root string) {
	root = t.TempDir()
	for _, pkg := range packages {
		require.NoError(t, os.Mkdir(filepath.Join(root, pkg), 0o755))
	}
	write(t, root, "go.mod", "module euryale\n\ngo 1.26\n")
	write(t, root, "layers/linear.go", "package layers\n")
	write(t, root, "models/gpt.go", "package models\n")
	var err error
	Built, err = Sums(root)
	require.NoError(t, err)
	require.Len(t, Built, 2)
	t.Cleanup(func() { Built = nil })
	return root
}

func write(t *testing.T, root, name, text string) {
	require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o644))
}

func TestKernelOfThisCheckout(t *testing.T) {
	root := project(t)
	require.NoError(t, compare(root, runtime.Version()))
	require.NoError(t, compare(root, ""), "without go on PATH versions are not compared")
	write(t, root, "models/gpt_test.go", "package models\n")
	assert.NoError(t, compare(root, ""), "tests are not linked in")
}

func TestOlderKernelNamesWhatDiffers(t *testing.T) {
	root := project(t)
	write(t, root, "models/gpt.go", "package models // edited\n")
	assert.ErrorContains(t, compare(root, ""), "an older checkout: 1 files differ (models/gpt.go): run notebooks/kernel/build.sh again")
	write(t, root, "data/new.go", "package data\n")
	require.NoError(t, os.Remove(filepath.Join(root, "layers/linear.go")))
	assert.ErrorContains(t, compare(root, ""), "3 files differ (data/new.go, layers/linear.go, models/gpt.go)")
}

func TestKernelOfAnotherGo(t *testing.T) {
	assert.ErrorContains(t, compare(project(t), "go1.99"), "go on PATH is go1.99: run notebooks/kernel/build.sh again")
}

func TestRootIsFoundFromBelow(t *testing.T) {
	root := project(t)
	t.Chdir(filepath.Join(root, "models"))
	found, err := Root()
	require.NoError(t, err)
	assert.Equal(t, root, found)
	t.Chdir(t.TempDir())
	_, err = Root()
	assert.ErrorContains(t, err, "not in a checkout of the project")
}
