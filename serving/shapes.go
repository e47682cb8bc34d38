package serving

import "euryale/generation"

// The shapes of responses are those of https://platform.openai.com/docs/api-reference, to which choices
// add "reason", why a text ended in the words of generation.Result, and responses "seed".

// completion is a response of /v1/completions, and a piece of its stream.
type completion struct {
	ID          string             `json:"id"`
	Object      string             `json:"object"`
	Created     int64              `json:"created"`
	Model       string             `json:"model"`
	Fingerprint string             `json:"system_fingerprint"`
	Choices     []completionChoice `json:"choices"`
	Usage       any                `json:"usage,omitempty"` // usage; in a stream that will end with it, null
	Seed        uint64             `json:"seed"`
}

type completionChoice struct {
	Text         string         `json:"text"`
	Index        int            `json:"index"`
	Logprobs     *tokenLogprobs `json:"logprobs"`
	FinishReason *string        `json:"finish_reason"`
	Reason       string         `json:"reason,omitempty"`
}

// tokenLogprobs are the tokens of a text, each with its place in characters (code points).
type tokenLogprobs struct {
	Tokens        []string             `json:"tokens"`
	TokenLogprobs []*float64           `json:"token_logprobs"`
	TopLogprobs   []map[string]float64 `json:"top_logprobs"`
	TextOffset    []int                `json:"text_offset"`
	IDs           []int                `json:"token_ids"`     // ours
	TopIDs        []map[string]int     `json:"top_token_ids"` // ours
}

// usage counts the tokens of a request.
type usage struct {
	PromptTokens     int           `json:"prompt_tokens"`
	CompletionTokens int           `json:"completion_tokens"`
	TotalTokens      int           `json:"total_tokens"`
	PromptDetails    promptDetails `json:"prompt_tokens_details"`
}

type promptDetails struct {
	CachedTokens int `json:"cached_tokens"`
}

// finish returns OpenAI's word for why a text ended.
func finish(reason string) *string {
	word := "stop"
	if reason == generation.ReasonLength || reason == generation.ReasonTime {
		word = "length"
	}
	return &word
}

// chatCompletion is a response of /v1/chat/completions.
type chatCompletion struct {
	ID          string       `json:"id"`
	Object      string       `json:"object"`
	Created     int64        `json:"created"`
	Model       string       `json:"model"`
	Fingerprint string       `json:"system_fingerprint"`
	Choices     []chatChoice `json:"choices"`
	Usage       any          `json:"usage,omitempty"`
	Seed        uint64       `json:"seed"`
}

// chatChoice has a message, or in a stream a delta.
type chatChoice struct {
	Index        int           `json:"index"`
	Message      *chatReply    `json:"message,omitempty"`
	Delta        *chatDelta    `json:"delta,omitempty"`
	Logprobs     *chatLogprobs `json:"logprobs"`
	FinishReason *string       `json:"finish_reason"`
	Reason       string        `json:"reason,omitempty"`
}

type chatReply struct {
	Role    string  `json:"role"`
	Content string  `json:"content"`
	Refusal *string `json:"refusal"`
}

type chatDelta struct {
	Role    string  `json:"role,omitempty"`
	Content *string `json:"content,omitempty"`
}

type chatLogprobs struct {
	Content []chatToken `json:"content"`
	Refusal []chatToken `json:"refusal"`
}

type chatToken struct {
	Token   string          `json:"token"`
	Logprob float64         `json:"logprob"`
	Bytes   []int           `json:"bytes"`
	Top     []chatCandidate `json:"top_logprobs"`
	ID      int             `json:"token_id"` // ours
}

type chatCandidate struct {
	Token   string  `json:"token"`
	Logprob float64 `json:"logprob"`
	Bytes   []int   `json:"bytes"`
	ID      int     `json:"token_id"` // ours
}
