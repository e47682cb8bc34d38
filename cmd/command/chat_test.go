package command

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/generation"
	"euryale/training"
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

// The commands of a conversation do what /help says of them; what is wrong is said, and the conversation
// goes on.
func TestChatCommands(t *testing.T) {
	dir := chatRun(t, "training.steps=2")
	saved := filepath.Join(t.TempDir(), "chat.jsonl")
	lines := []string{"pp", "ss", "/save " + saved, "/undo", "ss", "/undo", "/undo", "/undo", "/save " + saved, "/save", "/reset now", "/seed -1",
		"/temperature warm", "/temperature -1", "/rest", "/help", "pp", "/save " + saved, "/save " + dir}
	answers, stderr := answersOf(t, strings.Join(lines, "\n")+"\n", "-run", dir, "-interactive")
	require.Len(t, answers, 4)
	assert.Equal(t, answers[1].Tokens, answers[2].Tokens, "after /undo as before")
	assert.Equal(t, answers[0].Tokens, answers[3].Tokens)
	said := func(answers ...generation.Result) string { // the turns of these exchanges
		n := len(answers)
		for _, r := range answers {
			if strings.TrimSpace(r.Text) != "" {
				n++
			}
		}
		return fmt.Sprintf("turns in %s: %d\n", saved, n)
	}
	for _, want := range []string{said(answers[:2]...), said(answers[3]), "forgotten: a: ss\n", "/undo: there is no turn to forget", "/save " + saved + ": the conversation has no turns",
		"/save: want FILE after it", "/reset now: want nothing after /reset", "/seed -1: want a whole number, 0 or more", "/temperature warm: want a number",
		"/temperature -1: temperature = -1, want 0 (greedy) or more", `there is no command /rest: did you mean /reset?`, "/save FILE      write the conversation",
		"/save " + dir + ": the file is there already: name another"} {
		assert.Contains(t, stderr, want)
	}
	raw, err := os.ReadFile(saved)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(raw), `{"messages":[{"role":"a","content":"pp"}`), string(raw))

	greedy, _ := answersOf(t, "pp\n", "-run", dir, "-interactive")
	code, out, stderr := callWith(t, "pp\n/reset\n/seed 7\npp\n/reset\n/temperature 0\npp\n", "generate", "-run", dir, "-interactive", "-tokens", "6", "-temperature", "3", "-format", "json")
	require.Equal(t, 0, code, stderr)
	results := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, results, 3)
	var seeded, cold generation.Result
	require.NoError(t, json.Unmarshal([]byte(results[1]), &seeded))
	require.NoError(t, json.Unmarshal([]byte(results[2]), &cold))
	assert.Equal(t, uint64(7), seeded.Seed)
	assert.Equal(t, greedy[0].Tokens, cold.Tokens)
}

// A system message is read and not answered, and stays when the turns after it are forgotten.
func TestSystemMessage(t *testing.T) {
	var rows strings.Builder
	for i := range 40 {
		x := string(rune('p' + i%3))
		fmt.Fprintf(&rows, `{"messages": [{"role": "system", "content": "rules"}, {"role": "user", "content": "%[1]s%[1]s"}, {"role": "assistant", "content": "%[1]s"}]}`+"\n", x)
	}
	dir := newRun(t, "data.task=dialogue", "model.context=64", "training.steps=2", "data.name="+file(t, "chat.jsonl", rows.String()))
	long := strings.Repeat("pppqqqrrr\n", 8)
	saved := filepath.Join(t.TempDir(), "chat.jsonl")
	answers, stderr := answersOf(t, "system: rules\n"+long+"/save "+saved+"\n", "-run", dir, "-interactive")
	require.Len(t, answers, 8, stderr)
	raw, err := os.ReadFile(saved)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(raw), `{"messages":[{"role":"system","content":"rules"},{"role":"user","content":"pppqqqrrr"}`), string(raw))

	s, err := training.Open(dir, false)
	require.NoError(t, err)
	g, err := s.Generator()
	require.NoError(t, err)
	p, err := g.Prompt("system: rules\n" + strings.Repeat("user: pppqqqrrr\nassistant: p\n", 8) + "user: q")
	require.NoError(t, err)
	text, err := g.Tokenizer.Decode(p.Tokens)
	require.NoError(t, err)
	const pair = "<|role:user|>pppqqqrrr<|end|><|role:assistant|>p<|end|>"
	assert.Equal(t, "<|role:system|>rules<|end|>"+pair[len(pair)-26:]+strings.Repeat(pair, 2)+"<|role:user|>q<|end|><|role:assistant|>", text, "of 48 tokens 7 + 3 + 2·14 + 3")
}
