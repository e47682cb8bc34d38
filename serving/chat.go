package serving

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"euryale/generation"
)

// chatRequest is the body of /v1/chat/completions.
type chatRequest struct {
	Model               string         `json:"model"`
	Messages            []message      `json:"messages"`
	MaxTokens           *int           `json:"max_tokens"`
	MaxCompletionTokens *int           `json:"max_completion_tokens"`
	N                   *int           `json:"n"`
	Logprobs            bool           `json:"logprobs"`
	TopLogprobs         *int           `json:"top_logprobs"`
	Stream              bool           `json:"stream"`
	StreamOptions       *streamOptions `json:"stream_options"`

	Tools        json.RawMessage `json:"tools"`
	ToolChoice   json.RawMessage `json:"tool_choice"`
	Functions    json.RawMessage `json:"functions"`
	FunctionCall json.RawMessage `json:"function_call"`
	Audio        json.RawMessage `json:"audio"`
	Modalities   []string        `json:"modalities"`
	sampling
}

// check returns what contradicts what.
func (q *chatRequest) check(limits Limits) *apiError {
	_, _, err := counts(q.N, nil, limits.Choices)
	switch {
	case err != nil:
		return err
	case given(q.Tools) || given(q.Functions):
		return invalid("tools", "tools: the models of this server call no functions: leave them out, or ask for JSON by response_format")
	case given(q.Audio) || len(q.Modalities) > 1 || len(q.Modalities) == 1 && q.Modalities[0] != "text":
		return invalid("modalities", "modalities: the models of this server write texts alone")
	case q.tokens() < 0 || q.tokens() > limits.Tokens:
		return invalid("max_completion_tokens", "max_completion_tokens = %d, want from 1 to %d", q.tokens(), limits.Tokens)
	case q.TopLogprobs != nil && !q.Logprobs:
		return invalid("top_logprobs", "top_logprobs goes with logprobs = true alone")
	case q.StreamOptions != nil && !q.Stream:
		return invalid("stream_options", "stream_options goes with stream = true alone")
	}
	return alternatives("top_logprobs", valueOr(q.TopLogprobs, 0))
}

// given reports whether a parameter has a value that is neither null nor empty.
func given(raw json.RawMessage) bool {
	text := strings.TrimSpace(string(raw))
	return text != "" && text != "null" && text != "[]"
}

// tokens returns the most tokens of a reply; 0: as many as fit.
func (q *chatRequest) tokens() int { return valueOr(q.MaxCompletionTokens, valueOr(q.MaxTokens, 0)) }

// chatting is a chat request while it is answered.
type chatting struct {
	*chatRequest
	head     chatCompletion
	prompt   generation.Prompt
	requests []*generation.Request
	choices  []chatChoice
	usage    usage
}

// chat answers /v1/chat/completions.
func (s *Server) chat(w http.ResponseWriter, r *http.Request) *apiError {
	begun := time.Now()
	var q chatRequest
	if err := s.decode(w, r, &q); err != nil {
		return err
	}
	run, err := s.run(q.Model)
	if err == nil {
		err = q.check(s.limits)
	}
	if err != nil {
		return err
	}
	l, release := run.use()
	defer release()
	c, err := q.begin(l, run.Name, s.limits)
	if err != nil {
		return err
	}
	c.head = chatCompletion{ID: newID("chatcmpl-"), Object: "chat.completion", Created: time.Now().Unix(), Model: run.Name, Fingerprint: l.fingerprint, Seed: c.requests[0].Settings.Seed}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	mail, problem := ask(ctx, l.engine, c.requests)
	if problem != nil {
		return asError(problem)
	}
	s.noteBegin(r, run.Name, []generation.Prompt{c.prompt}, len(c.requests))
	mail.first = func() { s.metrics.first.WithLabelValues(run.Name).Observe(time.Since(begun).Seconds()) }
	defer func() { s.noteEnd(r, run.Name, c.usage, c.written) }()
	if q.Stream {
		s.streamChat(ctx, w, c, mail)
		return nil
	}
	if err := mail.follow(ctx, len(c.requests), func(e event) error { c.collect(e); return nil }); err != nil {
		return asError(err)
	}
	c.head.Choices, c.head.Usage = c.choices, c.usage
	writeJSON(w, http.StatusOK, c.head)
	return nil
}

// begin reads the messages and prepares the requests of the engine.
func (q *chatRequest) begin(l *loaded, name string, limits Limits) (*chatting, *apiError) {
	c := &chatting{chatRequest: q}
	var err *apiError
	if c.prompt, err = chatPrompt(l, name, q.Messages); err != nil {
		return nil, err
	}
	left, err := room(l.engine, c.prompt)
	if err != nil {
		return nil, err
	}
	tokens := q.tokens()
	if tokens == 0 {
		if tokens = limits.Tokens; left > 0 {
			tokens = min(tokens, left)
		}
	}
	set, err := q.settings(l.gen, tokens, limits)
	if err != nil {
		return nil, err
	}
	if q.Logprobs {
		set.TopLogprobs = max(1, valueOr(q.TopLogprobs, 0))
	}
	n := valueOr(q.N, 1)
	for i := range n {
		c.requests = append(c.requests, &generation.Request{Prompt: c.prompt, Settings: set, Index: i, Scores: -1, Continues: true})
		c.choices = append(c.choices, chatChoice{Index: i, Message: &chatReply{Role: "assistant"}})
		if q.Logprobs {
			c.choices[i].Logprobs = chatTokens(nil, 0)
		}
	}
	return c, nil
}

// collect makes an event part of its reply, and returns what it adds.
func (c *chatting) collect(e event) chatChoice {
	t := &c.choices[e.choice]
	added := chatChoice{Index: e.choice, Delta: &chatDelta{}}
	if e.piece.Text != "" {
		added.Delta.Content = &e.piece.Text
		t.Message.Content += e.piece.Text
	}
	if c.Logprobs && len(e.piece.Steps) > 0 {
		added.Logprobs = chatTokens(e.piece.Steps, valueOr(c.TopLogprobs, 0))
		t.Logprobs.Content = append(t.Logprobs.Content, added.Logprobs.Content...)
	}
	if e.ended {
		added.FinishReason, added.Reason = finish(e.response.FinishReason), e.response.FinishReason
		t.FinishReason, t.Reason = added.FinishReason, added.Reason
		prompt := 0
		if e.choice == 0 { // it counts once
			prompt = len(c.prompt.Tokens) + len(c.prompt.Source)
		}
		c.usage.add(prompt, len(e.response.Tokens), min(prompt, e.response.Cached))
	}
	return added
}

// written returns the replies so far.
func (c *chatting) written() (all []string) {
	for _, t := range c.choices {
		all = append(all, t.Message.Content)
	}
	return all
}

// streamChat answers a request with its replies while they are generated.
func (s *Server) streamChat(ctx context.Context, w http.ResponseWriter, c *chatting, mail *mailbox) {
	out := s.newSSE(w)
	c.head.Object = "chat.completion.chunk"
	withUsage := c.StreamOptions != nil && c.StreamOptions.IncludeUsage
	write := func(choice chatChoice) error {
		chunk := c.head
		if chunk.Choices = []chatChoice{choice}; withUsage {
			chunk.Usage = json.RawMessage("null")
		}
		return out.add(chunk)
	}
	empty := ""
	for i := range c.requests {
		_ = write(chatChoice{Index: i, Delta: &chatDelta{Role: "assistant", Content: &empty}}) // a buffer takes all
	}
	err := mail.follow(ctx, len(c.requests), func(e event) error {
		if err := write(c.collect(e)); err != nil {
			return err
		}
		return out.flush()
	})
	if err == nil && withUsage {
		chunk := c.head
		chunk.Choices, chunk.Usage = []chatChoice{}, c.usage
		err = out.add(chunk)
	}
	out.end(err)
}
