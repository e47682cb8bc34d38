package data

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/store"
	"euryale/data/task"
	"euryale/data/textfile"
	"euryale/data/tokenizer"
	"euryale/data/tokenizer/tokenizertest"
)

const contractText = "the little dog ran to the big tree, 春眠 and saw:\na bird\n"

// ids returns all tokens.
func ids(tokens *store.IDs) []int {
	all := make([]int, tokens.Len())
	tokens.Copy(all, 0)
	return all
}

// The tokens of a text are those of the text as a whole, whatever the tokenizer, the size of the chunks
// and of the training part: no begin token or space is added but at the start, and both parts decode to
// their text.
func TestChunksOfEveryTokenizer(t *testing.T) {
	text := strings.Repeat(contractText, 40)
	path := write(t, "x.txt", text)
	for name, tok := range tokenizertest.All(t, contractText) {
		for _, split := range []float64{0.0001, 0.3, 0.9, 0.953} {
			cut := nextRune(text, int64(split*float64(len(text))))
			var first []int
			for _, chunk := range []int{0, 32, 57, 700, len(text) / 2} {
				c, err := Config{Name: path, Split: split}.resolve()
				require.NoError(t, err)
				j := &textJob{Config: c, known: tok, opts: Options{Cache: t.TempDir()}, limit: int64(chunk), // in memory, and in a file
					text: textfile.Source{Files: []string{path}, Chunk: chunk}}
				_, tokens, h, err := j.open()
				require.NoError(t, err)
				got := ids(tokens)
				what := fmt.Sprintf("%s, %v, chunks of %d", name, split, chunk)
				checkParts(t, what, tok, got, int(h.Split), text, cut)
				if first == nil {
					first = got
				}
				require.Equal(t, first, got, what)
				require.NoError(t, tokens.Close())
			}
		}
	}
}

// checkParts checks the tokens of a text whose training part has cut bytes.
func checkParts(t *testing.T, what string, tok tokenizer.Tokenizer, got []int, split int, text string, cut int) {
	t.Helper()
	cut = tokenizer.PartEnd(tok, text, cut)
	train, err := tok.Decode(got[:split])
	require.NoError(t, err)
	require.Equal(t, tokenizertest.Decoded(tok, text[:cut]), train, what)
	valid, err := tok.Decode(got[split:])
	require.NoError(t, err)
	require.Equal(t, tokenizertest.Decoded(tok, text[cut:]), valid, what)
	if begin, ok := tok.Begin(); ok {
		require.Equal(t, begin, got[0], what)
		require.NotContains(t, got[1:], begin, what)
	}
}

// Texts between special tokens have neither a begin token nor an additional space, in samples and in
// prompts, whatever the tokenizer and the task; the prompt of a row is what training puts before its
// answer.
func TestTasksOfEveryTokenizer(t *testing.T) {
	pairs := []string{"the dog\tran to the tree", "a bird\tsaw a dog", "the big tree\tthe little tree", "saw\tran"}
	dialogue := []string{"d1\t0\tA\tthe dog", "d1\t1\tB\tran to", "d1\t2\tA\tthe tree", "d2\t0\tA\ta bird", "d2\t1\tB\tsaw"}
	for name, tok := range tokenizertest.All(t, contractText) {
		for _, c := range []Config{
			{Task: "pairs"}, {Task: "pairs", Encoder: true}, {Task: "pairs", Target: "2"}, {Task: "pairs", LearnSource: true, LengthControl: true},
			{Task: "summary"}, {Task: "pairs", Source: "1,2", Target: "2"},
			{Task: "dialogue"}, {Task: "dialogue", Reply: "B"}, {Task: "dialogue", Encoder: true},
		} {
			rows := pairs
			if c.Task == "dialogue" {
				rows = dialogue
			}
			for _, split := range []float64{0.01, 0.99} { // each row is in the training part of one
				c.Split = split
				checkTask(t, fmt.Sprintf("%s, %+v", name, c), c, rows, tok)
			}
		}
	}
}

func checkTask(t *testing.T, what string, c Config, rows []string, tok tokenizer.Tokenizer) {
	t.Helper()
	c.Name = write(t, "rows.tsv", strings.Join(rows, "\n")+"\n")
	table, err := task.ReadTable(c.Name, c.task())
	require.NoError(t, err)
	c, err = c.resolve()
	require.NoError(t, err)
	corpus, err := openTable(table, c, tokenizer.Config{}, tok, Options{})
	require.NoError(t, err)
	parts := corpus.parts.(*taskParts)
	f := parts.format
	for part := range parts.items {
		var want []string
		for _, e := range parts.reference[part] {
			want = append(want, append([]string{e.Reference}, e.Alternatives...)...)
		}
		answers, err := corpus.Text(task.PartName(part), 0)
		require.NoError(t, err)
		require.Equal(t, strings.Join(append(want, ""), "\n"), answers, what)
		samples := f.Samples(parts.items[part], 64, false)
		for _, s := range samples {
			checkSample(t, what, corpus, s)
		}
		if c.Task == "dialogue" || c.Source == "" || c.LengthControl {
			continue
		}
		for i, e := range parts.reference[part] {
			prompt, err := f.Prompt(e.Source)
			require.NoError(t, err)
			require.Equal(t, samples[i].Tokens[:len(prompt)], prompt, what)
			source, err := f.Source(e.Source)
			require.NoError(t, err)
			require.Equal(t, samples[i].Source, source, what)
		}
	}
}

// checkSample checks that the text of a sample is that of its row, with names of special tokens.
func checkSample(t *testing.T, what string, c *Corpus, s task.Sample) {
	t.Helper()
	begin, begins := c.Tokenizer.Begin()
	require.False(t, begins && slices.Contains(slices.Concat(s.Tokens, s.Targets, s.Source), begin), what)
	for _, part := range strings.Split(text(t, c, s.Tokens), "|>") {
		words, _, _ := strings.Cut(part, "<|")
		require.Equal(t, strings.TrimSpace(words), words, "%s: a space beside a special token", what)
	}
}

// A mask stands for one token of the text as it is encoded in training.
func TestMasksOfEveryTokenizer(t *testing.T) {
	for name, base := range tokenizertest.All(t, contractText) {
		tok := tokenizer.WithSpecials(base, task.Specials(task.Config{Task: "mask"}, nil)...)
		f, err := NewFormat(Config{Task: "mask"}, tok)
		require.NoError(t, err)
		plain, err := tok.Encode("the big tree")
		require.NoError(t, err)
		prompt, err := f.Prompt("the big<|mask|> tree")
		require.NoError(t, err)
		at := slices.Index(prompt, f.Mask())
		assert.Equal(t, plain[:at], prompt[:at], name)
		rest, err := tok.EncodeNext(" tree")
		require.NoError(t, err)
		assert.Equal(t, rest, prompt[at+1:], name)
		spaced, err := f.Prompt("the big <|mask|> tree")
		require.NoError(t, err)
		if tokenizer.JoinsSpaces(tok) {
			assert.Equal(t, prompt, spaced, "%s: the space belongs to the word", name)
		} else {
			assert.Equal(t, append(slices.Clone(prompt[:at]), plain[at]), spaced[:at+1], name)
		}
	}
}
