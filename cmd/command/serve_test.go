//go:build !js

// There is no SIGHUP in a browser.

package command

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/training/rundir"
)

// lines collects what a process writes, and can be read meanwhile.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// await waits until a pattern occurs so many times.
func (l *lines) await(t *testing.T, pattern string, times int) []string {
	t.Helper()
	p := regexp.MustCompile(pattern)
	require.Eventually(t, func() bool { return len(p.FindAllString(l.String(), -1)) >= times }, 20*time.Second, 10*time.Millisecond, "%s: %s", pattern, l)
	return p.FindStringSubmatch(l.String())
}

// startServe starts a server that is killed when the test ends.
func startServe(t *testing.T, args ...string) (*exec.Cmd, *lines) {
	t.Helper()
	c, _, _ := process(t, "serve", append(args, "-address", "127.0.0.1:0", "-threads", "1")...)
	log := &lines{}
	c.Stderr = log
	require.NoError(t, c.Start())
	t.Cleanup(func() { _ = c.Process.Kill() })
	return c, log
}

// textOfRun asks a server for a greedy text.
func textOfRun(t *testing.T, url, model string) (text, fingerprint string) {
	t.Helper()
	r, err := http.Post(url+"/v1/completions", "application/json", strings.NewReader(`{"model": "`+model+`", "prompt": "The ", "max_tokens": 20, "temperature": 0}`))
	require.NoError(t, err)
	defer r.Body.Close()
	raw, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	var c struct {
		Choices     []struct{ Text string }
		Fingerprint string `json:"system_fingerprint"`
	}
	require.NoError(t, json.Unmarshal(raw, &c))
	require.Len(t, c.Choices, 1, string(raw))
	return c.Choices[0].Text, c.Fingerprint
}

// The server gives the texts of generate for several runs, reads new weights at SIGHUP, keeps the old ones
// if it cannot, and ends at SIGTERM.
func TestServe(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no SIGHUP")
	}
	a, b := newRun(t), newRun(t, "training.seed=9")
	texts := map[string]string{}
	for name, dir := range map[string]string{"a": a, "b": b} {
		code, out, stderr := call(t, "generate", "-run", dir, "-prompt", "The ", "-tokens", "20", "-temperature", "0", "-format", "json", "-threads", "1")
		require.Zero(t, code, stderr)
		var r struct{ Text string }
		require.NoError(t, json.Unmarshal([]byte(out), &r))
		texts[name] = r.Text
	}
	require.NotEqual(t, texts["a"], texts["b"])
	c, log := startServe(t, "-run", "a="+a, "-run", "b="+b)
	url := log.await(t, `url=(\S+)`, 2)[1]
	first := ""
	for name, want := range texts {
		text, fingerprint := textOfRun(t, url, name)
		assert.Equal(t, want, text)
		if name == "a" {
			first = fingerprint
		}
	}
	weights, err := os.ReadFile(rundir.BestWeights(b))
	require.NoError(t, err)
	path := rundir.BestWeights(a)
	require.NoError(t, os.WriteFile(path+".new", weights, 0o666))
	require.NoError(t, os.Rename(path+".new", path))
	require.NoError(t, c.Process.Signal(syscall.SIGHUP))
	log.await(t, `msg="read again" model=b`, 1)
	text, fingerprint := textOfRun(t, url, "a")
	assert.Equal(t, texts["b"], text)
	assert.NotEqual(t, first, fingerprint)
	require.NoError(t, os.WriteFile(path+".new", weights[:len(weights)/2], 0o666))
	require.NoError(t, os.Rename(path+".new", path))
	require.NoError(t, c.Process.Signal(syscall.SIGHUP))
	log.await(t, `not read again" model=a error=".*best\.safetensors`, 1)
	text, _ = textOfRun(t, url, "a")
	assert.Equal(t, texts["b"], text, "the weights that it has")
	require.NoError(t, c.Process.Signal(syscall.SIGTERM))
	assert.NoError(t, c.Wait(), log)
}

// What is wrong is said in a line.
func TestServeErrors(t *testing.T) {
	dir := newRun(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	open := filepath.Join(t.TempDir(), "keys")
	require.NoError(t, os.WriteFile(open, []byte("0123456789abcdef\n"), 0o644))
	checkBad(t, "serve", []bad{
		{1, "nowhere is not a run", []string{"-run", "nowhere"}},
		{1, "is in use: end the program that listens there", []string{"-run", dir, "-address", taken.Addr().String()}},
		{1, "can be reached from other machines: give -key-file", []string{"-run", dir, "-address", ":0"}},
		{1, "can be read by others (mode 0644): chmod 600", []string{"-run", dir, "-key-file", open}},
		{1, "two runs are named x", []string{"-run", "x=" + dir, "-run", "x=" + dir, "-address", "127.0.0.1:0"}},
		{2, "-log-format xml: want text or json", []string{"-log-format", "xml"}},
		{2, "-sequences 0", []string{"-sequences", "0"}},
		{2, "-max-tokens 0", []string{"-max-tokens", "0"}},
		{2, "did you mean -address?", []string{"-adress", "127.0.0.1:1"}},
	})
}
