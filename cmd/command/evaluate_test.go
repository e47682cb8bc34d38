package command

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A run is measured; what is printed is also in its eval.json.
func TestEvaluate(t *testing.T) {
	dir := newRun(t, "data.name=copy", "data.size=100", "data.level=1")
	code, out, stderr := call(t, "evaluate", "-run", dir, "-examples", "4", "-length", "5", "-shown", "2")
	require.Equal(t, 0, code, stderr)
	assert.Equal(t, 2, strings.Count(out, "→ "))
	assert.Regexp(t, `(?m)^perplexity +\d`, out)
	code, out, stderr = call(t, "evaluate", "-run", dir, "-examples", "4", "-length", "5", "-format", "json", "-beam", "2")
	require.Equal(t, 0, code, stderr)
	assert.Equal(t, 1, strings.Count(out, "\n"))
	raw, err := os.ReadFile(filepath.Join(dir, "eval.json"))
	require.NoError(t, err)
	assert.JSONEq(t, string(raw), out)
	var m struct {
		Part    string
		Report  map[string]float64
		Samples []map[string]string
	}
	require.NoError(t, json.Unmarshal(raw, &m))
	assert.Equal(t, "valid", m.Part)
	assert.Positive(t, m.Report["nll_per_token"])
	assert.Len(t, m.Samples, 4)
}

func TestScore(t *testing.T) {
	for name, dir := range map[string]string{"gpt": newRun(t), "ngram": trainedRun(t, "model.name=ngram")} {
		t.Run(name, func(t *testing.T) {
			text := file(t, "text.txt", "the Rays of Light which differ in Colour")
			code, out, stderr := call(t, "evaluate", "-run", dir, "-score", text, "-format", "json")
			require.Equal(t, 0, code, stderr)
			var s map[string]float64
			require.NoError(t, json.Unmarshal([]byte(out), &s))
			for _, key := range []string{"tokens", "chars", "bytes", "nll_per_token", "perplexity", "bits_per_byte", "bits_per_char", "words", "word_perplexity"} {
				assert.Positive(t, s[key], key)
			}
			assert.Len(t, s, 9)
			assert.Regexp(t, `^\{"tokens":.*,"chars":.*,"bytes":.*,"nll_per_token":.*,"perplexity":.*,"bits_per_byte":.*,"bits_per_char":.*,"words":7,"word_perplexity":.*\}`, out)
			assert.Equal(t, 40.0, s["chars"])
			code, out, stderr = call(t, "evaluate", "-run", dir, "-score", text)
			require.Equal(t, 0, code, stderr)
			assert.Contains(t, out, "39 tokens, 40 characters, 40 bytes\n")
			assert.Contains(t, out, "\n7 words and ends of lines, perplexity of words ")
		})
	}
}

// The perplexity of words is that of a word tokenizer's tokens if it knows all words, and is per the
// same words whatever the tokenizer; evaluations count the ends of lines too.
func TestWordPerplexity(t *testing.T) {
	text := file(t, "text.txt", " the Rays of Light \n\n which differ in Colour \n")
	corpus := file(t, "corpus.txt", strings.Repeat("the Rays of Light\nwhich differ in Colour\n", 60))
	for _, kind := range []string{"word", "char", "bpe"} {
		dir := newRun(t, "data.name="+corpus, "tokenizer.kind="+kind, "tokenizer.vocab=270", "training.steps=4")
		code, out, stderr := call(t, "evaluate", "-run", dir, "-score", text, "-format", "json")
		require.Equal(t, 0, code, stderr)
		var s map[string]float64
		require.NoError(t, json.Unmarshal([]byte(out), &s))
		assert.Equal(t, 8.0+3-1, s["words"], "%s: the first is not predicted", kind)
		assert.InEpsilon(t, math.Exp(s["tokens"]*s["nll_per_token"]/s["words"]), s["word_perplexity"], 1e-9)
		assert.Equal(t, kind == "word", math.Abs(s["word_perplexity"]/s["perplexity"]-1) < 1e-12, kind)

		code, out, stderr = call(t, "evaluate", "-run", dir, "-format", "json", "-examples", "1", "-length", "2")
		require.Equal(t, 0, code, stderr)
		var m struct{ Report map[string]float64 }
		require.NoError(t, json.Unmarshal([]byte(out), &m))
		assert.Equal(t, kind == "word", math.Abs(m.Report["word_perplexity"]/m.Report["perplexity"]-1) < 1e-12, kind)
		assert.InDelta(t, 12*5, m.Report["words"], 1, "%s: a tenth of 120 lines of 4 words", kind)
	}
	dir := newRun(t, "data.name="+corpus, "tokenizer.kind=word", "training.steps=4")
	code, out, stderr := call(t, "generate", "-run", dir, "-prompt", "the Rays of", "-tokens", "3", "-seed", "1")
	require.Equal(t, 0, code, stderr)
	assert.Regexp(t, "^the Rays of( [A-Za-z]+|\n)", out)
	code, _, stderr = call(t, "evaluate", "-run", dir, "-score", file(t, "text.txt", "the Rays of Darkness"))
	require.Equal(t, 0, code, stderr)
	assert.Contains(t, stderr, "1 of its words are not in the vocabulary")
	dir = newRun(t, "training.steps=1")
	code, out, stderr = call(t, "evaluate", "-run", dir, "-format", "json", "-score", file(t, "text.txt", strings.Repeat("the", 400)))
	require.Equal(t, 0, code, stderr)
	assert.Contains(t, out, `"words":1,"word_perplexity":null}`)
}

// Files of prompts and of a text to score are read as texts to train on are: with a byte order mark and
// in UTF-16 they give what they give in UTF-8.
func TestFilesInOtherEncodings(t *testing.T) {
	dir := newRun(t)
	const text = "the Rays of Light\nwhich differ in Colour\n"
	wide := "\xff\xfe"
	for _, c := range text {
		wide += string([]byte{byte(c), 0})
	}
	for flags, args := range map[string][]string{
		"-score":   {"evaluate", "-run", dir, "-format", "json", "-score"},
		"-prompts": {"generate", "-run", dir, "-format", "json", "-tokens", "3", "-prompts"},
	} {
		code, want, stderr := call(t, args[0], append(args[1:], file(t, "plain.txt", text))...)
		require.Equal(t, 0, code, stderr)
		code, out, stderr := call(t, args[0], append(args[1:], file(t, "mark.txt", "\ufeff"+text))...)
		require.Equal(t, 0, code, stderr)
		assert.Equal(t, want, out, flags)
		assert.NotContains(t, stderr, "note: ")
		code, out, stderr = call(t, args[0], append(args[1:], file(t, "wide.txt", wide))...)
		require.Equal(t, 0, code, stderr)
		assert.Equal(t, want, out, flags)
		assert.Contains(t, stderr, "wide.txt is UTF-16LE: converted to UTF-8\n")
	}
	code, want, stderr := callWith(t, text, "generate", "-run", dir, "-interactive", "-tokens", "3", "-format", "json")
	require.Equal(t, 0, code, stderr)
	code, out, stderr := callWith(t, "\ufeff"+text, "generate", "-run", dir, "-interactive", "-tokens", "3", "-format", "json")
	require.Equal(t, 0, code, stderr)
	assert.Equal(t, want, out, "-interactive")
}

func TestEvaluateUsedWrongly(t *testing.T) {
	dir, text := newRun(t, "model.name=transformer", "data.name=copy", "data.size=100"), file(t, "text.txt", "abc")
	imported := filepath.Join(t.TempDir(), "run")
	code, _, stderr := call(t, "train", "-import", gpt2(t), "-out", imported)
	require.Equal(t, 0, code, stderr)
	checkBad(t, "evaluate", []bad{
		{1, "the model answers a source, and a text alone has none", []string{"-run", dir, "-score", text}},
		{1, "no/such.txt", []string{"-run", dir, "-score", "no/such.txt"}},
		{1, imported + ": the run was imported and knows no corpus", []string{"-run", imported}},
		{1, "there is no run with weights in runs", nil},
		{2, "-score has no use for -beam, -part", []string{"-score", text, "-beam", "3", "-part", "test"}},
		{2, "give -score FILE", []string{"-stride", "3"}},
		{1, "it has no test part", []string{"-run", dir, "-part", "test"}},
		{2, "-part dev: want train, valid or test", []string{"-part", "dev"}},
		{2, "-format xml: want text or json", []string{"-format", "xml"}},
		{2, "-beam -1", []string{"-beam", "-1"}},
		{2, `-beam 1,mbr=1: "mbr=1": want widths`, []string{"-beam", "1,mbr=1"}},
		{2, "mbr=3 is there twice", []string{"-beam", "mbr=3, mbr=3"}},
		{2, "there is no flag -scores: did you mean -score?", []string{"-scores", "a"}},
	})
}

// Pairs, noise and the run's corpus are measured by flags, kept in the run, and shown on its card; an export
// has the card as its README.md.
func TestReport(t *testing.T) {
	dir := newRun(t)
	pairs := file(t, "pairs.jsonl", `{"good": "Rays of Light", "bad": "Rays Light of", "phenomenon": "order"}
{"good": "Rays differ", "bad": "Rays differs", "phenomenon": "agreement"}
`)
	code, out, stderr := call(t, "evaluate", "-run", dir, "-pairs", pairs)
	require.Equal(t, 0, code, stderr)
	assert.Regexp(t, `(?m)^order +1 +\d+\.0 %   \d+\.\d % to \d+\.\d %$`, out)
	code, out, stderr = call(t, "evaluate", "-run", dir, "-pairs", pairs, "-format", "json")
	require.Equal(t, 0, code, stderr)
	var r struct {
		Kind, File string
		All        struct{ N int }
	}
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	assert.Equal(t, []any{"pairs", pairs, 2}, []any{r.Kind, r.File, r.All.N})

	text := file(t, "text.txt", "the Rays of Light which differ in Colour differ in Refrangibility")
	code, out, stderr = call(t, "evaluate", "-run", dir, "-score", text, "-noise", "typos=1,homophones")
	require.Equal(t, 0, code, stderr)
	assert.Regexp(t, `(?m)^typos +1 +\d+ of \d+ +\d+\.\d{4}  [+-]\d`, out)
	assert.Regexp(t, `(?m)^homophones +0\.1  the text has nothing that it could change`, out)

	code, _, stderr = call(t, "evaluate", "-run", dir, "-examples", "1", "-length", "4")
	require.Equal(t, 0, code, stderr)
	cards := filepath.Join(t.TempDir(), "card")
	code, out, stderr = call(t, "evaluate", "-run", dir, "-report", cards)
	require.Equal(t, 0, code, stderr)
	assert.Equal(t, filepath.Join(cards, "card.html")+"\n"+filepath.Join(cards, "README.md")+"\n", out)
	assert.Contains(t, stderr, "not measured: Memorisation of the training text: evaluate -run "+dir)
	page, err := os.ReadFile(filepath.Join(cards, "card.html"))
	require.NoError(t, err)
	for _, want := range []string{"Minimal pairs: pairs.jsonl", "最小对立对：pairs.jsonl", "Robustness to noise", "语料的验证部分", "evaluate -run " + dir + " -pairs", "data:image/svg"} {
		assert.Contains(t, string(page), want)
	}
	assert.NotContains(t, string(page), "earlier weights")

	exported := filepath.Join(t.TempDir(), "out")
	code, _, stderr = call(t, "train", "-export", dir, "-out", exported)
	require.Equal(t, 0, code, stderr)
	readme, err := os.ReadFile(filepath.Join(exported, "README.md"))
	require.NoError(t, err)
	assert.Regexp(t, `^---\nlanguage:\n- en\n|^---\ntags:\n`, string(readme))
	assert.Contains(t, string(readme), "## Minimal pairs: pairs.jsonl")
	assert.Contains(t, string(readme), "## 最小对立对：pairs.jsonl")
}

// A corpus that changed since training is refused; a text to score that is the corpus is noted.
func TestChangedCorpus(t *testing.T) {
	corpus := file(t, "corpus.txt", strings.Repeat("the Rays of Light\nwhich differ in Colour\n", 60))
	dir := newRun(t, "data.name="+corpus, "training.steps=1", "data.split=0.8", "data.test=0.1")
	code, out, stderr := call(t, "evaluate", "-run", dir, "-part", "test", "-examples", "1", "-length", "2")
	require.Equal(t, 0, code, stderr)
	assert.Contains(t, out, "test part of the corpus\ntokens ")
	code, _, stderr = call(t, "evaluate", "-run", dir, "-score", corpus)
	require.Equal(t, 0, code, stderr)
	assert.Contains(t, stderr, "is the corpus of the run, its training part included")
	require.NoError(t, os.WriteFile(corpus, []byte("another text"), 0o666))
	checkBad(t, "evaluate", []bad{
		{1, "the corpus has changed since " + dir + " was trained on it", []string{"-run", dir}},
		{1, "no/such.jsonl", []string{"-run", dir, "-pairs", "no/such.jsonl"}},
		{1, "the good sentence and the bad sentence are the same", []string{"-run", dir, "-pairs", file(t, "p.jsonl", `{"good": "a", "bad": "a"}`)}},
		{2, `-noise: there is no noise "typo": did you mean typos?`, []string{"-run", dir, "-score", corpus, "-noise", "typo"}},
		{2, "-stride and -noise say how -score reads", []string{"-run", dir, "-noise", "typos"}},
		{2, "-pairs has no use for -score", []string{"-run", dir, "-pairs", "p", "-score", corpus}},
		{2, "-report has no use for -part", []string{"-run", dir, "-report", "d", "-part", "test"}},
	})
}
