package generation

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/internal/kernel/parallel"
	"euryale/models"
)

// batchModels are a model of each kind of state.
func batchModels(t testing.TB) map[string]models.Model {
	t.Helper()
	sizes := models.Sizes{Context: 24}
	lstm, err := models.New("lstm")
	require.NoError(t, err)
	lstm.(*models.LSTM).Layers, lstm.(*models.LSTM).Dim = 2, 8
	return map[string]models.Model{
		"gpt":         &models.GPT{Sizes: sizes, Layers: 2, Heads: 2, Dim: 8, Activation: "gelu", Bias: true},
		"llama":       &models.Llama{Sizes: sizes, Layers: 2, Heads: 4, KVHeads: 2, Dim: 8, Hidden: 10, RotaryBase: 100},
		"lstm":        lstm,
		"transformer": &models.Transformer{Sizes: sizes, Source: 7, Layers: 2, Heads: 2, Dim: 8, Hidden: 10, Activation: "gelu"},
		"seq2seq": &models.Seq2Seq{Sizes: sizes, Source: 7, Cell: "lstm", Layers: 1, Dim: 8, Hidden: 8, Bidirectional: true,
			Attention: "general", Bridge: "copy"},
	}
}

// randomPrompts returns prompts of up to 30 tokens, longer than the context of 24, some of them equal and
// some with the same beginning.
func randomPrompts(g *Generator, rng *rand.Rand, n int) []Prompt {
	ids := func(n int) (ids []int) {
		for range n {
			ids = append(ids, rng.IntN(g.Tokenizer.Vocab()))
		}
		return ids
	}
	begin := ids(17)
	var prompts []Prompt
	for i := range n {
		p := Prompt{Text: fmt.Sprint(i), Tokens: ids(1 + rng.IntN(30))}
		switch {
		case i%7 == 3:
			p.Tokens = slices.Concat(begin, ids(1+rng.IntN(6)))
		case i%7 == 5:
			p.Tokens = slices.Clone(prompts[rng.IntN(i)].Tokens)
		}
		if s := models.SourceOf(g.Model); s > 0 {
			p.Source = ids(1 + rng.IntN(s))
		}
		prompts = append(prompts, p)
	}
	return prompts
}

// The same seed gives the same text: alone, and in batches of any size whose prompts arrive in any
// order, with one thread or two. The context is exceeded, and some texts end early.
func TestBatchesDoNotChangeTexts(t *testing.T) {
	defer parallel.SetThreads(parallel.Threads())
	for name, m := range batchModels(t) {
		t.Run(name, func(t *testing.T) {
			g := generatorOf(t, m)
			g.End = []int{3}
			rng := rand.New(rand.NewPCG(7, 8))
			prompts := randomPrompts(g, rng, 20)
			s := Settings{Tokens: 30, Temperature: 1, TopP: 0.9, Seed: 5}
			var want []Result
			for _, p := range prompts {
				r, err := g.Generate(context.Background(), p, s, 1, nil)
				require.NoError(t, err)
				want = append(want, r[0])
			}
			for at, sequences := range []int{1, 3, 8, 20} {
				parallel.SetThreads(1 + at%2)
				order := rng.Perm(len(prompts))
				got := batchOf(t, g, sequences, s, prompts, order)
				for j, i := range order {
					require.Equal(t, want[i].Tokens, got[j].Tokens, "prompt %d, the %d. of a batch of %d", i, j, sequences)
					assert.Equal(t, want[i].Text, got[j].Text)
					assert.Equal(t, want[i].FinishReason, got[j].FinishReason)
					assert.Equal(t, prompts[i].Text, got[j].Prompt)
					assert.InDeltaSlice(t, want[i].Logprobs, got[j].Logprobs, 1e-4)
				}
			}
		})
	}
}

// batchOf returns the results of Batch for prompts in an order.
func batchOf(t *testing.T, g *Generator, sequences int, s Settings, prompts []Prompt, order []int) (results []Result) {
	t.Helper()
	at := 0
	next := func() (Prompt, int, error) {
		if at == len(order) {
			return Prompt{}, 0, io.EOF
		}
		at++
		assert.LessOrEqual(t, at-len(results), waiting*sequences, "prompts are not read far ahead")
		return prompts[order[at-1]], 0, nil
	}
	require.NoError(t, g.Batch(context.Background(), sequences, s, next, func(r Result) error { results = append(results, r); return nil }))
	require.Len(t, results, len(order))
	return results
}

// Prompts that are read side by side leave what each leaves that is read alone: logits, tokens, and
// how a sequence continues. Groups, single prompts, equal prompts and shared beginnings occur.
func TestBeginAll(t *testing.T) {
	ms := batchModels(t)
	ms["gpt, long"] = &models.GPT{Sizes: models.Sizes{Context: 300}, Layers: 1, Heads: 2, Dim: 8, Activation: "gelu"}
	for name, m := range ms {
		t.Run(name, func(t *testing.T) {
			g := generatorOf(t, m)
			rng := rand.New(rand.NewPCG(1, 2))
			prompts := randomPrompts(g, rng, 19)
			if m.Common().Context == 300 { // longer than a chunk
				for i := range prompts[:9] {
					prompts[i].Tokens = slices.Repeat(prompts[i].Tokens, 9)
				}
			}
			const n = 25
			many, err := NewStepper(g.Model, g.Weights, n)
			require.NoError(t, err)
			seqs := rng.Perm(n)[:len(prompts)]
			all, err := many.BeginAll(seqs, prompts)
			require.NoError(t, err)
			v := g.Tokenizer.Vocab()
			all = slices.Clone(all)
			ids := padding(n)
			for _, i := range seqs {
				ids[i] = 1
			}
			stepped, err := many.Step(ids)
			require.NoError(t, err)
			for j, p := range prompts {
				one, err := NewStepper(g.Model, g.Weights, 1)
				require.NoError(t, err)
				logits, err := one.Begin(0, p)
				require.NoError(t, err)
				assert.InDeltaSlice(t, normal(logits), normal(all[j*v:(j+1)*v]), 1e-4, "prompt %d of %d tokens", j, len(p.Tokens))
				logits, err = one.Step([]int{1})
				require.NoError(t, err)
				assert.InDeltaSlice(t, normal(logits), normal(stepped[seqs[j]*v:(seqs[j]+1)*v]), 1e-4, "prompt %d, one token later", j)
				assert.Equal(t, one.Len(0), many.Len(seqs[j]))
			}
		})
	}
}

// A beginning that prompts share is read once, and by later prompts not at all; what differs is read
// in full.
func TestSharedPrefix(t *testing.T) {
	g := newGenerator(t, 300)
	begin := slices.Repeat([]int{1, 5, 2, 9, 3}, 20)
	s, err := g.stepper(4)
	require.NoError(t, err)
	r := s.(*reader)
	prompts := []Prompt{{Tokens: slices.Concat(begin, []int{7, 7})}, {Tokens: slices.Concat(begin, []int{4})}, {Tokens: begin}}
	_, err = s.BeginAll([]int{0, 1, 2}, prompts)
	require.NoError(t, err)
	require.NotNil(t, r.one.prefix)
	assert.Equal(t, begin, r.one.prefix.tokens)
	assert.Equal(t, 100, r.one.known(prompts[1]))
	assert.Equal(t, 99, r.one.known(prompts[2]), "the last token is read for its logits")
	assert.Equal(t, 3, r.one.known(Prompt{Tokens: []int{1, 5, 2, 2, 2}}))
	logits, err := s.Begin(3, Prompt{Tokens: slices.Concat(begin[:50], []int{8, 8})})
	require.NoError(t, err)
	assert.InDeltaSlice(t, after(t, g, slices.Concat(begin[:50], []int{8, 8})...), normal(logits), 1e-4)
}

// Reading several tokens gives the logits after each, as steps do; a sequence without room for them
// changes nothing.
func TestRead(t *testing.T) {
	lstm, err := models.New("lstm")
	require.NoError(t, err)
	for name, g := range map[string]*Generator{"gpt": newGenerator(t, 12), "lstm": generatorOf(t, lstm), "ngram": newCounts(t)} {
		t.Run(name, func(t *testing.T) {
			s, err := NewStepper(g.Model, g.Weights, 2)
			require.NoError(t, err)
			held := [][]int{{1, 2, 3}, {4}}
			for i, ids := range held {
				_, err := s.Begin(i, Prompt{Tokens: ids})
				require.NoError(t, err)
			}
			ids := []int{5, 6, 7, 8, -1, -1}
			logits, err := s.Read(ids)
			require.NoError(t, err)
			v := g.Tokenizer.Vocab()
			for at, id := range ids {
				if id >= 0 {
					held[at/3] = append(held[at/3], id)
					assert.InDeltaSlice(t, after(t, g, held[at/3]...), normal(logits[at*v:(at+1)*v]), 1e-4, "token %d", at)
				}
			}
			assert.Equal(t, 6, s.Len(0))
			assert.Equal(t, 2, s.Len(1))
			if s.Room() == 0 {
				return
			}
			_, err = s.Read(append(slices.Repeat([]int{1}, 7), padding(7)...))
			assert.ErrorContains(t, err, "sequence 0 has 6 of at most 12 tokens: 7 more do not fit")
			assert.Equal(t, 6, s.Len(0))
		})
	}
}

// What ends a batch early ends it at a complete result.
func TestBatchFails(t *testing.T) {
	g := newGenerator(t, 24)
	p := g.prompt(t, "abc")
	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	endless := func() (Prompt, int, error) { return p, 0, nil }
	err := g.Batch(ctx, 4, Settings{Tokens: 5}, endless, func(r Result) error {
		if assert.Len(t, r.Tokens, 5); n == 9 {
			cancel()
		}
		n++
		return nil
	})
	assert.ErrorIs(t, err, context.Canceled)
	full := fmt.Errorf("the disk is full")
	assert.ErrorIs(t, g.Batch(context.Background(), 4, Settings{Tokens: 5}, endless, func(Result) error { return full }), full)
	assert.ErrorIs(t, g.Batch(context.Background(), 4, Settings{Tokens: 5}, func() (Prompt, int, error) { return p, 0, full }, nil), full)
	assert.ErrorContains(t, g.Batch(context.Background(), 0, Settings{}, endless, nil), "a batch of 0 sequences, want at least 1")
	none := func() (Prompt, int, error) { return Prompt{}, 0, nil }
	assert.ErrorContains(t, g.Batch(context.Background(), 2, Settings{Tokens: 5}, none, nil), "prompt 0 has no tokens")
	left := strings.Split("abc", "")
	var texts []string
	next := func() (Prompt, int, error) {
		if len(left) == 0 {
			return Prompt{}, 0, io.EOF
		}
		text := left[0]
		left = left[1:]
		return Prompt{Text: text, Tokens: []int{1}}, 0, nil
	}
	require.NoError(t, g.Batch(context.Background(), 2, Settings{}, next, func(r Result) error { texts = append(texts, r.Prompt); return nil }))
	assert.Equal(t, []string{"a", "b", "c"}, texts, "no tokens are wanted")
}
