package task

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// notesOf returns the notes of a table with these lines.
func notesOf(t *testing.T, c Config, lines ...string) []string {
	t.Helper()
	table, err := parseTable(strings.NewReader(strings.Join(lines, "\n")), "rows.tsv", c)
	require.NoError(t, err)
	r, err := ReadRows(table, c)
	require.NoError(t, err)
	return r.Notes()
}

// pairsOf is the configuration of pairs of two columns.
func pairsOf() Config { return Config{Task: "pairs", Source: "1", Target: "2", Split: 0.9} }

func TestExchangedRows(t *testing.T) {
	good := []string{"I see.\t我明白了。", "Stop!\t住手！", "Run.\t跑。", "It is 3 o'clock.\t三点了。"}
	assert.Empty(t, notesOf(t, pairsOf(), good...))
	assert.Equal(t, []string{"in 1 of 5 rows source and answer seem to be exchanged: the source has Chinese characters and the answer Latin letters, unlike most rows; the first is rows.tsv:3"},
		notesOf(t, pairsOf(), append([]string{good[0], good[1], "你好。\tHello."}, good[2:]...)...))
	assert.Equal(t, []string{`the source (data.source) is the column "Chinese (simplified)", and has Latin letters: the columns of the table seem to be exchanged`},
		notesOf(t, pairsOf(), append([]string{"# Chinese (simplified)\tEnglish"}, good...)...))
	assert.Empty(t, notesOf(t, pairsOf(), append([]string{"# English\tChinese"}, good...)...))
	assert.Empty(t, notesOf(t, pairsOf(), "# 日本語\ten", "日本\tJapan", "これは本です\tThis is a book", "東京\tTokyo"), "words of Chinese characters alone are Japanese too")
	summary := Config{Task: "summary", Source: "1", Target: "2", Split: 0.9}
	assert.Equal(t, []string{"2 of 2 summaries are longer than their source: data.source and data.target seem to be exchanged"}, notesOf(t, summary, "a tool\ta tool for many things", "b\tbb"))
}

func TestRepeatsAcrossParts(t *testing.T) {
	c := pairsOf()
	c.Source, c.Target = "2", "3"
	rows := []string{"# split\ten\tde", "train\ta\tA", "train\ta\tAA", "train\tb\tB", "test\ta\tAAA", "test\tc\tC", "valid\tb\tB", "test\tb\tB"}
	assert.Equal(t, []string{"1 rows of the validation part repeat a source of the training part, 2 rows of the test part repeat a source of the training part: " +
		"what is measured on them is not measured on unseen text; correct the split column, or leave data.key empty so that rows with the same source stay in one part"}, notesOf(t, c, rows...))

	var many []string // without a split column a source stays in one part
	for i := range 300 {
		many = append(many, string(rune('a'+i%30))+"\t"+string(rune('a'+i%7)))
	}
	assert.Empty(t, notesOf(t, Config{Task: "pairs", Source: "1", Target: "2", Split: 0.5, Test: 0.25}, many...))

	dialogue := Config{Task: "dialogue", Split: 0.5}
	var turns []string
	for _, id := range []string{"a", "b", "c", "d", "e", "f"} { // the same dialogue under six ids
		turns = append(turns, id+"\t0\tx\tHi.", id+"\t1\ty\tHello.")
	}
	notes := notesOf(t, dialogue, turns...)
	require.Len(t, notes, 1)
	assert.Regexp(t, `^\d dialogues of the validation part repeat one of the training part: .* name a column in data.key that such dialogues share$`, notes[0])
}

// White space is no answer.
func TestBlankAnswers(t *testing.T) {
	table, err := parseTable(strings.NewReader("a\tb\nc\t  "), "rows.tsv", pairsOf())
	require.NoError(t, err)
	_, err = ReadRows(table, pairsOf())
	assert.EqualError(t, err, `rows.tsv:2: the answer is empty: correct the row, or skip such rows with data.ragged = "skip"`)
}
