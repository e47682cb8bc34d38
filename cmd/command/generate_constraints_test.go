package command

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/generation"
)

// Texts satisfy the constraints of the flags, and constraints that cannot be satisfied are errors before
// weights are read.
func TestConstraintsOfGenerate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	text := strings.Repeat(`The cat sat. {"a": [12, "b"]} `, 200) + "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。"
	code, _, stderr := call(t, "train", "-model", "ngram", "-data", file(t, "text.txt", text), "-out", dir)
	require.Equal(t, 0, code, stderr)
	run := func(args ...string) generation.Result {
		t.Helper()
		code, out, stderr := call(t, "generate", append([]string{"-run", dir, "-prompt", "The cat", "-format", "json"}, args...)...)
		require.Equal(t, 0, code, stderr)
		var r generation.Result
		require.NoError(t, json.Unmarshal([]byte(out), &r))
		return r
	}
	assert.Regexp(t, `^ sat\. \[\d{3}\]$`, run("-regex", ` sat\. \[\d{3}\]`).Text)
	assert.Regexp(t, `^(b|a)+$`, run("-regex", "(b|a)+", "-beam", "2", "-tokens", "9").Text)
	r := run("-json-schema", file(t, "s.json", `{"type": "array", "items": {"type": "integer", "minimum": 10, "maximum": 29}, "minItems": 2, "maxItems": 3}`))
	assert.Regexp(t, `^\[[12]\d(, ?[12]\d){1,2}\]$`, r.Text)
	assert.Positive(t, r.ConstraintCost)
	assert.Equal(t, "end", r.FinishReason)
	r = run("-require", "bae", "-forbid", "S.A", "-forbid-file", file(t, "words.txt", "sat\n\n"), "-max-chars", "20", "-min-chars", "15", "-tokens", "60")
	assert.Contains(t, r.Text, "bae")
	assert.Regexp(t, "^(?s).{15,20}$", r.Text)
	assert.NotContains(t, strings.ToLower(r.Text), "sat")
	assert.Regexp(t, regexp.MustCompile(`^(\p{Han}{5}，\n?\p{Han}{5}。\n?){2}$`), run("-form", "五绝").Text)
	code, out, _ := call(t, "generate", "-regex", "a", "-processors", "show")
	assert.Zero(t, code)
	assert.Equal(t, "constraint,temperature,top-p\n", out)

	bad := []bad{
		{2, `-regex: regular expression "a(": error parsing regexp`, []string{"-regex", "a("}},
		{2, `-regex: the vocabulary cannot spell any text that satisfies the constraints: it has no 'Z'`, []string{"-regex", "Z"}},
		{2, `-regex, -require: no text satisfies the constraints`, []string{"-regex", "a+", "-require", "b"}},
		{2, `it has no 'z', as in "ze"`, []string{"-require", "ze", "-forbid", "x", "-min-chars", "5"}},
		{2, `-tokens 3: the shortest text that satisfies the constraints takes 5 tokens ("aaaaa")`, []string{"-regex", "a{5}", "-tokens", "3"}},
		{2, `keyword "contains" is not supported`, []string{"-json-schema", file(t, "bad.json", `{"contains": 1}`)}},
		{2, `there is no form of verse "五律"`, []string{"-form", "五律"}},
		{2, "-rhymes goes with -form alone", []string{"-rhymes", "x"}},
		{2, "-stop and -regex exclude each other", []string{"-regex", "a", "-stop", "b"}},
		{2, "-no-repeat and -form exclude each other", []string{"-form", "五绝", "-no-repeat", "2"}},
		{2, "words.txt: no such file", []string{"-forbid-file", "no/words.txt"}},
		{2, `the forbidden word "\u200b" has no characters`, []string{"-forbid", "\u200b"}},
		{2, "only the empty text satisfies", []string{"-regex", "()"}},
	}
	for i := range bad {
		bad[i].args = append(bad[i].args, "-run", dir, "-prompt", "x")
	}
	checkBad(t, "generate", bad)
}
