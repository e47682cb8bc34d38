package serving

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/task"
	"euryale/data/tokenizer"
	"euryale/generation"
	"euryale/layers/graph"
	"euryale/models"
)

const alphabet = "\n abcdefghij:{}\"0123456789春夏秋冬"

// generatorOf returns a generator of a small GPT with random weights, of dialogues between speakers if
// there are any.
func generatorOf(t testing.TB, speakers ...string) *generation.Generator {
	t.Helper()
	tk := tokenizer.NewChar(alphabet)
	config := task.Config{Task: "lm"}
	if len(speakers) > 0 {
		config = task.Config{Task: "dialogue", Reply: speakers[len(speakers)-1]}
		tk = tokenizer.WithSpecials(tk, task.Specials(config, speakers)...)
	}
	f, err := task.NewFormat(config, tk)
	require.NoError(t, err)
	m := &models.GPT{Sizes: models.Sizes{Context: 96, Vocab: tk.Vocab()}, Layers: 1, Heads: 2, Dim: 8, Activation: "gelu"}
	f.Limit = m.Context
	w := graph.NewWeights(1)
	_, err = models.NewMemory(m, w, 1, m.Context, 0)
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(5, 6))
	for _, p := range w.All() {
		for i := range p.Float32() {
			p.Float32()[i] += 0.3 * float32(rng.NormFloat64())
		}
	}
	g := &generation.Generator{Model: m, Weights: w, Tokenizer: tk, Format: f}
	if f.End() >= 0 {
		g.End = f.Stops()
	}
	return g
}

// runOf returns a run of a small model that is read from memory.
func runOf(t testing.TB, name string, speakers ...string) *Run {
	return &Run{Name: name, Sequences: 4, Waiting: 8, Load: func() (*generation.Generator, string, error) {
		return generatorOf(t, speakers...), "fp_1", nil
	}}
}

// serverOf returns a server of runs, or of one run named small, and its URL.
func serverOf(t testing.TB, o Options, runs ...*Run) (*Server, string) {
	t.Helper()
	if o.Limits == (Limits{}) {
		o.Limits = DefaultLimits()
	}
	if len(runs) == 0 {
		runs = []*Run{runOf(t, "small")}
	}
	s, err := New(o, runs...)
	require.NoError(t, err)
	h := httptest.NewServer(s)
	t.Cleanup(func() { h.Close(); s.Close() })
	return s, h.URL
}

// post sends a body and returns the response.
func post(t testing.TB, url, body string) (status int, header http.Header, response []byte) {
	t.Helper()
	r, err := http.Post(url, "application/json", strings.NewReader(body))
	require.NoError(t, err)
	defer r.Body.Close()
	raw, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	return r.StatusCode, r.Header, raw
}

// complete sends a request of completions that is answered.
func complete(t testing.TB, url, body string) (c completion) {
	t.Helper()
	status, _, raw := post(t, url+"/v1/completions", body)
	require.Equal(t, http.StatusOK, status, string(raw))
	require.NoError(t, json.Unmarshal(raw, &c))
	return c
}

// chunksOf returns the chunks of a stream.
func chunksOf[T any](t testing.TB, url, body string) (chunks []T) {
	t.Helper()
	r, err := http.Post(url, "application/json", strings.NewReader(body))
	require.NoError(t, err)
	defer r.Body.Close()
	require.Equal(t, http.StatusOK, r.StatusCode)
	require.Equal(t, "text/event-stream; charset=utf-8", r.Header.Get("Content-Type"))
	lines := bufio.NewScanner(r.Body)
	done := false
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			require.Empty(t, lines.Text())
			continue
		}
		if require.False(t, done); data == "[DONE]" {
			done = true
			continue
		}
		var c T
		require.NoError(t, json.Unmarshal([]byte(data), &c), data)
		chunks = append(chunks, c)
	}
	require.True(t, done, "a stream ends with [DONE]")
	return chunks
}

// alone returns what a generator of its own generates.
func alone(t testing.TB, prompt string, s generation.Settings, n int) []generation.Result {
	t.Helper()
	g := generatorOf(t)
	p, err := g.Prompt(prompt)
	require.NoError(t, err)
	rs, err := g.Generate(context.Background(), p, s, n, nil)
	require.NoError(t, err)
	return rs
}

// A completion has the text of its seed, in the shape of OpenAI's.
func TestCompletion(t *testing.T) {
	_, url := serverOf(t, Options{})
	want := alone(t, "abc", generation.Settings{Tokens: 12, Temperature: 0.8, TopP: 0.9, Seed: 7}, 2)
	status, _, raw := post(t, url+"/v1/completions", `{"model": "small", "prompt": "abc", "max_tokens": 12, "temperature": 0.8, "top_p": 0.9, "seed": 7, "n": 2}`)
	require.Equal(t, 200, status)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(raw, &fields))
	assert.Regexp(t, "^cmpl-[0-9a-f]{24}$", fields["id"])
	assert.InDelta(t, time.Now().Unix(), fields["created"], 5)
	delete(fields, "id")
	delete(fields, "created")
	choice := func(i int) any {
		return map[string]any{"text": want[i].Text, "index": float64(i), "logprobs": nil, "finish_reason": "length", "reason": "length"}
	}
	assert.Equal(t, map[string]any{"object": "text_completion", "model": "small", "system_fingerprint": "fp_1", "seed": 7.0, "choices": []any{choice(0), choice(1)},
		"usage": map[string]any{"prompt_tokens": 3.0, "completion_tokens": 24.0, "total_tokens": 27.0, "prompt_tokens_details": map[string]any{"cached_tokens": 0.0}}}, fields)
}

// All forms of a prompt are read, and each text is that of its prompt alone.
func TestFormsOfPrompts(t *testing.T) {
	_, url := serverOf(t, Options{})
	ids, err := tokenizer.NewChar(alphabet).Encode("ab秋")
	require.NoError(t, err)
	list, err := json.Marshal(ids)
	require.NoError(t, err)
	one := alone(t, "ab秋", generation.Settings{Tokens: 5, Temperature: 1, Seed: 3}, 1)[0].Text
	other := alone(t, "cd", generation.Settings{Tokens: 5, Temperature: 1, Seed: 3}, 1)[0].Text
	for prompt, want := range map[string][]string{
		`"ab秋"`:                             {one},
		`["ab秋", "cd"]`:                     {one, other},
		string(list):                        {one},
		fmt.Sprintf("[%s, %s]", list, list): {one, one},
		`["cd", "cd", "ab秋", "cd", "cd", "cd"]`: {other, other, one, other, other, other},
	} {
		c := complete(t, url, `{"prompt": `+prompt+`, "max_tokens": 5, "seed": 3, "echo": true}`)
		require.Len(t, c.Choices, len(want), prompt)
		for i, w := range want {
			assert.Equal(t, i, c.Choices[i].Index)
			assert.True(t, strings.HasSuffix(c.Choices[i].Text, w) && len(c.Choices[i].Text) > len(w), "%q has the prompt and %q", c.Choices[i].Text, w)
		}
	}
	empty := complete(t, url, `{"max_tokens": 2, "seed": 1}`)
	assert.Equal(t, 1.0, empty.Usage.(map[string]any)["prompt_tokens"], "an empty text begins with a token")
}

// best_of returns the texts of the highest mean log-probability.
func TestBestOf(t *testing.T) {
	_, url := serverOf(t, Options{})
	want := alone(t, "a", generation.Settings{Tokens: 8, Temperature: 1, Seed: 2, BestOf: 6}, 2)
	c := complete(t, url, `{"prompt": "a", "max_tokens": 8, "seed": 2, "n": 2, "best_of": 6}`)
	require.Len(t, c.Choices, 2)
	assert.Equal(t, want[0].Text, c.Choices[0].Text)
	assert.Equal(t, want[1].Text, c.Choices[1].Text)
	assert.Equal(t, 48.0, c.Usage.(map[string]any)["completion_tokens"])
}

// The pieces of a stream are the whole response, its tokens and usage included.
func TestStreamIsTheWhole(t *testing.T) {
	_, url := serverOf(t, Options{})
	for _, request := range []string{
		`"prompt": "ab秋", "max_tokens": 20, "seed": 4`,
		`"prompt": ["ab", "cd"], "n": 2, "max_tokens": 9, "seed": 4, "logprobs": 2`,
		`"prompt": "ab冬", "max_tokens": 9, "seed": 4, "logprobs": 0, "echo": true`,
		`"prompt": "ab冬", "max_tokens": 0, "logprobs": 1, "echo": true`,
		`"prompt": "ab", "max_tokens": 60, "seed": 4, "stop": ["a", "bc"], "echo": true, "logprobs": 1`,
	} {
		whole := complete(t, url, "{"+request+"}")
		got := make([]completionChoice, len(whole.Choices))
		chunks := chunksOf[completion](t, url+"/v1/completions", "{"+request+`, "stream": true, "stream_options": {"include_usage": true}}`)
		last := chunks[len(chunks)-1]
		assert.Empty(t, last.Choices)
		assert.Equal(t, whole.Usage.(map[string]any)["total_tokens"], last.Usage.(map[string]any)["total_tokens"])
		for _, c := range chunks[:len(chunks)-1] {
			assert.Equal(t, chunks[0].ID, c.ID)
			assert.Equal(t, "text_completion", c.Object)
			assert.Nil(t, c.Usage)
			require.Len(t, c.Choices, 1)
			p := c.Choices[0]
			to := &got[p.Index]
			assert.Nil(t, to.FinishReason, "nothing follows the end")
			to.Index, to.Text, to.FinishReason, to.Reason = p.Index, to.Text+p.Text, p.FinishReason, p.Reason
			if p.Logprobs != nil {
				if to.Logprobs == nil {
					to.Logprobs = newLogprobs(0)
				}
				to.Logprobs.join(p.Logprobs)
			}
		}
		assert.Equal(t, whole.Choices, got, request)
	}
}

// The request of lm-evaluation-harness's local-completions: the log-probabilities of a prompt's tokens
// add up to the likelihood that evaluate -score prints, in the forms that it reads them in.
func TestPromptLogprobs(t *testing.T) {
	_, url := serverOf(t, Options{})
	text := "abc春 fgh: 123 {} jihgf 0987 秋冬夏 cab"
	g := generatorOf(t)
	score, err := g.Score(context.Background(), text, 0, nil)
	require.NoError(t, err)
	ids, err := g.Tokenizer.Encode(text)
	require.NoError(t, err)
	list, err := json.Marshal(ids)
	require.NoError(t, err)
	for _, prompt := range []string{string(list), fmt.Sprintf("[%s]", list), fmt.Sprintf("%q", text)} {
		for _, generated := range []int{0, 1} {
			c := complete(t, url, fmt.Sprintf(`{"model": "small", "prompt": %s, "max_tokens": %d, "temperature": 0, "logprobs": 1, "echo": true, "seed": 1234}`, prompt, generated))
			l := c.Choices[0].Logprobs
			require.Len(t, l.TokenLogprobs, len(ids)+generated)
			assert.Nil(t, l.TokenLogprobs[0])
			assert.Nil(t, l.TopLogprobs[0])
			sum := 0.0
			for i, logprob := range l.TokenLogprobs[1:len(ids)] {
				sum += *logprob
				best := l.TopLogprobs[i+1]
				assert.Equal(t, *logprob, best[l.Tokens[i+1]], "the token itself is among the alternatives")
				assert.LessOrEqual(t, len(best), 2)
			}
			assert.InDelta(t, -score.NLLPerToken*float64(score.Tokens), sum, 1e-4)
			runes := []rune(c.Choices[0].Text)
			for i, at := range l.TextOffset {
				assert.Equal(t, l.Tokens[i], string(runes[at:at+1]), "the tokenizer is of characters")
			}
			assert.Equal(t, text, string(runes[:len(runes)-generated]))
		}
	}
}

// Every parameter of sampling gets where it belongs.
func TestParameters(t *testing.T) {
	_, url := serverOf(t, Options{})
	base := generation.Settings{Tokens: 12, Temperature: 1, TopP: 1, Seed: 9}
	with := func(f func(*generation.Settings)) generation.Settings {
		s := base
		f(&s)
		return s
	}
	for parameter, want := range map[string]generation.Settings{
		`"top_k": 3`:                  with(func(s *generation.Settings) { s.TopK = 3 }),
		`"min_p": 0.3`:                with(func(s *generation.Settings) { s.MinP = 0.3 }),
		`"typical": 0.4`:              with(func(s *generation.Settings) { s.Typical = 0.4 }),
		`"epsilon": 0.05`:             with(func(s *generation.Settings) { s.Epsilon = 0.05 }),
		`"eta": 0.1`:                  with(func(s *generation.Settings) { s.Eta = 0.1 }),
		`"temperature": 0`:            with(func(s *generation.Settings) { s.Temperature = 0 }),
		`"repetition_penalty": 4`:     with(func(s *generation.Settings) { s.RepetitionPenalty = 4 }),
		`"frequency_penalty": 3`:      with(func(s *generation.Settings) { s.FrequencyPenalty = 3 }),
		`"presence_penalty": 3`:       with(func(s *generation.Settings) { s.PresencePenalty = 3 }),
		`"logit_bias": {"3": 6}`:      with(func(s *generation.Settings) { s.LogitBias = map[int]float64{3: 6} }),
		`"suppress": [2, 3, 4, 5, 6]`: with(func(s *generation.Settings) { s.Ban = []int{2, 3, 4, 5, 6} }),
		`"force": {"0": 4}`:           with(func(s *generation.Settings) { s.Force = generation.Force{Places: []int{0}, IDs: []int{4}} }),
		`"no_repeat": 1`:              with(func(s *generation.Settings) { s.NoRepeat = 1 }),
		`"top_k": 5, "temperature": 2, "processors": ["top-k", "temperature"]`: with(func(s *generation.Settings) {
			s.TopK, s.Temperature, s.Order = 5, 2, []string{"top-k", "temperature"}
		}),
	} {
		plain, changed := alone(t, "ab", base, 1)[0].Text, alone(t, "ab", want, 1)[0].Text
		assert.NotEqual(t, plain, changed, "%s changes nothing in this test: choose another value", parameter)
		c := complete(t, url, `{"prompt": "ab", "max_tokens": 12, "seed": 9, `+parameter+`}`)
		assert.Equal(t, changed, c.Choices[0].Text, parameter)
	}
	stopped := complete(t, url, `{"prompt": "ab", "max_tokens": 50, "seed": 9, "stop": "a"}`).Choices[0]
	assert.Equal(t, "stop", *stopped.FinishReason)
	assert.NotContains(t, stopped.Text, "a")
	for parameter, pattern := range map[string]string{
		`"regex": "[ab]{3}"`:                  `^[ab]{3}$`,
		`"grammar": "(12){3}"`:                `^(12){3}$`,
		`"require": ["abc"], "max_chars": 12`: `abc`,
		`"json_schema": {"enum": [12, 34]}`:   `^(12|34)$`,
		`"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"enum": ["ab"]}}}`: `^"ab"$`,
		`"response_format": {"type": "json_object"}`:                                                           `^\{`,
	} {
		c := complete(t, url, `{"prompt": "ab", "max_tokens": 40, "seed": 9, `+parameter+`}`)
		assert.Regexp(t, pattern, c.Choices[0].Text, parameter)
		assert.Equal(t, "end", c.Choices[0].Reason, parameter)
	}
}

// What is wrong with a request is said with the parameter.
func TestBadRequests(t *testing.T) {
	_, url := serverOf(t, Options{})
	for _, c := range []struct{ body, param, message string }{
		{``, "", "the body is empty"},
		{`[]`, "", "the body is a JSON array, want an object"},
		{`{"prompt": "a"} {}`, "", "more than one JSON object"},
		{`{"prompt": "a"`, "", "it ends too early"},
		{`{"prompt": 'a'}`, "", "byte 12: invalid character"},
		{"{\"prompt\": \"\xff\"}", "", "not valid UTF-8"},
		{strings.Repeat("[", 1000), "", "nested more than 64 deep"},
		{`{"promt": "a"}`, "promt", "did you mean prompt?"},
		{`{"prompt": {"a": 1}}`, "prompt", "want a string, an array of strings"},
		{`{"prompt": [[]]}`, "prompt", "none of them empty"},
		{`{"prompt": "aé"}`, "prompt", "not in the vocabulary"},
		{`{"prompt": [1, 99999]}`, "prompt", "99999"},
		{`{"prompt": [-1]}`, "prompt", "-1"},
		{`{"prompt": "` + strings.Repeat("a", 97) + `"}`, "prompt", "has 97 tokens, and the model reads 96"},
		{`{"prompt": "a", "max_tokens": "3"}`, "max_tokens", "want an integer, and it is a string"},
		{`{"prompt": "a", "max_tokens": 1e999}`, "max_tokens", "want an integer"},
		{`{"prompt": "a", "max_tokens": 100000}`, "max_tokens", "from 0 to 4096"},
		{`{"prompt": "a", "temperature": -1}`, "", "temperature = -1"},
		{`{"prompt": "a", "temperature": 1e999}`, "temperature", "want a number"},
		{`{"prompt": "a", "top_p": 1.5}`, "", "top-p = 1.5"},
		{`{"prompt": "a", "suffix": "b"}`, "suffix", "do not fill in their middle"},
		{`{"prompt": "a", "n": 0}`, "n", "want from 1 to 128"},
		{`{"prompt": "a", "n": 3, "best_of": 2}`, "best_of", "from n = 3"},
		{`{"prompt": "a", "best_of": 2, "stream": true}`, "best_of", "chooses among finished texts"},
		{`{"prompt": ["a", "b"], "n": 100}`, "n", "more than the 128 texts"},
		{`{"prompt": "a", "logprobs": 30}`, "logprobs", "from 0 to 20"},
		{`{"prompt": "a", "stop": 3}`, "stop", "want a string or an array"},
		{`{"prompt": "a", "stop": ""}`, "", "a stop text is empty"},
		{`{"prompt": "a", "logit_bias": {"x": 1}}`, "logit_bias", "not a token id"},
		{`{"prompt": "a", "logit_bias": {"4000": 1}}`, "logit_bias", "there is no token 4000"},
		{`{"prompt": "a", "suppress": [-3]}`, "suppress", "there is no token -3"},
		{`{"prompt": "a", "bad_words": ["é"]}`, "bad_words", "has no tokens"},
		{`{"prompt": "a", "processors": ["nothing"]}`, "", "no processor is named"},
		{`{"prompt": "a", "regex": "("}`, "regex", "regex: "},
		{`{"prompt": "a", "regex": "é"}`, "regex", "cannot spell"},
		{`{"prompt": "a", "regex": "((a{900}){900}){900}"}`, "regex", "regex: "},
		{`{"prompt": "a", "regex": "a{9}", "max_tokens": 8}`, "max_tokens", "takes 9 tokens"},
		{`{"prompt": "a", "regex": "a", "stop": "b"}`, "stop", "exclude each other"},
		{`{"prompt": "a", "json_schema": {"type": "what"}}`, "json_schema", "json_schema: "},
		{`{"prompt": "a", "response_format": {"type": "xml"}}`, "response_format", "want text, json_object or json_schema"},
		{`{"prompt": "a", "stream_options": {"include_usage": true}}`, "stream_options", "goes with stream"},
		{`{"prompt": "a", "max_time": -1}`, "max_time", "want a number of seconds"},
	} {
		status, header, raw := post(t, url+"/v1/completions", c.body)
		assert.Equal(t, 400, status, c.body)
		assert.Equal(t, "application/json", header.Get("Content-Type"))
		var e struct{ Error apiError }
		require.NoError(t, json.Unmarshal(raw, &e), "%s", raw)
		assert.Contains(t, e.Error.Message, c.message, c.body)
		assert.Equal(t, "invalid_request_error", e.Error.Type)
		if c.param == "" {
			assert.Nil(t, e.Error.Param, c.body)
		} else if assert.NotNil(t, e.Error.Param, c.body) {
			assert.Equal(t, c.param, *e.Error.Param)
		}
		assert.True(t, bytes.HasPrefix(raw, []byte(`{"error":{"message":`)) && bytes.Contains(raw, []byte(`"code":`)), "%s", raw)
	}
	status, _, raw := post(t, url+"/v1/completions", `{"model": "other", "prompt": "a"}`)
	assert.Equal(t, 404, status)
	assert.Contains(t, string(raw), `"code":"model_not_found"`)
}
