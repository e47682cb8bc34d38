package card

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func exampleCard() *Card {
	stale := *example("copies")
	stale.Model = "old"
	return &Card{
		Name: "run", Summary: Text{"gpt: a | b < c", "gpt：模型"}, Languages: []string{"en", "zh"}, Tags: []string{"text-generation"}, Model: "abc",
		About:    []Section{{Name: "model", Title: Text{"Model", "模型"}, Columns: []Text{{"property", "项目"}, {"value", "值"}}, Rows: []Row{{Text{"parameters", "参数"}, []string{"1 000"}}}}},
		Measured: []Section{*example("pairs"), stale}, Missing: []Missing{{Text{"Noise", "噪声"}, "evaluate -noise `x`"}},
		Limits: []Text{{"It does not know what is true.", "它不辨真伪。"}}, Samples: []string{"<script>alert(1)</script>"}, Config: "[model]\nname = \"gpt\"\n",
	}
}

// The page has both languages, refers to nothing outside of it, and runs no script of a section.
func TestHTML(t *testing.T) {
	var b strings.Builder
	require.NoError(t, exampleCard().WriteHTML(&b))
	page := b.String()
	for _, want := range []string{"Minimal pairs", "最小对立对", "12 of 16 pairs are right.", "75.0 %", "evaluate -pairs pairs.jsonl", "它不辨真伪。", "name = &#34;gpt&#34;",
		`<img src="data:image/svg&#43;xml;base64,`, "&lt;script&gt;alert(1)", "a | b &lt; c"} {
		assert.Contains(t, page, want)
	}
	assert.NotContains(t, page, "<script>alert")
	assert.NotContains(t, page, "://")
	assert.Equal(t, 1, strings.Count(page, "Measured with earlier weights"))
}

// The README.md begins with metadata, has both languages, and figures of these weights alone.
func TestREADME(t *testing.T) {
	var b strings.Builder
	require.NoError(t, exampleCard().WriteREADME(&b))
	_, rest, _ := strings.Cut(b.String(), "---\n")
	head, text, found := strings.Cut(rest, "\n---\n")
	require.True(t, found)
	assert.Equal(t, `language:
- en
- zh
tags:
- text-generation
pipeline_tag: text-generation
model-index:
- name: "run"
  results:
  - task:
      type: text-generation
    dataset:
      name: "Minimal pairs"
      type: "pairs"
    metrics:
    - type: "accuracy"
      value: 0.75`, head)
	assert.Contains(t, text, "# run\n\ngpt: a \\| b &lt; c\n")
	assert.Contains(t, text, "| phenomenon | right |\n| --- | --- |\n| agreement | 75.0 % |\n")
	assert.Contains(t, text, "| 现象 | 正确 |\n| --- | --- |\n| 一致 | 75.0 % |\n")
	assert.Contains(t, text, "*Measured with earlier weights of this run: measure again.*")
	assert.Contains(t, text, "- Noise: `` evaluate -noise `x` ``\n")
}
