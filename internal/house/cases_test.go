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

// pending are the folders whose faults are still there, and why. One that is mended must be
// taken off.
var pending = map[string]string{
	"01-llama2c-tokenizer-answers":   "llama2.c's tokenizer puts <s> before every answer",
	"02-llama2c-tokenizer-chunks":    "llama2.c's tokenizer puts <s> before every chunk of a text",
	"03-llama2c-tokenizer-mask":      "llama2.c's tokenizer puts <s> between the parts of a masked prompt",
	"04-seed-minus-one":              "-seed -1 is written as a number that is not read again",
	"07-accumulate-mean-of-means":    "accumulation takes the mean of means",
	"08-two-runs-one-directory":      "directories of runs are not taken atomically",
	"13-symlinked-text-directory":    "symbolic links are passed over",
	"14-utf16-trained-silently":      "encodings are not recognised",
	"15-bom-in-text":                 "a byte-order mark is a token",
	"16-first-row-begins-with-hash":  "a first row that begins with # is taken for names of columns",
	"19-wrong-line-of-toml":          "a value of a wrong type is not named by its line",
	"22-trains-on-its-own-samples":   "files of runs below a corpus are read",
	"23-describe-crashes-for-memory": "memory is claimed before its size is checked",
}

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
			wrong := check(openFolder(t, bin, e.Name()))
			if why := pending[e.Name()]; why != "" {
				assert.Error(t, wrong, "it is mended: take it off pending (%s)", why)
				t.Logf("pending: %s: %v", why, wrong)
				return
			}
			assert.NoError(t, wrong)
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
