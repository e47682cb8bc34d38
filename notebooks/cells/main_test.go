package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const text = "# Title\n\nProse <b>.\n<!-- 中文 -->\n# 题目\n\n文字。\n\n```go\nx := 1\n\ny := 2\n```\n\n```text\nnot code\n```\n<!-- 中文 -->\n文\n\n```go\nx + y\n```\n"

func read(t *testing.T, path string) (nb struct{ Cells []cell }) {
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &nb), path)
	return nb
}

func TestOneTextTwoNotebooks(t *testing.T) {
	dir := t.TempDir()
	src := filepath.Join(dir, "n.md")
	require.NoError(t, os.WriteFile(src, []byte(text), 0o644))
	require.NoError(t, run(src, dir, ""))
	en, zh := read(t, filepath.Join(dir, "n.ipynb")), read(t, filepath.Join(dir, "n.zh-CN.ipynb"))
	require.Len(t, en.Cells, 4)
	assert.Equal(t, lines("# Title\n\nProse <b>."), en.Cells[0].Source)
	assert.Equal(t, lines("# 题目\n\n文字。"), zh.Cells[0].Source)
	assert.Equal(t, lines("```text\nnot code\n```"), en.Cells[2].Source)
	for i := range en.Cells {
		if en.Cells[i].Type == "code" {
			assert.Equal(t, en.Cells[i], zh.Cells[i])
		}
	}
	assert.Equal(t, lines("x := 1\n\ny := 2"), en.Cells[1].Source)
}

func TestOutputsGoToBoth(t *testing.T) {
	dir := t.TempDir()
	src, executed := filepath.Join(dir, "n.md"), filepath.Join(dir, "executed")
	require.NoError(t, os.WriteFile(src, []byte(text), 0o644))
	require.NoError(t, run(src, dir, ""))
	nb := read(t, filepath.Join(dir, "n.ipynb"))
	nb.Cells[3].Outputs = []json.RawMessage{json.RawMessage(`{"output_type":"stream","name":"stdout","text":"3"}`)}
	raw, err := json.Marshal(nb)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(executed, raw, 0o644))
	require.NoError(t, run(src, dir, executed))
	for _, name := range []string{"n.ipynb", "n.zh-CN.ipynb"} {
		cells := read(t, filepath.Join(dir, name)).Cells
		require.Len(t, cells[3].Outputs, 1)
		assert.JSONEq(t, `{"output_type":"stream","name":"stdout","text":"3"}`, string(cells[3].Outputs[0]))
	}
	require.NoError(t, os.WriteFile(src, []byte(strings.Replace(text, "x + y", "x - y", 1)), 0o644))
	assert.ErrorContains(t, run(src, dir, executed), "line 21: the code differs from that of the executed notebook")
}

func TestBadText(t *testing.T) {
	_, err := parse("prose\n```go\nx := 1\n")
	assert.ErrorContains(t, err, "line 1: the prose is in one language only")
	_, err = parse("```go\nx := 1\n")
	assert.ErrorContains(t, err, "line 1: the code block is not closed")
}

func FuzzParse(f *testing.F) {
	f.Add(text)
	f.Fuzz(func(t *testing.T, s string) {
		blocks, err := parse(s)
		if err != nil {
			return
		}
		for _, b := range blocks {
			assert.True(t, b.code != "" || b.english != "" && b.chinese != "")
		}
	})
}

// The committed notebooks are up to date with their texts, and have outputs without errors.
func TestCommittedNotebooks(t *testing.T) {
	texts, err := filepath.Glob("../0*.md")
	require.NoError(t, err)
	require.NotEmpty(t, texts)
	for _, src := range texts {
		raw, err := os.ReadFile(src)
		require.NoError(t, err)
		blocks, err := parse(string(raw))
		require.NoError(t, err, src)
		base := strings.TrimSuffix(src, ".md")
		en, zh := read(t, base+".ipynb").Cells, read(t, base+".zh-CN.ipynb").Cells
		require.Len(t, en, len(blocks), "%s: run notebooks/run.sh -write", src)
		require.Len(t, zh, len(blocks), "%s: run notebooks/run.sh -write", src)
		outputs := 0
		for i, b := range blocks {
			if b.code == "" {
				assert.Equal(t, lines(b.english), en[i].Source, src)
				assert.Equal(t, lines(b.chinese), zh[i].Source, src)
				continue
			}
			assert.Equal(t, lines(b.code), en[i].Source, src)
			assert.Equal(t, en[i], zh[i], src)
			outputs += len(en[i].Outputs)
			for _, o := range en[i].Outputs {
				assert.NotContains(t, string(o), `"output_type": "error"`, src)
			}
		}
		assert.Greater(t, outputs, 3, "%s was never executed", src)
	}
}
