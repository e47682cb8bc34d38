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

// The same dialogue under several names may be in several parts. Without a split column a source of pairs is in one part.
func TestRepeatsAcrossParts(t *testing.T) {
	var turns []string
	for _, id := range []string{"a", "b", "c", "d", "e", "f"} {
		turns = append(turns, id+"\t0\tx\tHi.", id+"\t1\ty\tHello.")
	}
	notes := notesOf(t, Config{Task: "dialogue", Split: 0.5}, turns...)
	require.Len(t, notes, 1)
	assert.Regexp(t, `^(\d) of the \d dialogues of the validation part are in the training part too: .* name a column in data.key that such dialogues share$`, notes[0])

	seen := map[string]int{}
	var many []string
	for i := range 300 {
		many = append(many, string(rune('a'+i%30))+"\t"+string(rune('a'+i%7)))
	}
	table, err := parseTable(strings.NewReader(strings.Join(many, "\n")), "rows.tsv", pairsOf())
	require.NoError(t, err)
	r, err := ReadRows(table, Config{Task: "pairs", Source: "1", Target: "2", Split: 0.5, Test: 0.25})
	require.NoError(t, err)
	for part := range r.pairs {
		require.NotEmpty(t, r.pairs[part])
		for _, p := range r.pairs[part] {
			first, known := seen[p.fields[0]]
			assert.True(t, !known || first == part, "%s is in two parts", p.fields[0])
			seen[p.fields[0]] = part
		}
	}
}

// White space is no answer.
func TestBlankAnswers(t *testing.T) {
	table, err := parseTable(strings.NewReader("a\tb\nc\t  "), "rows.tsv", pairsOf())
	require.NoError(t, err)
	_, err = ReadRows(table, pairsOf())
	assert.EqualError(t, err, `rows.tsv:2: the answer is empty: correct the row, or skip such rows with data.ragged = "skip"`)
}
