package questions

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
	"euryale/generation"
	"euryale/models"
)

// bigrams is a language model with known probabilities: of the characters a, b and the end of a line. After a
// comes b with 0.7; after b comes a with 0.6; every line begins with a with 0.8.
type bigrams struct{ models.NGram }

var after = map[rune][3]float64{'\n': {0.1, 0.8, 0.1}, 'a': {0.1, 0.2, 0.7}, 'b': {0.1, 0.6, 0.3}} // of \n, a and b

func (b *bigrams) LogProb(history []int, id int) (float64, error) {
	last := []rune("\nab")[history[len(history)-1]]
	return math.Log(after[last][id]), nil
}

func (b *bigrams) LogProbs(history []int, out []float32) error {
	for id := range out {
		l, err := b.LogProb(history, id)
		if err != nil {
			return err
		}
		out[id] = float32(l)
	}
	return nil
}

func model() *generation.Generator {
	m := &bigrams{}
	m.Vocab = 3
	return &generation.Generator{Model: m, Tokenizer: tokenizer.NewChar("\nab")}
}

// file returns a file with a text.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	return path
}

func measured(t *testing.T, text string) *Result {
	t.Helper()
	all, _, err := Read(file(t, "q.jsonl", text))
	require.NoError(t, err)
	r, err := Measure(context.Background(), model(), all, nil)
	require.NoError(t, err)
	return r
}

// By hand: p(ab) = 0.8·0.7 = 0.56, p(ba) = 0.1·0.6 = 0.06, p(aa) = 0.16, p(bb) = 0.03. "x" is not in the
// vocabulary. Of the three pairs that can be asked two are right: (0.2077, 0.9385) is Wilson's interval.
func TestPairs(t *testing.T) {
	r := measured(t, `{"sentence_good": "ab", "sentence_bad": "ba", "linguistics_term": "order", "UID": "one"}

{"good": "bb", "bad": "aa", "phenomenon": "repetition"}
{"sentence_good": "ax", "sentence_bad": "ab", "phenomenon": "order"}
{"good": "aa", "bad": "bb", "phenomenon": "repetition"}
`)
	assert.Equal(t, Share{"", 3, 2, 2.0 / 3, r.All.Low, r.All.High}, r.All)
	assert.InDelta(t, 0.2077, r.All.Low, 5e-5)
	assert.InDelta(t, 0.9385, r.All.High, 5e-5)
	assert.Equal(t, []string{"order", "repetition"}, []string{r.Groups[0].Name, r.Groups[1].Name})
	assert.Equal(t, []int{1, 1, 2, 1}, []int{r.Groups[0].N, r.Groups[0].Right, r.Groups[1].N, r.Groups[1].Right})
	assert.InDelta(t, 0.5, r.Chance, 1e-12)
	assert.Equal(t, 1, r.LeftOut)
	assert.Contains(t, r.Note, "q.jsonl:4: character \"x\"")
}

// "abaab" and "aabab" have the same transitions in another order, and the same probability: such a pair is
// not right.
func TestTie(t *testing.T) {
	r := measured(t, `{"good": "abaab", "bad": "aabab"}`+"\n"+`{"good": "a", "bad": "b"}`)
	assert.Equal(t, []int{2, 1, 1}, []int{r.All.N, r.All.Right, r.Ties})
}

// By hand: after "a", p(b) = 0.7 and p(bab) = 0.7·0.6·0.7 = 0.294, that is 0.515 and 0.589 bits a
// character: b is right either way. After "b", p(a) = 0.6 and p(aba) = 0.6·0.7·0.6 = 0.252: 0.737 and 0.663
// bits a character, so that the longer text wins per character and the shorter one as a whole.
func TestChoices(t *testing.T) {
	r := measured(t, `{"context": "a", "choices": ["bab", "b", "a"], "answer": 1, "category": "one"}
{"context": "b", "choices": ["a", "aba"], "answer": "aba", "category": "two"}
`)
	assert.Equal(t, 2, r.All.Right)
	assert.Equal(t, 1, r.Unnormalized.Right)
	assert.InDelta(t, (1.0/3+1.0/2)/2, r.Chance, 1e-12)
}

// By hand: after "a", "ba" has 0.7·0.6, each the most likely; after "ab", "b" has 0.3 and a is likelier. The
// perplexity of a word is (0.42·0.3)^(−1/2) = 2.8172, and there are −log₂ 0.126 / 3 = 0.9962 bits a character.
func TestCloze(t *testing.T) {
	r := measured(t, `{"context": "a", "word": "ba"}`+"\n"+`{"context": "ab", "word": "b"}`)
	assert.Equal(t, []int{2, 1}, []int{r.All.N, r.All.Right})
	assert.InDelta(t, 2.8172, r.Perplexity, 1e-4)
	assert.InDelta(t, 0.9962, r.BitsPerChar, 1e-4)
	all, _, err := Read(file(t, "lambada.jsonl", `{"text": "my wife and \n my dog "}`))
	require.NoError(t, err)
	assert.Equal(t, Question{Kind: Cloze, Place: all[0].Place, Context: "my wife and \n my", Answers: []string{" dog"}}, all[0])
}

// White space at the end of a context belongs to what follows.
func TestSpaceAfterContext(t *testing.T) {
	all, _, err := Read(file(t, "q.jsonl", `{"context": "The sky is ", "choices": ["blue", "green"], "answer": 0}`))
	require.NoError(t, err)
	assert.Equal(t, "The sky is", all[0].Context)
	assert.Equal(t, []string{" blue", " green"}, all[0].Answers)
}

// A directory is read as one; CLiMP's and BLiMP's keys name the groups.
func TestDirectory(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.jsonl":   `{"sentence_good": "a", "sentence_bad": "b", "field": "syntax", "UID": "x", "pairID": "0", "simple_LM_method": true}`,
		"b.jsonl":   `{"sentence_good": "他把书看完了。", "sentence_bad": "他把书看了完。", "phenomenon": "ba", "paradigm": "y"}`,
		"README.md": "no pairs",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666))
	}
	all, _, err := Read(dir)
	require.NoError(t, err)
	require.Len(t, all, 2)
	assert.Equal(t, []string{"x", "ba"}, []string{all[0].Group, all[1].Group})
}

func TestBadFiles(t *testing.T) {
	for text, want := range map[string]string{
		`{"good": "a", "bad": "a"}`:                              `q.jsonl:1: the good sentence and the bad sentence are the same: "a"`,
		"{\"good\": \"a\", \"bad\": \"b\"}\n\n{\"good\": \"a\"}": "q.jsonl:3: a pair lacks a sentence",
		`{"good": "", "bad": "b"}`:                               "the good sentence is empty",
		`{"good": 3, "bad": "b"}`:                                "good is a JSON number, want a string",
		`good, bad`:                                              "q.jsonl:1: not an object of JSON",
		`{}`:                                                     "want sentence_good and sentence_bad, or context",
		``:                                                       "q.jsonl has no questions",
		`{"choices": ["a"], "answer": 0}`:                        "1 choices: want at least two",
		`{"choices": ["a", "b"]}`:                                "answer is missing",
		`{"choices": ["a", " "], "answer": 0}`:                   "choice 1 is empty",
		`{"choices": ["a", "b", "a"], "answer": 0}`:              `choice 0 and choice 2 are the same: "a"`,
		`{"choices": ["a", "b"], "answer": 2}`:                   "answer is 2: want from 0 to 1",
		`{"choices": ["a", "b"], "answer": "c"}`:                 `answer "c" is none of the choices`,
		`{"choices": ["a", "b"], "answer": [1]}`:                 "answer is [1]: want the number",
		`{"choices": [], "answer": 0}`:                           "0 choices",
		`{"text": "word"}`:                                       "no space before its last word",
		`{"context": " ", "word": "a"}`:                          "the context is empty",
		`{"context": "a", "word": " "}`:                          "the word is empty",
		`{"good": "a", "bad": "b"}` + "\n" + `{"text": "a b"}`:   "q.jsonl:1 is of kind pairs, and ",
		"{\"good\": \"\xff\", \"bad\": \"b\"}":                   "q.jsonl:1: ",
		`{"good": "` + string(make([]byte, 1<<21)) + `", "bad": "b"} `: "q.jsonl:1: the line is longer than 1 MB",
	} {
		_, _, err := Read(file(t, "q.jsonl", text))
		assert.ErrorContains(t, err, want, "%.60s", text)
	}
	_, _, err := Read("no/such.jsonl")
	assert.ErrorContains(t, err, "no/such.jsonl")
	all, _, err := Read(file(t, "q.jsonl", `{"good": "x", "bad": "y"}`))
	require.NoError(t, err)
	_, err = Measure(context.Background(), model(), all, nil)
	assert.ErrorContains(t, err, "no question can be asked: ")
}

// A file of questions, whatever its bytes, is read or refused with its line.
func FuzzRead(f *testing.F) {
	for _, text := range []string{`{"good": "a", "bad": "b"}`, `{"context": "a", "choices": ["b", "c"], "answer": 1}`, `{"text": "a b"}`, "\n[1]\n", "{\"good\":\"\xff\"}"} {
		f.Add(text)
	}
	path := filepath.Join(f.TempDir(), "q.jsonl")
	f.Fuzz(func(t *testing.T, text string) {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
		all, _, err := Read(path)
		if err != nil {
			assert.ErrorContains(t, err, path)
			return
		}
		for _, q := range all {
			assert.NotEmpty(t, q.Answers)
			assert.Less(t, q.Right, len(q.Answers))
		}
	})
}
