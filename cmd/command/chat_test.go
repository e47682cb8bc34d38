package command

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/generation"
)

// chatRun trains a small model on dialogues in which b repeats the letter that a said first.
func chatRun(t *testing.T, sets ...string) string {
	t.Helper()
	var rows strings.Builder
	for i := range 60 {
		x, y := string(rune('p'+i%3)), string(rune('s'+i%4))
		for turn, text := range []string{x, y, y, x} {
			fmt.Fprintf(&rows, "%d\t%d\t%c\t%s\n", i, turn, 'a'+turn%2, strings.Repeat(text, 2))
		}
	}
	return newRun(t, append([]string{"data.task=dialogue", "model.context=64", "data.name=" + file(t, "chat.tsv", rows.String())}, sets...)...)
}

// answersOf returns the objects that generate prints.
func answersOf(t *testing.T, stdin string, args ...string) (answers []generation.Result, stderr string) {
	t.Helper()
	code, out, stderr := callWith(t, stdin, "generate", append(args, "-temperature", "0", "-tokens", "6", "-format", "json")...)
	require.Equal(t, 0, code, stderr)
	for line := range strings.SplitSeq(strings.TrimSpace(out), "\n") {
		var r generation.Result
		require.NoError(t, json.Unmarshal([]byte(line), &r), line)
		answers = append(answers, r)
	}
	return answers, stderr
}

// A conversation is answered as the same turns at once are; a turn that cannot be read is reported and
// forgotten, and /reset forgets all.
func TestConversation(t *testing.T) {
	for name, sets := range map[string][]string{
		"gpt":             nil,
		"encoder-decoder": {"model.name=transformer", "model.source_context=64"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := chatRun(t, sets...)
			answers, stderr := answersOf(t, "pp\nunknown\nss\nb: tt\n/reset\npp\n", "-run", dir, "-interactive")
			require.Len(t, answers, 4)
			assert.Contains(t, stderr, "/reset forgets them")
			assert.Contains(t, stderr, `speaks as a or b`)
			assert.Contains(t, stderr, `character "n" (U+006E) at byte offset 1`)
			for i, prompt := range []string{"pp", "ss", "b: tt", "pp"} {
				assert.Equal(t, prompt, answers[i].Prompt)
			}
			turns := []string{"a: pp"}
			for i, next := range []string{"a: ss", "b: tt", ""} {
				want, _ := answersOf(t, "", "-run", dir, "-prompt", strings.Join(turns, "\n"))
				assert.Equal(t, want[0].Tokens, answers[i].Tokens, "%q", turns)
				if strings.TrimSpace(answers[i].Text) != "" {
					turns = append(turns, "b: "+answers[i].Text)
				}
				turns = append(turns, next)
			}
			assert.Equal(t, answers[0].Tokens, answers[3].Tokens, "after /reset as at the start")

			one, _ := answersOf(t, "pp\nss\n", "-run", dir, "-interactive", "-samples", "2")
			assert.Len(t, one, 4, "two objects for each line")
			code, out, stderr := callWith(t, "pp\n", "generate", "-run", dir, "-interactive", "-tokens", "3")
			require.Equal(t, 0, code, stderr)
			assert.NotContains(t, out, "conversation", "notes are no part of the output")
		})
	}
	dir := newRun(t)
	answers, stderr := answersOf(t, "/reset\n", "-run", dir, "-interactive")
	assert.Len(t, answers, 1, "a line like others for a model without dialogues")
	assert.NotContains(t, stderr, "conversation")
}

// A conversation of any length is answered: the last whole turns that fit are read.
func TestLongConversation(t *testing.T) {
	dir := chatRun(t, "training.steps=2")
	answers, _ := answersOf(t, strings.Repeat("ppssppss\n", 20), "-run", dir, "-interactive")
	assert.Len(t, answers, 20)
}
