package command

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/generation"
)

// manyPrompts returns the lines of a file of prompts of different lengths.
func manyPrompts(n int) (lines []string) {
	const text = "The Rays of Light which differ in Colour differ also in Refrangibility"
	for i := range n {
		lines = append(lines, text[i%9:i%9+1+i*7%40])
	}
	return lines
}

// The prompts of a file are answered side by side, as each is alone, in their order.
func TestPromptsOfAFile(t *testing.T) {
	dir := newRun(t)
	lines := manyPrompts(7)
	prompts := file(t, "prompts.txt", strings.Join(lines, "\n"))
	for _, samples := range []string{"1", "3"} {
		var want strings.Builder
		for _, line := range lines {
			code, out, stderr := call(t, "generate", "-run", dir, "-prompt", line, "-tokens", "20", "-samples", samples, "-stream=false")
			require.Equal(t, 0, code, stderr)
			want.WriteString(out)
		}
		for _, batch := range []string{"0", "1", "3"} {
			code, out, stderr := call(t, "generate", "-run", dir, "-prompts", prompts, "-tokens", "20", "-samples", samples, "-batch", batch)
			require.Equal(t, 0, code, stderr)
			assert.Equal(t, want.String(), out, "-samples %s -batch %s", samples, batch)
			assert.Contains(t, stderr, "prompts 7/7")
		}
	}
	code, out, stderr := call(t, "generate", "-run", dir, "-prompts", prompts, "-tokens", "5", "-beam", "2", "-samples", "2", "-format", "json")
	require.Equal(t, 0, code, stderr)
	assert.Equal(t, 14, strings.Count(out, "\n"), "beams are searched prompt by prompt")
}

// A command that is killed continues where it was, and writes what it would have written: also
// with prompts that have no answer.
func TestOutputContinuesAfterAKill(t *testing.T) {
	dir := newRun(t)
	lines := manyPrompts(200)
	lines[3], lines[150] = "春", "眠"
	prompts := file(t, "prompts.txt", strings.Join(lines, "\n")+"\n")
	for _, format := range []string{"text", "json"} {
		out := filepath.Join(t.TempDir(), "out")
		args := []string{"-run", dir, "-prompts", prompts, "-tokens", "60", "-samples", "2", "-format", format, "-output"}
		killed, _, _ := process(t, "generate", append(args, out)...)
		require.NoError(t, killed.Start())
		require.Eventually(t, func() bool { info, err := os.Stat(out); return err == nil && info.Size() > 3000 }, time.Minute, time.Millisecond)
		require.NoError(t, killed.Process.Kill())
		_ = killed.Wait() // it was killed
		require.FileExists(t, out+".resume", "it was killed in the middle")

		code, _, stderr := call(t, "generate", append(args, out, "-seed", "2")...)
		assert.Equal(t, 1, code)
		assert.Contains(t, stderr, out+" was begun with another -seed: call the same command to continue it")
		code, stdout, stderr := call(t, "generate", append(args, out, "-batch", "5")...)
		assert.Equal(t, 1, code)
		assert.Empty(t, stdout)
		assert.Regexp(t, out+" has the answers of [1-9][0-9]* prompts: continuing", stderr)
		assert.Contains(t, stderr, prompts+`: line 151: prompt: character "眠"`)
		assert.Contains(t, stderr, prompts+": 2 of 200 prompts have no answer")

		whole := out + "2"
		code, _, stderr = call(t, "generate", append(args, whole)...)
		require.Equal(t, 1, code, stderr)
		got, err := os.ReadFile(out)
		require.NoError(t, err)
		want, err := os.ReadFile(whole)
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got))
		assert.NoFileExists(t, out+".resume")
		if format == "json" {
			parsed := strings.Split(strings.TrimSpace(string(got)), "\n")
			require.Len(t, parsed, 2*198)
			for i, line := range parsed {
				var r generation.Result
				require.NoError(t, json.Unmarshal([]byte(line), &r))
				assert.Equal(t, i%2, r.Index)
			}
		}
		code, _, stderr = call(t, "generate", append(args, out)...)
		assert.Equal(t, 1, code)
		assert.Contains(t, stderr, out+" exists, and is complete or of another origin")
	}
}

func TestPromptsUsedWrongly(t *testing.T) {
	dir := newRun(t)
	checkBad(t, "generate", []bad{
		{2, "-output out: it is for the answers of -prompts FILE", []string{"-prompt", "x", "-output", "out"}},
		{2, "-batch -1", []string{"-prompts", "x", "-batch", "-1"}},
		{2, "-output continues where it ended, for which -prompts must be a file", []string{"-run", dir, "-prompts", "/dev/null", "-output", filepath.Join(t.TempDir(), "out")}},
		{1, "no/such/out", []string{"-run", dir, "-prompts", file(t, "in.txt", "a\n"), "-output", "no/such/out"}},
	})
}

// The size of blocks does not show in what is read.
func TestEachBlock(t *testing.T) {
	for _, n := range []int{0, 1, 1<<16 - 1, 1 << 16, 1<<16 + 1, 1 << 17, 200000} {
		text := strings.Repeat("0123456789\n", n/11+1)[:n]
		path := file(t, fmt.Sprint(n), text)
		var got strings.Builder
		lasts := 0
		require.NoError(t, eachBlock(path, func(text []byte, last bool) {
			got.Write(text)
			if last {
				lasts++
			}
		}))
		assert.Equal(t, text, got.String())
		assert.Equal(t, min(n, 1), lasts)
	}
}
