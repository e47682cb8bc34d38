package command

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/cli"
)

// The test binary is the command that this variable names.
const asCommand = "EURYALE_TEST_AS"

func TestMain(m *testing.M) {
	if name := os.Getenv(asCommand); name != "" {
		run := map[string]func(args []string, stdin *os.File, stdout, stderr *os.File) int{
			"train":    func(a []string, i, o, e *os.File) int { return Train(a, i, o, e) },
			"generate": func(a []string, i, o, e *os.File) int { return Generate(a, i, o, e) },
			"evaluate": func(a []string, i, o, e *os.File) int { return Evaluate(a, i, o, e) },
			"explain":  func(a []string, i, o, e *os.File) int { return Explain(a, i, o, e) },
			"serve":    func(a []string, i, o, e *os.File) int { return Serve(a, i, o, e) },
			"run":      func(a []string, i, o, e *os.File) int { return Run(a, i, o, e) },
		}[name]
		os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// process returns a command with arguments, ready to start in a directory of its own.
func process(t *testing.T, name string, args ...string) (c *exec.Cmd, stdout, stderr *bytes.Buffer) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	c = exec.Command(self, args...)
	c.Env = append(os.Environ(), asCommand+"="+name)
	c.Dir = t.TempDir()
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	c.Stdout, c.Stderr = stdout, stderr
	return c, stdout, stderr
}

// callWith runs a command to its end.
func callWith(t *testing.T, stdin, name string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	c, out, errs := process(t, name, args...)
	c.Stdin = strings.NewReader(stdin)
	if err := c.Run(); err != nil {
		require.ErrorAs(t, err, new(*exec.ExitError))
	}
	return c.ProcessState.ExitCode(), out.String(), errs.String()
}

func call(t *testing.T, name string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return callWith(t, "", name, args...)
}

// bad is a wrong call, and what is said about it.
type bad struct {
	code int
	want string
	args []string
}

// checkBad checks that what is wrong is said in one line, and that the exit code tells
// misuse from failure.
func checkBad(t *testing.T, name string, calls []bad) {
	t.Helper()
	for _, c := range calls {
		code, _, stderr := call(t, name, c.args...)
		assert.Equal(t, c.code, code, "%q: %s", c.args, stderr)
		lines := strings.Split(strings.TrimSpace(stderr), "\n")
		last := lines[len(lines)-1]
		assert.True(t, strings.HasPrefix(last, name+": "), last)
		assert.Contains(t, last, c.want)
		assert.NotContains(t, stderr, "goroutine", "a stack trace")
	}
}

// The help of each command fits one or two screens, and lists every flag.
func TestHelp(t *testing.T) {
	lines := map[string]int{"train": 48, "generate": 88, "evaluate": 48, "explain": 48, "serve": 48}
	for name, flags := range map[string]*cli.Flags{"train": newTrainOptions("").Flags, "generate": newGenerateOptions("").Flags,
		"evaluate": newEvaluateOptions().Flags, "explain": newExplainOptions().Flags, "serve": newServeOptions().Flags} {
		code, help, stderr := call(t, name, "-h")
		assert.Zero(t, code)
		assert.Empty(t, stderr)
		assert.LessOrEqual(t, strings.Count(help, "\n"), lines[name], name)
		assert.NotContains(t, help, "`")
		flags.VisitAll(func(f *flag.Flag) {
			assert.Regexp(t, `(?m)^  (-\S+( \S+)?, )*-`+f.Name+`[ ,]`, help, "%s: -%s", name, f.Name)
		})
	}
}

func TestVersion(t *testing.T) {
	for _, name := range []string{"train", "generate", "evaluate", "explain", "serve"} {
		code, stdout, stderr := call(t, name, "-version")
		assert.Zero(t, code)
		assert.Empty(t, stderr)
		assert.Regexp(t, `^euryale .+, go1\.\d+.*, \w+/\w+\narithmetic: .+ threads\n`, stdout)
	}
}

// Run calls the command that its first argument names.
func TestRun(t *testing.T) {
	code, stdout, _ := call(t, "run")
	assert.Zero(t, code)
	assert.Contains(t, stdout, "\n  evaluate   measure")
	code, stdout, _ = call(t, "run", "explain", "-h")
	assert.Zero(t, code)
	assert.Contains(t, stdout, "explain draws")
	code, _, stderr := call(t, "run", "trian")
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "there is no command trian: did you mean train?")
	code, _, stderr = call(t, "run", "generate", "-score", "a.txt")
	assert.Equal(t, 2, code)
	assert.Regexp(t, `generate: -score moved to its own command: command.test\S* evaluate -score FILE`, stderr)
	code, _, stderr = call(t, "run", "train", "-step", "3")
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "train: there is no flag -step: did you mean -steps?")
}
