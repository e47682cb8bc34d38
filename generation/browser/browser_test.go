package browser

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/task"
	"euryale/data/tokenizer"
	"euryale/generation"
	"euryale/layers/graph"
	"euryale/models"
)

// small returns a generator with a model of initial weights, and its description.
func small(t *testing.T, name string, c task.Config, specials ...string) (*generation.Generator, Description) {
	t.Helper()
	m, err := models.New(name)
	require.NoError(t, err)
	tk := tokenizer.WithSpecials(tokenizer.NewChar("\nabcdefghijklmnopqrstuvwxyz春眠不觉晓"), specials...)
	f, err := task.NewFormat(c, tk)
	require.NoError(t, err)
	m.Common().Vocab, m.Common().Context = tk.Vocab(), 32
	if g, ok := m.(*models.GPT); ok {
		g.Layers, g.Heads, g.Dim = 1, 2, 16
	}
	g := &generation.Generator{Model: m, Weights: graph.NewWeights(5), Tokenizer: tk, Format: f}
	require.NoError(t, models.Declare(m, g.Weights))
	if f.End() >= 0 {
		g.End = f.Stops()
	}
	return g, Description{Name: "small", Model: name, Weights: Float32}
}

// ask returns what a session answers to messages.
func ask(t *testing.T, g *generation.Generator, messages ...string) (all []answer) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	asked := 0
	s := NewSession(g, func(text []byte) {
		var a answer
		require.NoError(t, json.Unmarshal(text, &a))
		all = append(all, a)
		if a.Type != "token" {
			if asked--; asked == 0 {
				stop()
			}
		}
	}, func() {})
	for _, m := range messages {
		asked++
		s.Receive([]byte(m))
	}
	if ctx.Err() == nil {
		s.Run(ctx)
	}
	return all
}

const sampled = `{"type": "generate", "call": 3, "request": {"prompt": "ab", "max_tokens": 12, "temperature": 1, "seed": 4, "top": 3}}`

// A model that is read again generates what it did; in eight bits its weights are off by half a step of their
// group at most.
func TestWriteOpen(t *testing.T) {
	g, d := small(t, "gpt", task.Config{Task: "lm"})
	want := ask(t, g, sampled)
	for _, weights := range []string{Float32, Int8} {
		dir := t.TempDir()
		d.Weights = weights
		require.NoError(t, Write(dir, g, d))
		got, read, err := Open(dir)
		require.NoError(t, err)
		for _, f := range read.Files {
			info, err := os.Stat(filepath.Join(dir, f.Name))
			require.NoError(t, err)
			assert.Equal(t, info.Size(), f.Bytes, f.Name)
		}
		for _, p := range g.Weights.All() {
			x, y := p.Float32(), got.Weights.Get(p.Path).Float32()
			for at := 0; at < len(x); at += group {
				end, most := min(at+group, len(x)), 0.0
				for _, v := range x[at:end] {
					most = max(most, math.Abs(float64(v)))
				}
				if weights == Float32 {
					most = 0
				}
				assert.InDeltaSlice(t, x[at:end], y[at:end], most/254*1.001, "%s at %d", p.Path, at)
			}
		}
		if weights == Float32 {
			answers := ask(t, got, sampled)
			answers[len(answers)-1].Seconds = want[len(want)-1].Seconds
			assert.Equal(t, want, answers)
		}
	}
}

// An n-gram model, which has no weights, is written and read too.
func TestPredictor(t *testing.T) {
	g, d := small(t, "gpt", task.Config{Task: "lm"})
	m, err := models.New("ngram")
	require.NoError(t, err)
	m.Common().Vocab, m.Common().Context = g.Tokenizer.Vocab(), 32
	ids, err := g.Tokenizer.Encode(strings.Repeat("abc", 9))
	require.NoError(t, err)
	learned, err := m.(models.Predictor).Learn(func(add func(tokens, targets []int, fresh bool) error) error {
		return add(ids[:len(ids)-1], ids[1:], true)
	})
	require.NoError(t, err)
	g.Model, g.Weights, d.Model = learned, graph.NewWeights(0), "ngram"
	dir := t.TempDir()
	require.NoError(t, Write(dir, g, d))
	got, _, err := Open(dir)
	require.NoError(t, err)
	a := ask(t, got, `{"type": "generate", "request": {"prompt": "abca", "max_tokens": 4}}`)
	assert.Equal(t, "bcab", a[len(a)-1].Text)
}

// What is not a model's files is refused, with the file and the reason.
func TestOpenErrors(t *testing.T) {
	g, d := small(t, "gpt", task.Config{Task: "lm"})
	dir := t.TempDir()
	_, _, err := Open(dir)
	assert.ErrorContains(t, err, DescriptionFile)
	require.NoError(t, Write(dir, g, d))
	path := filepath.Join(dir, DescriptionFile)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, c := range []struct{ from, to, want string }{
		{`"gpt"`, `"gpr"`, "no model is called"},
		{`layers = 1`, `layer = 1`, "has no layer: export the page again"},
		{`layers = 1`, `layers = 2`, "is missing"},
		{`dim = 16`, `dim = 32`, "want [32"},
		{`vocab = `, `vocab = 1`, "they are not of one run"},
		{`{`, `{{`, "invalid character"},
		{`"Task": "lm"`, `"Task": "dialogue"`, "the tokenizer has no token"},
	} {
		text := strings.Replace(string(whole), c.from, c.to, 1)
		require.NotEqual(t, string(whole), text, c.from)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
		_, _, err := Open(dir)
		assert.ErrorContains(t, err, c.want)
		assert.ErrorContains(t, err, dir)
	}
	d.Weights = "int4"
	assert.EqualError(t, Write(dir, g, d), `weights "int4": want float32 or int8`)
	m, err := models.New("encoder")
	require.NoError(t, err)
	m.(*models.Encoder).Causal = false
	g.Model, d.Weights = m, Int8
	assert.ErrorContains(t, Write(dir, g, d), "take a causal model")
}

// Tokens come one by one, with alternatives, and are those of Generate; a text goes on after given tokens.
func TestTokens(t *testing.T) {
	g, _ := small(t, "gpt", task.Config{Task: "lm"})
	p, err := g.Prompt("ab")
	require.NoError(t, err)
	want, err := g.Generate(context.Background(), p, generation.Settings{Tokens: 12, Temperature: 1, Seed: 4, TopLogprobs: 3}, 1, nil)
	require.NoError(t, err)
	a := ask(t, g, sampled)
	require.Len(t, a, 13)
	text := ""
	for i, s := range want[0].Steps {
		got := a[i].Token
		assert.Equal(t, 3, a[i].Call)
		assert.Equal(t, s.Token, got.ID)
		assert.Equal(t, s.Logprob, got.Logprob)
		require.Len(t, got.Top, 3)
		for j, alternative := range s.Top {
			assert.Equal(t, Token{ID: alternative.Token, Text: alternative.Piece, Logprob: alternative.Logprob}, got.Top[j])
		}
		text += got.Text
	}
	assert.Equal(t, want[0].Text, text)
	assert.Equal(t, answer{Type: "done", Call: 3, Text: text, Reason: "length", Seconds: a[12].Seconds}, a[12])

	greedy := ask(t, g, `{"type": "generate", "request": {"prompt": "ab", "max_tokens": 6}}`)
	rest, err := json.Marshal([]int{greedy[0].Token.ID, greedy[1].Token.ID})
	require.NoError(t, err)
	after := ask(t, g, `{"type": "generate", "request": {"prompt": "ab", "max_tokens": 4, "after": `+string(rest)+`}}`)
	for i := range 4 {
		assert.Equal(t, greedy[i+2].Token.ID, after[i].Token.ID)
	}
}

// Bad requests are answered with an error, and the next is answered.
func TestBadRequests(t *testing.T) {
	g, _ := small(t, "gpt", task.Config{Task: "lm"})
	for request, want := range map[string]string{
		`{"type": `: "message: unexpected end of JSON input",
		`{"type": "generate", "call": 2, "request": {"prompt": "A"}}`:                              "is not in the vocabulary",
		`{"type": "generate", "call": 2, "request": {"prompt": "a", "temperature": -1}}`:           "want 0 (greedy) or more",
		`{"type": "generate", "call": 2, "request": {"prompt": "a", "after": [99]}}`:               "after: token 99, want ids from 0 to",
		`{"type": "generate", "call": 2, "request": {"messages": [{"role": "u", "content": ""}]}}`: "messages are for a model of dialogues",
	} {
		a := ask(t, g, request)
		require.Len(t, a, 1, request)
		assert.Equal(t, "error", a[0].Type)
		assert.Contains(t, a[0].Error, want)
	}
	var queued []string
	for range 65 {
		queued = append(queued, `{"type": "generate", "request": {"prompt": "a", "max_tokens": 0}}`)
	}
	assert.Contains(t, ask(t, g, queued...)[0].Error, "64 requests wait already")
}

// A text is stopped in a pause, and the session goes on to the next request.
func TestStop(t *testing.T) {
	g, _ := small(t, "gpt", task.Config{Task: "lm"})
	ctx, end := context.WithCancel(context.Background())
	var s *Session
	var done []answer
	s = NewSession(g, func(text []byte) {
		var a answer
		require.NoError(t, json.Unmarshal(text, &a))
		if a.Type == "done" {
			if done = append(done, a); len(done) == 2 {
				end()
			}
		}
	}, func() { s.Receive([]byte(`{"type": "stop", "call": 1}`)) })
	s.Receive([]byte(`{"type": "generate", "call": 1, "request": {"prompt": "a", "max_tokens": 1000000000}}`))
	s.Receive([]byte(`{"type": "generate", "call": 2, "request": {"prompt": "a", "max_tokens": 3}}`))
	s.Run(ctx)
	assert.Equal(t, generation.ReasonInterrupted, done[0].Reason)
	assert.Equal(t, generation.ReasonLength, done[1].Reason)
}

// The prompt of a chat is that of the dialogue's turns, whether roles are those of a chat or speakers.
func TestDialogue(t *testing.T) {
	g, d := small(t, "gpt", task.Config{Task: "dialogue"}, task.EndToken, "<|role:a|>", "<|role:b|>")
	s := NewSession(g, func([]byte) {}, func() {})
	want, err := g.Prompt("a: one\nb: two\na: three")
	require.NoError(t, err)
	for _, roles := range [][3]string{{"user", "assistant", "user"}, {"a", "assistant", "a"}} {
		p, err := s.prompt(Request{Messages: []generation.Turn{{Speaker: roles[0], Text: "one"}, {Speaker: roles[1], Text: "two"}, {Speaker: roles[2], Text: "three"}}})
		require.NoError(t, err)
		assert.Equal(t, want.Tokens, p.Tokens, roles)
	}
	var ready answer
	s = NewSession(g, func(text []byte) { require.NoError(t, json.Unmarshal(text, &ready)) }, nil)
	s.Describe(d)
	assert.Equal(t, Model{ID: "small", Task: "dialogue", Context: 32, Vocab: g.Tokenizer.Vocab(), Speakers: []string{"a", "b"}, Weights: Float32, Values: g.Weights.Count()}, *ready.Model)
}

func TestMostLikely(t *testing.T) {
	logits := []float32{1, 5, 3, 5, -2, 4}
	assert.Equal(t, []int{1, 3, 5}, mostLikely(logits, 3)) // of equal ones the first
	assert.Len(t, mostLikely(logits, 9), len(logits))
	assert.Empty(t, mostLikely(logits, 0))
}
