package serving

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"euryale/generation"
)

// completionRequest is the body of /v1/completions.
type completionRequest struct {
	Model         string         `json:"model"`
	Prompt        prompts        `json:"prompt"`
	MaxTokens     *int           `json:"max_tokens"`
	N             *int           `json:"n"`
	BestOf        *int           `json:"best_of"`
	Echo          bool           `json:"echo"`
	Logprobs      *int           `json:"logprobs"`
	Suffix        *string        `json:"suffix"`
	Stream        bool           `json:"stream"`
	StreamOptions *streamOptions `json:"stream_options"`
	sampling
}

// defaultTokens is OpenAI's default of max_tokens.
const defaultTokens = 16

// check returns what contradicts what.
func (q *completionRequest) check(limits Limits) *apiError {
	returned, generated, err := counts(q.N, q.BestOf, limits.Choices)
	tokens := valueOr(q.MaxTokens, defaultTokens)
	switch {
	case err != nil:
		return err
	case q.Suffix != nil && *q.Suffix != "":
		return invalid("suffix", "suffix: the models of this server continue texts, and do not fill in their middle: leave it out")
	case tokens < 0 || tokens > limits.Tokens:
		return invalid("max_tokens", "max_tokens = %d, want from 0 to %d", tokens, limits.Tokens)
	case q.Prompt.count()*generated > limits.Choices:
		return invalid("n", "%d prompts with %d texts each are more than the %d texts of a request: send several", q.Prompt.count(), generated, limits.Choices)
	case q.Stream && generated > returned:
		return invalid("best_of", "best_of = %d chooses among finished texts, and stream sends them while they are generated: leave one of them out", generated)
	case q.StreamOptions != nil && !q.Stream:
		return invalid("stream_options", "stream_options goes with stream = true alone")
	}
	return alternatives("logprobs", valueOr(q.Logprobs, 0))
}

// completing is a request for completions while it is answered.
type completing struct {
	*completionRequest
	head      completion
	run       *loaded
	prompts   []generation.Prompt
	returned  int // texts for each prompt
	generated int
	requests  []*generation.Request
	texts     []completionText // by request
	usage     usage
}

// completionText is one text so far.
type completionText struct {
	choice completionChoice // as a response that is not streamed has it
	places
	base     int // bytes of the prompt in the text, with echo
	response generation.Response
}

// completions answers /v1/completions.
func (s *Server) completions(w http.ResponseWriter, r *http.Request) *apiError {
	begun := time.Now()
	var q completionRequest
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
	c, err := q.begin(l, s.limits)
	if err != nil {
		return err
	}
	c.head = completion{ID: newID("cmpl-"), Object: "text_completion", Created: time.Now().Unix(), Model: run.Name, Fingerprint: l.fingerprint, Seed: c.requests[0].Settings.Seed}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	mail, problem := ask(ctx, l.engine, c.requests)
	if problem != nil {
		return asError(problem)
	}
	s.noteBegin(r, run.Name, c.prompts, len(c.requests))
	mail.first = func() { s.metrics.first.WithLabelValues(run.Name).Observe(time.Since(begun).Seconds()) }
	defer func() { s.noteEnd(r, run.Name, c.usage, c.written) }()
	if q.Stream {
		s.streamCompletions(ctx, w, c, mail)
		return nil
	}
	if err := mail.follow(ctx, len(c.requests), func(e event) error { c.collect(e); return nil }); err != nil {
		return asError(err)
	}
	writeJSON(w, http.StatusOK, c.whole())
	return nil
}

// begin reads the prompts and prepares the requests of the engine.
func (q *completionRequest) begin(l *loaded, limits Limits) (*completing, *apiError) {
	c := &completing{completionRequest: q, run: l}
	c.returned, c.generated, _ = counts(q.N, q.BestOf, limits.Choices)
	set, err := q.settings(l.gen, valueOr(q.MaxTokens, defaultTokens), limits)
	if err != nil {
		return nil, err
	}
	if c.prompts, err = q.Prompt.read(l.gen); err != nil {
		return nil, err
	}
	scores := -1
	if q.Logprobs != nil {
		set.TopLogprobs = max(1, *q.Logprobs)
		if q.Echo {
			scores = *q.Logprobs
		}
	}
	for _, p := range c.prompts {
		if _, err := room(l.engine, p); err != nil {
			return nil, err
		}
		for i := range c.generated {
			c.requests = append(c.requests, &generation.Request{Prompt: p, Settings: set, Index: i, Scores: scores})
			t := completionText{choice: completionChoice{Index: len(c.texts)}}
			if q.Echo {
				t.choice.Text, t.base, t.text = p.Text, len(p.Text), p.Text
			}
			if q.Logprobs != nil {
				t.choice.Logprobs = newLogprobs(0)
			}
			c.texts = append(c.texts, t)
		}
	}
	return c, nil
}

// collect makes an event part of its text, and returns what it adds.
func (c *completing) collect(e event) completionChoice {
	t, p := &c.texts[e.choice], c.prompts[e.choice/c.generated]
	added := completionChoice{Index: e.choice, Text: e.piece.Text}
	t.text += e.piece.Text
	switch {
	case e.piece.Scores != nil:
		added.Logprobs = echoed(c.run.gen.Tokenizer, p.Tokens, e.piece.Scores, *c.Logprobs, &t.places)
	case c.Logprobs != nil && len(e.piece.Steps) > 0:
		added.Logprobs = logprobsOf(e.piece.Steps, e.piece.Offsets, *c.Logprobs, t.base, &t.places)
	}
	if added.Logprobs != nil {
		t.choice.Logprobs.join(added.Logprobs)
	}
	t.choice.Text += e.piece.Text
	if e.ended {
		t.response = e.response
		added.FinishReason, added.Reason = finish(e.response.FinishReason), e.response.FinishReason
		t.choice.FinishReason, t.choice.Reason = added.FinishReason, added.Reason
		prompt := 0
		if e.choice%c.generated == 0 { // a prompt counts once
			prompt = len(p.Tokens) + len(p.Source)
		}
		c.usage.add(prompt, len(e.response.Tokens), min(prompt, e.response.Cached))
	}
	return added
}

// whole returns the response that is not streamed: of each prompt the texts with the highest mean
// log-probability of a token.
func (c *completing) whole() completion {
	r := c.head
	r.Choices, r.Usage = []completionChoice{}, c.usage
	for i := 0; i < len(c.texts); i += c.generated {
		texts := c.texts[i : i+c.generated]
		if c.generated > c.returned {
			slices.SortStableFunc(texts, func(a, b completionText) int { return cmp.Compare(b.response.MeanLogprob(), a.response.MeanLogprob()) })
		}
		for _, t := range texts[:c.returned] {
			t.choice.Index = len(r.Choices)
			r.Choices = append(r.Choices, t.choice)
		}
	}
	return r
}

// written returns the texts so far.
func (c *completing) written() (all []string) {
	for _, t := range c.texts {
		all = append(all, t.choice.Text)
	}
	return all
}
