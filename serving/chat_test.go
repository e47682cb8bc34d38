package serving

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/generation"
)

// A chat is answered as the same turns are by generate, whole and streamed, and by the speakers' names as
// by OpenAI's roles. The state of a turn is known to the next.
func TestChat(t *testing.T) {
	_, url := serverOf(t, Options{}, runOf(t, "small", "system", "user", "bot"))
	g := generatorOf(t, "system", "user", "bot")
	p, err := g.Prompt("system: 春秋\nuser: abc\n\tdef\nbot: fed\nuser: aabbccddeeffgghhii\nbot:")
	require.NoError(t, err)
	want, err := g.Generate(context.Background(), p, generation.Settings{Tokens: 12, MinTokens: 5, Temperature: 0.9, TopP: 1, Seed: 4}, 1, nil)
	require.NoError(t, err)
	const rest = `"max_completion_tokens": 12, "min_tokens": 5, "temperature": 0.9, "seed": 4}`
	const turns = `{"messages": [{"role": "developer", "content": "春秋"}, {"role": "user", "content": "abc\ndef"}, {"role": "assistant", "content": "fed"},
		{"role": "user", "content": [{"type": "text", "text": "aabbccddeeffgghhii"}]}], `
	for _, cached := range []bool{false, true} {
		status, _, raw := post(t, url+"/v1/chat/completions", turns+rest)
		require.Equal(t, 200, status, string(raw))
		var c chatCompletion
		require.NoError(t, json.Unmarshal(raw, &c))
		assert.Equal(t, "chat.completion", c.Object)
		assert.Equal(t, want[0].Text, c.Choices[0].Message.Content)
		assert.Equal(t, cached, c.Usage.(map[string]any)["prompt_tokens_details"].(map[string]any)["cached_tokens"].(float64) > 0)
	}
	text := ""
	for _, chunk := range chunksOf[chatCompletion](t, url+"/v1/chat/completions", turns+`"stream": true, `+rest) {
		assert.Equal(t, "chat.completion.chunk", chunk.Object)
		if d := chunk.Choices[0].Delta; d.Content != nil {
			text += *d.Content
		}
	}
	assert.Equal(t, want[0].Text, text)
	for body, message := range map[string]string{
		`{"messages": []}`: "messages is empty",
		`{"messages": [{"role": "tool", "content": "a"}]}`:                       "there is no role",
		`{"messages": [{"role": "user", "content": "é"}]}`:                       "not in the vocabulary",
		`{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}`:   "read texts alone",
		`{"messages": [{"role": "user", "content": "a"}], "tools": [{"x": 1}]}`:  "call no functions",
		`{"messages": [{"role": "user", "content": "a"}], "top_logprobs": 2}`:    "goes with logprobs",
		`{"messages": [{"role": "user", "content": "a"}], "max_tokens": 100000}`: "want from 1 to 4096",
	} {
		status, _, raw := post(t, url+"/v1/chat/completions", body)
		assert.Equal(t, 400, status)
		assert.Contains(t, string(raw), message)
	}
}
