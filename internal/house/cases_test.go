package house

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// casesDir holds a folder of inputs for each fault that was reported of tools like this one.
var casesDir = filepath.Join(root, "..", "shared", "cases")

// The programs do with every folder what its expected.txt says.
func TestCases(t *testing.T) {
	entries, err := os.ReadDir(casesDir)
	if errors.Is(err, os.ErrNotExist) {
		t.Skip(err)
	}
	require.NoError(t, err)
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", bin, "./cmd/train", "./cmd/generate", "./cmd/evaluate")
	build.Dir = root
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	for _, e := range entries {
		t.Run(e.Name(), func(t *testing.T) {
			t.Parallel()
			check := checks[e.Name()]
			require.NotNil(t, check, "no check knows this folder: write one")
			assert.NoError(t, check(openFolder(t, bin, e.Name())))
		})
	}
}

// folder is a copy of a case's folder, with the programs to run in it.
type folder struct {
	dir, bin string
	t        *testing.T
}

// openFolder copies a folder, so that it can be written to. What its commands name by
// "../.." is there.
func openFolder(t *testing.T, bin, name string) *folder {
	above := t.TempDir()
	shared, err := filepath.Abs(filepath.Dir(casesDir))
	require.NoError(t, err)
	require.NoError(t, os.Symlink(filepath.Join(shared, "models"), filepath.Join(above, "models")))
	dir := filepath.Join(above, "cases", name)
	require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join(shared, "cases", name))))
	return &folder{dir, bin, t}
}

// result is what a program printed, and its exit code.
type result struct {
	out, all string // standard output, and all
	code     int
}

// command is a program with its arguments, ready to start.
func (f *folder) command(program string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(f.bin, program), args...)
	c.Dir = f.dir
	c.Env = append(os.Environ(), "XDG_CACHE_HOME="+filepath.Join(f.dir, ".cache"))
	return c
}

// run runs a program to its end.
func (f *folder) run(program string, args ...string) result {
	return f.collect(f.command(program, args...))
}

func (f *folder) collect(c *exec.Cmd) result {
	var out, all bytes.Buffer
	c.Stdout, c.Stderr = &both{&out, &all}, &all
	if err := c.Run(); err != nil {
		require.ErrorAs(f.t, err, new(*exec.ExitError))
	}
	return result{out.String(), all.String(), c.ProcessState.ExitCode()}
}

// both writes to two buffers.
type both struct{ one, other *bytes.Buffer }

func (b *both) Write(p []byte) (int, error) {
	b.one.Write(p)
	return b.other.Write(p)
}

// small trains a small model for a moment.
func (f *folder) small(args ...string) result {
	return f.run("train", append([]string{"-layers", "1", "-heads", "2", "-dim", "32", "-context", "32", "-batch", "4", "-warmup", "2",
		"-set", "training.sample=20"}, args...)...)
}

// read returns the text of a file in the folder.
func (f *folder) read(name string) string {
	raw, err := os.ReadFile(filepath.Join(f.dir, name))
	require.NoError(f.t, err)
	return string(raw)
}

// want returns an error with what is seen, unless ok.
func want(ok bool, what string, seen any) error {
	if ok {
		return nil
	}
	return fmt.Errorf("want %s: %v", what, seen)
}
