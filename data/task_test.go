package data

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/task"
	"euryale/data/tokenizer"
)

// openRows opens a table of the given rows.
func openRows(t *testing.T, c Config, rows ...string) *Corpus {
	t.Helper()
	c.Name = write(t, "rows.tsv", strings.Join(rows, "\n")+"\n")
	corpus, err := Open(c, tokenizer.Config{}, nil, Options{})
	require.NoError(t, err)
	return corpus
}

// numbered returns n rows made from a pattern, with N replaced by the number of the row.
func numbered(n int, pattern string) []string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = strings.ReplaceAll(pattern, "N", strings.Repeat("x", i%7)+string(rune('a'+i%26))+string(rune('a'+i/26)))
	}
	return rows
}

// text decodes ids without padding.
func text(t *testing.T, c *Corpus, ids []int) string {
	t.Helper()
	s, err := c.Tokenizer.Decode(slices.DeleteFunc(slices.Clone(ids), func(id int) bool { return id < 0 }))
	require.NoError(t, err)
	return s
}

func TestPairsAsOneSequence(t *testing.T) {
	c := openRows(t, Config{Task: "pairs"}, append(numbered(60, "N\tNN"), "abc\txyz")...)
	s := c.parts.(*taskParts).format.Samples([]task.Item{{Source: []int{0, 1}, Answer: []int{2, 3, 4}}}, 64, false)[0]
	f, err := c.Format()
	require.NoError(t, err)
	prompt, err := f.Prompt("abc")
	require.NoError(t, err)
	assert.Equal(t, "<|begin|>abc<|answer|>", text(t, c, prompt))
	source, err := f.Source("abc")
	require.NoError(t, err)
	assert.Nil(t, source, "no encoder, no source")
	end, _ := c.Tokenizer.Special("<|end|>")
	assert.Equal(t, end, f.End())
	assert.Equal(t, []int{2, 3, 4}, s.Tokens[4:])
	assert.Equal(t, []int{-1, -1, -1, 2, 3, 4, end}, s.Targets)
}

// With learn_source the prompt tokens are targets in training; in validation only the answer is.
func TestLearnSource(t *testing.T) {
	c := openRows(t, Config{Task: "pairs", LearnSource: true}, append(numbered(60, "N\tNN"), "abc\txyz")...)
	countTargets := func(b Batcher, err error) (n int) {
		require.NoError(t, err)
		var batch Batch
		require.NoError(t, b.Batch(0, &batch))
		for i := range batch.Tokens { // 0 after the loop if every token has a target
			if batch.Targets[i] >= 0 {
				n++
			}
			if batch.Tokens[i] >= 0 {
				n--
			}
		}
		return n
	}
	assert.Zero(t, countTargets(c.Train(2, 32, 1)))
	assert.Negative(t, countTargets(c.Valid(2, 32)))
	_, err := Config{Task: "dialogue", LearnSource: true}.resolve()
	assert.ErrorContains(t, err, "data.learn_source")
}

func TestPairsForAnEncoder(t *testing.T) {
	c := openRows(t, Config{Task: "pairs", Encoder: true}, append(numbered(60, "N\tNN"), "abc\txyz")...)
	f, err := c.Format()
	require.NoError(t, err)
	source, err := f.Source("abc")
	require.NoError(t, err)
	assert.Equal(t, "abc<|end|>", text(t, c, source))
	prompt, err := f.Prompt("abc")
	require.NoError(t, err)
	assert.Equal(t, "<|begin|>", text(t, c, prompt))
	s := c.parts.(*taskParts).format.Samples([]task.Item{{Source: []int{0, 1}, Answer: []int{2, 3, 4}}}, 64, false)[0]
	assert.Equal(t, []int{0, 1, f.End()}, s.Source)
	begin, _ := c.Tokenizer.Special("<|begin|>")
	assert.Equal(t, []int{begin, 2, 3, 4}, s.Tokens)
	assert.Equal(t, []int{2, 3, 4, f.End()}, s.Targets)
}

func TestConditionalFields(t *testing.T) {
	c := openRows(t, Config{Source: "form,title", Target: "text"},
		append([]string{"# form\ttitle\tauthor\ttext"}, numbered(60, "fN\ttN\taN\tbN")...)...)
	f, err := c.Format()
	require.NoError(t, err)
	for _, fields := range [][]string{{"fa", "ta"}, {"fa\tta"}} {
		prompt, err := f.Prompt(fields...)
		require.NoError(t, err)
		assert.Equal(t, "<|begin|>fa<|field|>ta<|answer|>", text(t, c, prompt))
	}
	prompt, err := f.Prompt("fa")
	require.NoError(t, err)
	assert.Equal(t, "<|begin|>fa<|field|><|answer|>", text(t, c, prompt), "missing fields are empty")
	_, err = f.Prompt("f", "t", "f")
	assert.ErrorContains(t, err, "3 fields were given, but the source has 2 (form,title)")
	_, err = f.Prompt("é")
	assert.ErrorContains(t, err, "U+00E9")
}

// A prompt must have exactly the tokens of training: for every validation example, with and without
// an encoder, with and without truncation, some sample begins with its prompt and has its source.
func TestPromptsAreWhatWasTrainedOn(t *testing.T) {
	long := strings.Repeat("long ", 20)
	pairs := append(numbered(80, "N\tNN"), numbered(40, long+"N\tNaN")...)
	turns := make([]string, 0, 400)
	for d := range 100 {
		id := strings.Repeat("d", d%5) + string(rune('A'+d%26)) + string(rune('A'+d/26))
		for i, said := range []string{"one " + id, "two", "three and a bit more", "four " + id} {
			turns = append(turns, id+"\t"+string(rune('0'+i))+"\t"+[]string{"A", "B"}[i%2]+"\t"+said)
		}
	}
	const context = 40
	for _, tt := range []struct {
		name string
		c    Config
		rows []string
		core func(f *task.Format, prompt []int) []int
	}{
		{"pairs", Config{Task: "pairs"}, pairs, wholePrompt},
		{"pairs with encoder", Config{Task: "pairs", Encoder: true, MaxSource: 24}, pairs, wholePrompt},
		{"dialogue with encoder", Config{Task: "dialogue", Encoder: true}, turns, wholePrompt},
		// In training several turns share a sequence, so that a turn follows more or fewer turns
		// than in a prompt, but at least one.
		{"dialogue", Config{Task: "dialogue", Reply: "B"}, turns, lastTurn},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := openRows(t, tt.c, tt.rows...)
			f, err := NewFormat(tt.c, c.Tokenizer) // as after training: from the configuration and the tokenizer alone
			require.NoError(t, err)
			f.Limit, f.Cut = context, true
			samples := c.parts.(*taskParts).samples(context, task.ValidPart)
			examples, err := c.Examples("valid")
			require.NoError(t, err)
			require.NotEmpty(t, examples)
			for _, e := range examples {
				prompt, err := f.Prompt(e.Source)
				require.NoError(t, err)
				source, err := f.Source(e.Source)
				require.NoError(t, err)
				found := slices.ContainsFunc(samples, func(s task.Sample) bool {
					return contains(s.Tokens, tt.core(f, prompt)) && slices.Equal(s.Source, source)
				})
				assert.True(t, found, "no sample for %q", e.Source)
			}
		})
	}
}

// A source that is too long is an error that says how long it may be.
func TestTooLongASource(t *testing.T) {
	const limit = 40
	dialogue := make([]string, 0, 80)
	for d := range 40 {
		id := string(rune('A' + d))
		dialogue = append(dialogue, id+"\t0\tA\ta", id+"\t1\tB\tb")
	}
	pairs := numbered(60, "N\tN")
	for _, tt := range []struct {
		c    Config
		rows []string
		most int
		want string
	}{
		// Of 40 tokens a quarter is for the answer; three are the begin, length and answer tokens.
		{Config{Task: "pairs"}, pairs, 27, "the text has 28 tokens, and the model reads 27: shorten it, or train with a larger model.context"},
		{Config{Task: "pairs", Encoder: true, MaxSource: 20}, pairs, 17, "reads 17: shorten it, or train with a larger model.source_context and data.max_source"},
		{Config{Task: "summary", Encoder: true}, pairs, 37, "reads 37: shorten it, or train with a larger model.source_context"},
		{Config{Task: "dialogue"}, dialogue, 18, "the text has 19 tokens, and the model reads 18: "},
	} {
		c := openRows(t, tt.c, tt.rows...)
		f, err := c.Format()
		require.NoError(t, err)
		f.Limit = limit
		ask := func(n int) error {
			text := strings.Repeat("a", n)
			_, err := f.Prompt(text)
			if f.HasSource() {
				_, err = f.Source(text)
			}
			return err
		}
		require.NoError(t, ask(tt.most))
		assert.ErrorContains(t, ask(tt.most+1), tt.want)
		f.Cut = true
		assert.NoError(t, ask(tt.most+1))
	}
}

// data.source_keep says what is kept of a source that is too long, in training as in prompts, and a note says
// how much of it.
func TestSourceKeep(t *testing.T) {
	const long = "abcdefghijklmnopqrstuvwxyz" // of 20 tokens a quarter is for the answer, and three are special
	rows := append(numbered(60, "N\tN"), long+"\tz")
	for keep, want := range map[string][2]string{
		"start": {"abcdefghijkl", "the source has 26 tokens, and the model reads the first 12 (data.source_keep)"},
		"end":   {"opqrstuvwxyz", "the source has 26 tokens, and the model reads the last 12 (data.source_keep)"},
		"both":  {"abcdefuvwxyz", "the source has 26 tokens, and the model reads 12 of its start and end (data.source_keep)"},
	} {
		c := openRows(t, Config{Task: "summary", SourceKeep: keep}, rows...)
		f, err := c.Format()
		require.NoError(t, err)
		f.Limit, f.Cut = 20, true
		prompt, err := f.Prompt(long)
		require.NoError(t, err)
		assert.Equal(t, "<|begin|>"+want[0]+"<|answer|>", text(t, c, prompt))
		assert.Equal(t, want[1], f.CutNote(long))
		assert.Empty(t, f.CutNote(long[:12]))
		source, err := c.Tokenizer.EncodeNext(long)
		require.NoError(t, err)
		s := f.Samples([]task.Item{{Source: source, Answer: []int{1}}}, 20, true)[0]
		assert.Equal(t, prompt, s.Tokens[:len(prompt)], "training reads the same")
		assert.True(t, s.Cut)
	}
	for _, bad := range []struct {
		c    Config
		want string
	}{
		{Config{Task: "pairs", SourceKeep: "middle"}, `data.source_keep is "middle": it must be one of start, end, both`},
		{Config{Task: "dialogue", SourceKeep: "end"}, `data.source_keep is "end", and data.task is "dialogue"`},
		{Config{SourceKeep: "both"}, `data.source_keep is "both", and data.task is "lm"`},
	} {
		_, err := bad.c.resolve()
		assert.ErrorContains(t, err, bad.want)
	}
}

// wholePrompt returns prompt.
func wholePrompt(_ *task.Format, prompt []int) []int { return prompt }

// lastTurn returns the last complete turn of a prompt and the role token after it.
func lastTurn(f *task.Format, prompt []int) []int {
	for i := len(prompt) - 2; i > 0; i-- {
		if prompt[i] != f.End() && slices.Contains(f.Stops(), prompt[i]) {
			return prompt[i:]
		}
	}
	return prompt
}

// contains reports whether part is a subslice of whole.
func contains(whole, part []int) bool {
	for i := range whole {
		if i+len(part) <= len(whole) && slices.Equal(whole[i:i+len(part)], part) {
			return true
		}
	}
	return false
}

func TestLengthControl(t *testing.T) {
	c := openRows(t, Config{Task: "summary", LengthControl: true}, numbered(60, "N N N\tN")...)
	f, err := c.Format()
	require.NoError(t, err)
	for length, want := range map[int]string{0: "<|length:32|>", 3: "<|length:4|>", 9: "<|length:16|>", 9999: "<|length:256|>"} {
		f.Length = length
		prompt, err := f.Prompt("a")
		require.NoError(t, err)
		assert.Equal(t, "<|begin|>a"+want+"<|answer|>", text(t, c, prompt))
	}
	s := f.Samples([]task.Item{{Source: []int{0}, Answer: []int{1, 1, 1, 1, 1}}}, 64, false)[0]
	assert.Contains(t, text(t, c, s.Tokens), "<|length:8|>")
}

func TestSplitKeepsKeysTogether(t *testing.T) {
	rows := numbered(200, "N\t1N")
	rows = append(rows, numbered(200, "N\t2N")...) // every source twice
	c := openRows(t, Config{Task: "pairs"}, rows...)
	parts := [2]map[string]bool{}
	for i, part := range []string{"train", "valid"} {
		examples, err := c.Examples(part)
		require.NoError(t, err)
		parts[i] = map[string]bool{}
		for _, e := range examples {
			parts[i][e.Source] = true
			assert.Len(t, e.Alternatives, 1, "the other answer is in the same part")
		}
	}
	assert.InDelta(t, 20, len(parts[1]), 12) // a tenth of 200; binomial, standard deviation 4.2
	for source := range parts[1] {
		assert.NotContains(t, parts[0], source)
	}
}

func TestSplitColumn(t *testing.T) {
	rows := []string{"# split\ta\tb"}
	for i, part := range []string{"train", "dev", "test", "train", "valid"} {
		rows = append(rows, part+"\tq"+string(rune('0'+i))+"\tr")
	}
	c := openRows(t, Config{Task: "summary", Source: "a", Target: "b"}, rows...)
	for part, want := range map[string]string{"train": "q0 q3", "valid": "q1 q4", "test": "q2"} {
		examples, err := c.Examples(part)
		require.NoError(t, err)
		var got []string
		for _, e := range examples {
			got = append(got, e.Source)
		}
		assert.Equal(t, want, strings.Join(got, " "))
	}
	_, err := c.Examples("all")
	assert.ErrorContains(t, err, "the parts are train, valid and test")
}

func TestTableErrors(t *testing.T) {
	for _, bad := range []struct {
		c    Config
		rows string
		want string
	}{
		{Config{Task: "pairs"}, "a\tb\nc\n", "rows.tsv:2: 1 columns where 2 are expected"},
		{Config{Task: "pairs"}, "# x\ty\na\tb\tc\n", "rows.tsv:2: 3 columns where 2 are expected"},
		{Config{Task: "pairs"}, "a\t\n", "rows.tsv:1: the answer is empty"},
		{Config{Task: "pairs", Source: "4", Target: "1"}, "a\tb\n", "columns 1 to 2"},
		{Config{Task: "pairs", Source: "x", Target: "1"}, "a\tb\n", "has no header"},
		{Config{Task: "pairs", Source: "x", Target: "1"}, "# a\tb\na\tb\n", "has no column \"x\": its columns are a, b"},
		{Config{Task: "pairs"}, "# split\tb\ntrain\tb\n", "column 1 is the split column"},
		{Config{Task: "pairs", Source: "2", Target: "3"}, "# split\tb\tc\nmaybe\tb\tc\n", "rows.tsv:2: split column: there is no part \"maybe\""},
		{Config{Task: "pairs", Invalid: "refuse"}, "a\tb\nb\xff\tc\n", "rows.tsv:2: byte offset 1: byte 0xff"},
		{Config{Task: "pairs"}, "", "the table has no rows"},
		{Config{Task: "dialogue"}, "a\tb\n", "2 columns: a table of dialogues has id, turn, speaker, text"},
		{Config{Task: "dialogue"}, "d\t0\tA\thi\nd\t0\tB\tho\n", "rows.tsv:2: turn \"0\" does not follow turn 0"},
		{Config{Task: "dialogue"}, "d\t0\tA\thi\ne\t0\tB\tho\nd\t1\tB\tho\n", "rows.tsv:3: dialogue d continues here"},
		{Config{Task: "dialogue", Reply: "C"}, "d\t0\tA\thi\nd\t1\tB\tho\n", "there is no speaker \"C\" in this corpus: the speakers are A, B"},
		{Config{Task: "pairs", Order: "sequential"}, "a\tb\n", "data.order is sequential"},
		{Config{Task: "pairs", MaxSource: 3}, "a\tb\n", "data.max_source is 3"},
		{Config{Encoder: true}, "a", "plain text has no source for an encoder"},
	} {
		bad.c.Name = write(t, "rows.tsv", bad.rows)
		_, err := Open(bad.c, tokenizer.Config{}, nil, Options{})
		assert.ErrorContains(t, err, bad.want)
	}
}

func TestTableWithKnownTokenizer(t *testing.T) {
	c := Config{Task: "pairs", Name: write(t, "rows.tsv", "\ufeff# x\ty\na\tb\na\té\n")}
	_, err := Open(c, tokenizer.Config{}, tokenizer.NewChar("ab"), Options{})
	assert.ErrorContains(t, err, "rows.tsv:3: character \"é\" (U+00E9) at byte offset 0")
	_, err = Open(c, tokenizer.Config{Kind: "bppe"}, nil, Options{})
	assert.ErrorContains(t, err, `tokenizer.kind is "bppe": it must be char, byte, word, bpe or the path of a tokenizer file`)
	for _, kind := range []string{"byte", "bpe", "word"} {
		corpus, err := Open(c, tokenizer.Config{Kind: kind, Vocab: 300}, nil, Options{})
		require.NoError(t, err)
		again, err := Open(c, tokenizer.Config{}, corpus.Tokenizer, Options{})
		require.NoError(t, err)
		assert.Equal(t, corpus.Tokenizer, again.Tokenizer, "it has the special tokens already")
	}
}

func TestTableWithoutSource(t *testing.T) {
	c := openRows(t, Config{Target: "2"}, numbered(60, "N\tNN")...)
	f, err := c.Format()
	require.NoError(t, err)
	prompt, err := f.Prompt("ab")
	require.NoError(t, err)
	assert.Equal(t, "<|begin|><|answer|>ab", text(t, c, prompt), "the prompt begins the answer")
}

func TestRaggedRowsAreSkippedAndCounted(t *testing.T) {
	rows := append(numbered(60, "N\tN"), "a", "a\tb\tc", "a\t")
	c := openRows(t, Config{Task: "pairs", Ragged: "skip"}, rows...)
	assert.Equal(t, []string{"3 ragged rows skipped"}, c.Info.Notes)
	assert.Contains(t, c.Describe(), "3 ragged rows skipped")
}

func TestTextOfAPart(t *testing.T) {
	pairs := openRows(t, Config{Task: "summary", Source: "a", Target: "b"}, "# split\ta\tb", "train\tx\tcat", "valid\tx\tdog", "train\ty\tcow")
	dialogue := openRows(t, Config{Task: "dialogue", Reply: "b"}, "# id\tturn\tspeaker\ttext\tsplit",
		"1\t0\ta\thi\ttrain", "1\t1\tb\tho\ttrain", "1\t2\ta\tha\ttrain", "1\t3\tb\they\ttrain")
	plain, err := Open(Config{Name: write(t, "x.txt", "abcdefghij"), Split: 0.8}, tokenizer.Config{}, nil, Options{})
	require.NoError(t, err)
	for _, tt := range []struct {
		c      *Corpus
		part   string
		tokens int
		want   string
	}{
		{pairs, "train", 0, "cat\ncow\n"}, {pairs, "valid", 0, "dog\n"}, {pairs, "test", 0, ""}, {pairs, "train", 4, "cat\nc\n"},
		{dialogue, "train", 0, "ho\nhey\n"},
		{plain, "train", 0, "abcdefgh"}, {plain, "valid", 0, "ij"}, {plain, "test", 0, ""}, {plain, "train", 3, "abc"},
	} {
		got, err := tt.c.Text(tt.part, tt.tokens)
		require.NoError(t, err)
		assert.Equal(t, tt.want, got)
	}
	_, err = plain.Text("all", 0)
	assert.ErrorContains(t, err, "the parts are train, valid and test")
}

func TestEmptyPart(t *testing.T) {
	c := openRows(t, Config{Task: "pairs", Source: "a", Target: "b"}, "# split\ta\tb", "train\ta\tb")
	_, err := c.Valid(2, 32)
	assert.ErrorContains(t, err, "valid part: the part has no example")
	_, err = c.Train(2, 8, 1)
	assert.ErrorContains(t, err, "a context of 8 tokens is too small")
}
