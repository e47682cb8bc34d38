package command

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The answers of a task are compared with other ways of decoding and with baselines, in print, in JSON and on a page.
func TestEvaluateAnswers(t *testing.T) {
	dir := newRun(t, "data.name=copy", "data.size=100", "data.level=1", "training.steps=2")
	html := filepath.Join(t.TempDir(), "answers.html")
	code, out, stderr := call(t, "evaluate", "-run", dir, "-examples", "4", "-length", "5", "-beam", "1,2,sample", "-length-penalty", "0.5", "-guidance", "1.5", "-html", html)
	require.Equal(t, 0, code, stderr)
	assert.Regexp(t, `(?m)^bleu +\d+(\.\d+)? +\d+(\.\d+)? to \d+(\.\d+)?$`, out)
	assert.Contains(t, out, "\nBLEU nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:euryale\n")
	for _, name := range []string{"model, greedy, guidance 1.5", "model, beam 2, length penalty 0.5, guidance 1.5", "model, sampled, guidance 1.5", "translation memory", "copy of the source", "n-grams with the source's words"} {
		assert.Regexp(t, `(?m)^`+name+` {2,}\d`, out)
	}
	assert.Contains(t, out, "is worse than copy of the source by ", "the task is to copy")
	page, err := os.ReadFile(html)
	require.NoError(t, err)
	assert.Equal(t, 4, strings.Count(string(page), "<article "))
	assert.Contains(t, string(page), "照抄源文")
	assert.Contains(t, string(page), "模型（束宽 2，长度惩罚 0.5，引导 1.5）")
	assert.Contains(t, string(page), `class="gain worse"`)
	assert.Contains(t, stderr, "the answers are in "+html)

	code, out, stderr = call(t, "evaluate", "-run", dir, "-examples", "4", "-length", "5", "-format", "json")
	require.Equal(t, 0, code, stderr)
	var m struct {
		Intervals map[string]struct{ Low, High float64 }
		Systems   []struct {
			Key    string
			Scores map[string]float64
			Gains  []struct{ Measure string }
			Texts  []string
		}
		Samples []struct{ Source string }
	}
	require.NoError(t, json.Unmarshal([]byte(out), &m))
	require.Len(t, m.Systems, 4)
	assert.Equal(t, 1.0, m.Systems[2].Scores["exact_match"], "a copy is right")
	assert.Equal(t, m.Samples[0].Source, m.Systems[2].Texts[0])
	assert.Empty(t, m.Systems[0].Gains)
	assert.NotEmpty(t, m.Systems[1].Gains)
	assert.Contains(t, m.Intervals, "distinct_2")

	lm := newRun(t, "training.steps=1")
	checkBad(t, "evaluate", []bad{
		{2, "-beam 1,x: \"x\": want widths of 1 or more, sample, or mbr=N", []string{"-run", dir, "-beam", "1,x"}},
		{2, "-beam 1,1: 1 is there twice", []string{"-run", dir, "-beam", "1,1"}},
		{2, "-length-penalty NaN: want 0 or more", []string{"-run", dir, "-beam", "2", "-length-penalty", "NaN"}},
		{2, "-length-penalty is of beam search: give -beam a width of 2 or more", []string{"-run", dir, "-beam", "1,sample", "-length-penalty", "2"}},
		{2, "-guidance -1: want 1 (none) or another number of 0 or more", []string{"-run", dir, "-guidance", "-1"}},
		{2, "-beam 1,2: -compare compares runs, with one way of decoding", []string{"-compare", dir, dir, "-beam", "1,2"}},
		{1, "-html a.html: the run answers no examples", []string{"-run", lm, "-examples", "1", "-length", "2", "-html", "a.html"}},
	})
}
