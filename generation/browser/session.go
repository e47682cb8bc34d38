package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"euryale/data/tokenizer"
	"euryale/generation"
)

// Request asks for a text.
type Request struct {
	Prompt   string            `json:"prompt"`
	Messages []generation.Turn `json:"messages"` // of a dialogue, instead of a prompt; the reply to the last is generated
	After    []int             `json:"after"`    // the first tokens of the text, which are given

	Tokens            int      `json:"max_tokens"`
	Temperature       float64  `json:"temperature"`
	TopK              int      `json:"top_k"`
	TopP              float64  `json:"top_p"`
	MinP              float64  `json:"min_p"`
	Typical           float64  `json:"typical"`
	RepetitionPenalty float64  `json:"repetition_penalty"`
	FrequencyPenalty  float64  `json:"frequency_penalty"`
	PresencePenalty   float64  `json:"presence_penalty"`
	NoRepeat          int      `json:"no_repeat"`
	Stop              []string `json:"stop"`
	Seed              uint64   `json:"seed"`
	Top               int      `json:"top"` // alternatives of each token
}

// settings returns the request as settings of a generator.
func (r *Request) settings() generation.Settings {
	return generation.Settings{Tokens: r.Tokens, Temperature: r.Temperature, TopK: r.TopK, TopP: r.TopP, MinP: r.MinP, Typical: r.Typical,
		RepetitionPenalty: r.RepetitionPenalty, FrequencyPenalty: r.FrequencyPenalty, PresencePenalty: r.PresencePenalty, NoRepeat: r.NoRepeat,
		Stop: r.Stop, Seed: r.Seed}
}

// Token is a token of a text as it is generated.
type Token struct {
	ID      int     `json:"id"`
	Text    string  `json:"text"`    // that it adds: none while a character is incomplete
	Logprob float64 `json:"logprob"` // under the model, in nats
	Top     []Token `json:"top,omitempty"`
}

// message is what a page sends: Request of call Call, or that the call is to stop.
type message struct {
	Type    string  `json:"type"` // "generate" or "stop"
	Call    int     `json:"call"`
	Request Request `json:"request"`
}

// answer is what a page gets: tokens of a call, then its end.
type answer struct {
	Type    string  `json:"type"` // "ready", "token", "done" or "error"
	Call    int     `json:"call"`
	Model   *Model  `json:"model,omitempty"`
	Token   *Token  `json:"token,omitempty"`
	Text    string  `json:"text"`
	Reason  string  `json:"reason,omitempty"`
	Error   string  `json:"error,omitempty"`
	Seconds float64 `json:"seconds,omitempty"` // from the request to the end
}

// Model is what a page knows of a model.
type Model struct {
	ID       string   `json:"id"`
	Task     string   `json:"task"` // "text", "source" or "dialogue"
	Context  int      `json:"context"`
	Vocab    int      `json:"vocab"`
	Speakers []string `json:"speakers,omitempty"`
	Weights  string   `json:"weights"`
	Values   int      `json:"values"` // number of weights
}

// Session answers the messages of a page, one request after another.
type Session struct {
	gen   *generation.Generator
	send  func(json []byte)
	pause func() // lets messages arrive while a text is generated

	queue chan message
	lock  sync.Mutex
	stops map[int]context.CancelFunc // of requests that are not done
}

// NewSession returns a session that answers with send. It calls pause about twenty times a second, in which
// Receive may be called.
func NewSession(g *generation.Generator, send func(json []byte), pause func()) *Session {
	return &Session{gen: g, send: send, pause: pause, queue: make(chan message, 64), stops: map[int]context.CancelFunc{}}
}

// Describe sends what the page needs to know of the model.
func (s *Session) Describe(d Description) {
	m := &Model{ID: d.Name, Task: "text", Context: s.gen.Model.Common().Context, Vocab: s.gen.Tokenizer.Vocab(), Speakers: s.gen.Format.Speakers(), Weights: d.Weights,
		Values: s.gen.Weights.Count()}
	switch {
	case len(m.Speakers) > 0:
		m.Task = "dialogue"
	case s.gen.Format.HasSource() || d.Task.Source != "":
		m.Task = "source"
	}
	s.reply(answer{Type: "ready", Model: m})
}

// Fail sends an error that belongs to no call.
func (s *Session) Fail(err error) { s.reply(answer{Type: "error", Error: err.Error()}) }

func (s *Session) reply(a answer) {
	text, err := json.Marshal(a)
	if err != nil { // a number that JSON has not
		text, _ = json.Marshal(answer{Type: "error", Call: a.Call, Error: err.Error()})
	}
	s.send(text)
}

// Receive reads a message. It does not wait.
func (s *Session) Receive(text []byte) {
	var m message
	if err := json.Unmarshal(text, &m); err != nil {
		s.Fail(fmt.Errorf("message: %w", err))
		return
	}
	if m.Type == "stop" {
		s.lock.Lock()
		defer s.lock.Unlock()
		if stop := s.stops[m.Call]; stop != nil {
			stop()
		}
		return
	}
	select {
	case s.queue <- m:
	default:
		s.reply(answer{Type: "error", Call: m.Call, Error: fmt.Sprintf("%d requests wait already: try again later", cap(s.queue))})
	}
}

// Run answers requests until ctx ends.
func (s *Session) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-s.queue:
			s.answer(ctx, m)
		}
	}
}

// answer generates the text of a request.
func (s *Session) answer(ctx context.Context, m message) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	s.lock.Lock()
	s.stops[m.Call] = stop
	s.lock.Unlock()
	defer func() {
		s.lock.Lock()
		delete(s.stops, m.Call)
		s.lock.Unlock()
	}()
	s.pause() // a stop may have come
	began := time.Now()
	r, err := s.generate(ctx, m)
	if err != nil && !errors.Is(err, context.Canceled) {
		s.reply(answer{Type: "error", Call: m.Call, Error: err.Error()})
		return
	}
	s.reply(answer{Type: "done", Call: m.Call, Text: r.Text, Reason: r.FinishReason, Seconds: time.Since(began).Seconds()})
}

func (s *Session) generate(ctx context.Context, m message) (generation.Result, error) {
	none := generation.Result{FinishReason: generation.ReasonInterrupted}
	p, err := s.prompt(m.Request)
	if err != nil {
		return none, err
	}
	text, paused := s.textAfter(p.Tokens, m.Request.After), time.Now()
	settings := m.Request.settings()
	settings.Observe = func(o generation.Observation) {
		if !slices.Contains(s.gen.End, o.Token) {
			t := s.token(o, o.Token, text, m.Request.Top)
			text.Push(o.Token)
			s.reply(answer{Type: "token", Call: m.Call, Token: &t})
		}
		if time.Since(paused) > 50*time.Millisecond {
			s.pause()
			paused = time.Now()
		}
	}
	rs, err := s.gen.Generate(ctx, p, settings, 1, nil)
	if len(rs) == 0 {
		return none, err
	}
	return rs[0], err
}

// textAfter returns the stream of a text that the last tokens of a prompt begin, after them.
func (s *Session) textAfter(prompt, after []int) *tokenizer.Stream {
	text := tokenizer.NewStreamAfter(s.gen.Tokenizer, prompt[:len(prompt)-len(after)])
	for _, id := range after {
		text.Push(id)
	}
	return text
}

// token returns a token that follows text, with its n most likely alternatives.
func (s *Session) token(o generation.Observation, id int, text *tokenizer.Stream, n int) Token {
	t := Token{ID: id, Text: text.Peek(id), Logprob: float64(o.Logits[id]) - o.LogSum}
	for _, id := range mostLikely(o.Logits, n) {
		t.Top = append(t.Top, s.token(o, id, text, 0))
	}
	return t
}

// mostLikely returns the ids of the n largest logits, the largest first.
func mostLikely(logits []float32, n int) []int {
	var ids []int
	for id, l := range logits {
		if len(ids) == n && (n == 0 || l <= logits[ids[n-1]]) {
			continue
		}
		at, _ := slices.BinarySearchFunc(ids, l, func(id int, l float32) int {
			if logits[id] >= l {
				return -1
			}
			return 1
		})
		ids = slices.Insert(ids, at, id)
		ids = ids[:min(n, len(ids))]
	}
	return ids
}

// prompt returns what the model reads of a request.
func (s *Session) prompt(r Request) (p generation.Prompt, err error) {
	if len(r.Messages) > 0 {
		p, err = s.dialogue(r.Messages)
	} else {
		p, err = s.gen.Prompt(r.Prompt)
	}
	for _, id := range r.After {
		if id < 0 || id >= s.gen.Tokenizer.Vocab() {
			return p, fmt.Errorf("after: token %d, want ids from 0 to %d", id, s.gen.Tokenizer.Vocab()-1)
		}
	}
	p.Tokens = append(slices.Clip(p.Tokens), r.After...)
	return p, err
}

// dialogue returns what the model reads of the turns of a dialogue.
func (s *Session) dialogue(turns []generation.Turn) (p generation.Prompt, err error) {
	c := generation.NewConversation(s.gen)
	if c == nil {
		return p, errors.New("messages are for a model of dialogues, and this one continues texts: send a prompt")
	}
	for i, t := range turns {
		line := t.Text
		if slices.Contains(s.gen.Format.Speakers(), t.Speaker) {
			line = t.Speaker + ": " + t.Text
		}
		switch {
		case t.Speaker == "assistant" && i > 0:
			c.Add(p, t.Text)
			continue
		case i > 0 && turns[i-1].Speaker != "assistant":
			c.Add(p, "")
		}
		if p, err = c.Prompt(line); err != nil {
			return p, err
		}
	}
	return p, nil
}
