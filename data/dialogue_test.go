package data

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/task"
)

// openDialogue opens one long dialogue of speakers a and b for training, and a copy of it for
// validation.
func openDialogue(t *testing.T, c Config, turns int) *Corpus {
	t.Helper()
	c.Task = "dialogue"
	rows := []string{"# id\tturn\tspeaker\ttext\tsplit"}
	for _, part := range []string{"train", "valid"} {
		for i := range turns {
			said := strings.Repeat(string(rune('c'+i%20)), 3+i%5)
			rows = append(rows, strings.Join([]string{part, strconv.Itoa(i), []string{"a", "b"}[i%2], said, part}, "\t"))
		}
	}
	return openRows(t, c, rows...)
}

func TestEveryReplyIsATargetOnce(t *testing.T) {
	for _, tt := range []struct {
		c    Config
		want int // replies of 30 turns
	}{
		{Config{}, 29}, // the first turn is not a reply
		{Config{Reply: "a"}, 14},
		{Config{Reply: "b"}, 15},
		{Config{Reply: "b", Encoder: true}, 15},
	} {
		c := openDialogue(t, tt.c, 30)
		f, err := c.Format()
		require.NoError(t, err)
		got := map[string]int{}
		for _, s := range c.parts.(*taskParts).samples(32, task.TrainPart) {
			assert.LessOrEqual(t, len(s.Tokens), 32)
			assert.LessOrEqual(t, len(s.Source), 32)
			var reply []int
			for _, target := range s.Targets {
				if target < 0 {
					assert.Empty(t, reply, "the targets include the end of the reply")
					continue
				}
				if reply = append(reply, target); target == f.End() {
					got[text(t, c, reply)]++
					reply = nil
				}
			}
		}
		n := 0
		for _, times := range got {
			n += times
		}
		assert.Equal(t, tt.want, n)
	}
}

func TestHistoryIsTruncatedByWholeTurns(t *testing.T) {
	c := openDialogue(t, Config{Encoder: true}, 30)
	f, err := c.Format()
	require.NoError(t, err)
	f.Limit = 20
	source, err := f.Source("a: cccccc", "b: dddddd", "a: eeeeee")
	require.NoError(t, err)
	assert.Equal(t, "<|role:b|>dddddd<|end|><|role:a|>eeeeee<|end|>", text(t, c, source)) // 16 tokens; 24 would not fit
	assert.Equal(t, "the dialogue has 3 turns (24 tokens), of which the model reads 2: at most 20 tokens", f.CutNote("a: cccccc\nb: dddddd\na: eeeeee"))
	assert.Empty(t, f.CutNote("b: dddddd\na: eeeeee"))
	f.Cut = true
	source, err = f.Source("a: " + strings.Repeat("c", 50))
	require.NoError(t, err)
	assert.Equal(t, "<|role:a|>cccccccc<|end|>", text(t, c, source), "a long turn is truncated to half the context")
}

func TestDialoguePrompts(t *testing.T) {
	c := openDialogue(t, Config{Reply: "b"}, 30)
	f, err := c.Format()
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b"}, f.Speakers())
	for _, tt := range []struct{ given, want string }{
		{"ccc", "<|role:a|>ccc<|end|><|role:b|>"},
		{"ccc\nddd\neee", "<|role:a|>ccc<|end|><|role:b|>ddd<|end|><|role:a|>eee<|end|><|role:b|>"},
		{"b: ccc\nddd", "<|role:b|>ccc<|end|><|role:a|>ddd<|end|><|role:b|>"},
		{"b: ccc\na:", "<|role:b|>ccc<|end|><|role:a|>"},
		{"", "<|role:b|>"},
	} {
		prompt, err := f.Prompt(tt.given)
		require.NoError(t, err)
		assert.Equal(t, tt.want, text(t, c, prompt))
		prompt, err = f.Prompt(strings.Split(tt.given, "\n")...)
		require.NoError(t, err)
		assert.Equal(t, tt.want, text(t, c, prompt))
	}
	assert.Subset(t, f.Stops(), []int{f.End()})
	_, err = f.Prompt("é")
	assert.ErrorContains(t, err, "U+00E9")
}
