package page

import (
	"context"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/generation/browser"
	"euryale/models"
	"euryale/training"
)

// get asks the handler.
func get(method, path string) *http.Response {
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w.Result()
}

func TestHandler(t *testing.T) {
	for path, kind := range map[string]string{"/": "text/html; charset=utf-8", "/page.css": "text/css; charset=utf-8", "/page.js": "text/javascript; charset=utf-8",
		"/backend.js": "text/javascript; charset=utf-8"} {
		r := get(http.MethodGet, path)
		assert.Equal(t, http.StatusOK, r.StatusCode, path)
		assert.Equal(t, kind, r.Header.Get("Content-Type"), path)
		assert.Equal(t, "nosniff", r.Header.Get("X-Content-Type-Options"), path)
	}
	for _, path := range []string{"/worker.js", "/files/page.js", "/..%2fpage.go", "/nothing"} {
		assert.Equal(t, http.StatusNotFound, get(http.MethodGet, path).StatusCode, path)
	}
	assert.Equal(t, http.StatusMethodNotAllowed, get(http.MethodPost, "/").StatusCode)
}

// The page names files that it has, by relative paths, and none elsewhere.
func TestReferences(t *testing.T) {
	have := append([]string{backend}, shared...)
	for _, name := range append([]string{"http.js", "local.js"}, shared...) {
		text, err := fs.ReadFile(files(), name)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`(?:src|href|from|import)[= ]"([^"#]+)"`).FindAllStringSubmatch(string(text), -1) {
			if !strings.HasPrefix(m[1], "data:") {
				assert.Contains(t, have, strings.TrimPrefix(m[1], "./"), name)
			}
		}
	}
}

// Both languages have the same words, and all that the page asks for.
func TestWords(t *testing.T) {
	text, err := fs.ReadFile(files(), "words.js")
	require.NoError(t, err)
	english, chinese, ok := strings.Cut(string(text), "\n  zh: {")
	require.True(t, ok)
	key := regexp.MustCompile(`[{,\s]"?(\w+)"?: ["\[]`)
	keys := func(text string) (all []string) {
		for _, m := range key.FindAllStringSubmatch(text, -1) {
			all = append(all, m[1])
		}
		return all
	}
	chinese, _, _ = strings.Cut(chinese, "\n};")
	assert.Equal(t, keys(english), keys(chinese))
	for _, name := range shared {
		text, err := fs.ReadFile(files(), name)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`(?:data-say|data-label)="(\w+)"|\bsay\("(\w+)"\)`).FindAllStringSubmatch(string(text), -1) {
			assert.Contains(t, keys(english), m[1]+m[2], name)
		}
	}
}

// saved returns a run's model of initial weights.
func saved(t *testing.T) *training.Saved {
	t.Helper()
	run := filepath.Join(t.TempDir(), "run")
	s, err := training.Import("../../interchange/testdata/gpt2", "", run)
	require.NoError(t, err)
	return s
}

// goTool puts a go command in PATH that does what a script says.
func goTool(t *testing.T, script string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the command is a shell script")
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go"), []byte("#!/bin/sh\n"+script), 0o777))
	t.Setenv("PATH", dir+":/usr/bin:/bin")
}

// An exported page has all its files. What is in the way, or fails, is an error, and leaves nothing.
func TestExport(t *testing.T) {
	s, ctx := saved(t), context.Background()
	root := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(root, "lib/wasm"), 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(root, "lib/wasm/wasm_exec.js"), []byte("go"), 0o666))
	goTool(t, `case $1 in
build) [ "$GOOS/$GOARCH" = js/wasm ] && grep -q '_ "euryale/models"' "$8" && echo program >"$7" ;;
env) echo `+root+` ;;
esac`)
	dir := filepath.Join(t.TempDir(), "sites", "page")
	require.NoError(t, Export(ctx, dir, "small", s, browser.Int8))
	for _, name := range append([]string{backend, "worker.js", "memory.js", "wasm_exec.js", program, "model/model.json"}, shared...) {
		assert.FileExists(t, filepath.Join(dir, name))
	}
	text, err := os.ReadFile(filepath.Join(dir, "program.json"))
	require.NoError(t, err)
	assert.JSONEq(t, `{"name": "generate.wasm", "bytes": 8}`, string(text))
	g, d, err := browser.Open(filepath.Join(dir, "model"))
	require.NoError(t, err)
	assert.Equal(t, "small", d.Name)
	assert.Equal(t, s.Weights.Count(), g.Weights.Count())
	assert.ErrorContains(t, Export(ctx, dir, "small", s, browser.Int8), dir+" is not empty")

	goTool(t, "echo 'a.go:1: wrong' >&2; exit 1")
	other := filepath.Join(filepath.Dir(dir), "other")
	assert.ErrorContains(t, Export(ctx, other, "small", s, browser.Float32), "exit status 1: a.go:1: wrong")
	t.Setenv("PATH", t.TempDir())
	assert.ErrorContains(t, Export(ctx, other, "small", s, browser.Float32), "no go command is in PATH")
	left, err := os.ReadDir(filepath.Dir(dir))
	require.NoError(t, err)
	assert.Len(t, left, 1, "a failed export leaves nothing")
}

// Interrupted, an export ends at once.
func TestExportInterrupted(t *testing.T) {
	s := saved(t)
	goTool(t, "exec sleep 60")
	ctx, stop := context.WithCancel(context.Background())
	stop()
	assert.ErrorIs(t, Export(ctx, filepath.Join(t.TempDir(), "page"), "small", s, browser.Float32), context.Canceled)
}

// The program imports the package that registers the model.
func TestPackageOf(t *testing.T) {
	owner, err := packageOf("gpt")
	require.NoError(t, err)
	assert.Equal(t, "euryale/models", owner)
	models.Register("of-this-test", "", func() models.Model { m, _ := models.New("gpt"); return m })
	owner, err = packageOf("of-this-test")
	require.NoError(t, err)
	assert.Equal(t, "euryale/serving/page", owner)
	_, err = packageOf("none")
	assert.EqualError(t, err, `no model is called "none"`)
}
