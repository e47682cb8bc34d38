package serving

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A prompt and messages are tokenized as completions and chats read them, which continue from the tokens.
func TestTokenizeAsTheModelReads(t *testing.T) {
	_, url := serverOf(t, Options{}, runOf(t, "small"), runOf(t, "chat", "user", "assistant"))
	tokens := func(body string) []int {
		status, _, raw := post(t, url+"/tokenize", body)
		require.Equal(t, 200, status, string(raw))
		var answer tokenized
		require.NoError(t, json.Unmarshal(raw, &answer))
		assert.Equal(t, len(answer.Tokens), answer.Count)
		assert.Len(t, answer.Texts, answer.Count)
		return answer.Tokens
	}
	g := generatorOf(t)
	for _, text := range []string{"abc", ""} {
		p, err := g.Prompt(text)
		require.NoError(t, err)
		assert.Equal(t, p.Tokens, tokens(`{"prompt": "`+text+`"}`), text)
	}
	chat, err := generatorOf(t, "user", "assistant").Prompt("user: abc")
	require.NoError(t, err)
	assert.Equal(t, chat.Tokens, tokens(`{"model": "chat", "messages": [{"role": "user", "content": "abc"}]}`))
	for body, want := range map[string]string{
		`{}`:              "text, prompt and messages are missing",
		`{"prompt": "Z"}`: "is not in the vocabulary",
		`{"messages": [{"role": "user", "content": "a"}]}`: "",
	} {
		status, _, raw := post(t, url+"/tokenize", body)
		assert.Equal(t, 400, status, string(raw))
		assert.Contains(t, string(raw), want)
	}
}
