package bench

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
	"euryale/generation"
	"euryale/internal/kernel/matmul"
	"euryale/internal/limits"
	"euryale/layers/graph"
	"euryale/models"
)

// at sets the precision of products for a benchmark.
func at(b *testing.B, p matmul.Precision) {
	b.Helper()
	require.NoError(b, matmul.SetPrecision(p))
	b.Cleanup(func() { require.NoError(b, matmul.SetPrecision(matmul.Highest)) })
}

// steps returns a stepper of so many sequences of a workload's model, which have n tokens.
func steps(b *testing.B, name string, sequences, n int) (s generation.Stepper, ids []int) {
	b.Helper()
	w, err := Find(name)
	require.NoError(b, err)
	weights := graph.NewWeights(1)
	s, err = generation.NewStepper(w.Model, weights, sequences)
	require.NoError(b, err)
	weights.ReadOnly()
	weights.Hold()
	weights.Reuse() // as generate does for batches
	b.Cleanup(weights.Release)
	ids = make([]int, sequences)
	for range n {
		_, err := s.Step(ids)
		require.NoError(b, err)
	}
	return s, ids
}

// BenchmarkStep is a step of sequences side by side: 16 of 12 layers of 768 at medium precision beside one,
// 64 of 6 layers of 384 beside one; 16 after histories of 500 tokens too. The tokens a second of all are measured.
func BenchmarkStep(b *testing.B) {
	for _, c := range []struct {
		name      string
		sequences []int
		precision matmul.Precision
		held      int // tokens of each sequence before the first step
	}{
		{"gen-gpt2", []int{1, 16}, matmul.Medium, 8},
		{"gen-gpt2", []int{1, 16}, matmul.Medium, 500},
		{"gen-char", []int{1, 64}, matmul.Highest, 8},
		{"gen-char", []int{1, 64}, matmul.Medium, 8},
	} {
		for _, n := range c.sequences {
			b.Run(fmt.Sprintf("%s/%s/T%d/B%d", c.name, c.precision, c.held, n), func(b *testing.B) {
				at(b, c.precision)
				s, ids := steps(b, c.name, n, c.held)
				b.ResetTimer()
				for i := range b.N {
					if i%100 == 99 {
						b.StopTimer()
						for j := range n {
							require.NoError(b, s.Truncate(j, c.held))
						}
						b.StartTimer()
					}
					_, err := s.Step(ids)
					require.NoError(b, err)
				}
				b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "tokens/s")
			})
		}
	}
}

// BenchmarkPrompt reads a prompt with 12 layers of 768, and measures which fraction of the peak of products
// that is: 2 operations for each weight of a product and token, and those of attention.
func BenchmarkPrompt(b *testing.B) {
	for _, precision := range []matmul.Precision{matmul.Highest, matmul.Medium, matmul.Int8} {
		for _, n := range []int{18, 512} {
			b.Run(fmt.Sprintf("%s/%d", precision, n), func(b *testing.B) {
				at(b, precision)
				s, _ := steps(b, "gen-gpt2", 1, 1)
				p := generation.Prompt{Tokens: make([]int, n)}
				for i := range p.Tokens {
					p.Tokens[i] = i
				}
				_, err := s.Begin(0, p)
				require.NoError(b, err)
				b.ResetTimer()
				for range b.N {
					_, err := s.Begin(0, p)
					require.NoError(b, err)
				}
				b.StopTimer()
				const dim, layers = 768, 12
				operations := float64(2*n*12*dim*dim*layers) + float64(4*n*(n+1)/2*dim*layers)
				rate := operations * float64(b.N) / b.Elapsed().Seconds() / 1e9
				b.ReportMetric(rate, "gflop/s")
				b.ReportMetric(100*rate/limits.Products(), "%peak")
			})
		}
	}
}

// BenchmarkRaggedPrompts reads 32 prompts of 4 to 32 tokens, side by side and one by one.
func BenchmarkRaggedPrompts(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	const n = 32
	seqs, prompts := make([]int, n), make([]generation.Prompt, n)
	for i := range prompts {
		seqs[i] = i
		for range 4 + rng.IntN(29) {
			prompts[i].Tokens = append(prompts[i].Tokens, rng.IntN(65))
		}
	}
	for _, name := range []string{"gen-char", "gen-gpt2", "gen-lstm"} {
		s, _ := steps(b, name, n, 0)
		together := func() error { _, err := s.BeginAll(seqs, prompts); return err }
		alone := func() error {
			for i, p := range prompts {
				if _, err := s.Begin(i, p); err != nil {
					return err
				}
			}
			return nil
		}
		for how, read := range map[string]func() error{"together": together, "alone": alone} {
			b.Run(name+"/"+how, func(b *testing.B) {
				require.NoError(b, read())
				b.ResetTimer()
				for range b.N {
					require.NoError(b, read())
				}
			})
		}
	}
}

// BenchmarkSpeculation generates 100 tokens greedily, plainly and with a draft of a tenth of the parameters.
// Both models are trained for a moment on a text, so that they agree on most tokens.
func BenchmarkSpeculation(b *testing.B) {
	text := strings.Repeat("The Rays of Light which differ in Colour differ also in Degrees of Refrangibility. ", 30)
	tk := tokenizer.NewChar(text)
	big := learned(b, tk, text, 768, 6, 12)
	small := learned(b, tk, text, 192, 2, 3)
	p, err := generation.Plain(tk, "The Rays of")
	require.NoError(b, err)
	for _, how := range []struct {
		name string
		spec *generation.Speculation
	}{{"plain", nil}, {"draft", &generation.Speculation{Draft: small, Tokens: 6}}, {"lookup", &generation.Speculation{Tokens: 6}}} {
		b.Run(how.name, func(b *testing.B) {
			big.Speculation = how.spec
			defer func() { big.Speculation = nil }()
			var r []generation.Result
			for i := range b.N + 1 {
				if i == 1 {
					b.ResetTimer()
				}
				r, err = big.Generate(context.Background(), p, generation.Settings{Tokens: 100}, 1, nil)
				require.NoError(b, err)
			}
			b.ReportMetric(float64(b.N*100)/b.Elapsed().Seconds(), "tokens/s")
			if s := r[0].Speculation; s != nil {
				b.ReportMetric(100*float64(s.Accepted)/float64(s.Guessed), "%accepted")
			}
		})
	}
}

// learned returns a GPT that has read a text.
func learned(b *testing.B, tk tokenizer.Tokenizer, text string, dim, layers, heads int) *generation.Generator {
	b.Helper()
	ids, err := tk.Encode(text)
	require.NoError(b, err)
	m := gpt(tk.Vocab(), dim, layers, heads, 128, 0)
	batch := newNoise(4, 128, tk.Vocab())
	rng := rand.New(rand.NewPCG(5, 6))
	for i := range 4 {
		from := rng.IntN(len(ids) - 129)
		copy(batch.batch.Tokens[i*128:], ids[from:from+128])
		copy(batch.batch.Targets[i*128:(i+1)*128], ids[from+1:])
	}
	r, err := trainerOn(m, batch, "")
	require.NoError(b, err)
	for range 60 {
		_, err := r.Update()
		require.NoError(b, err)
	}
	return &generation.Generator{Model: m, Weights: r.Weights, Tokenizer: tk}
}

// BenchmarkBatch answers 64 prompts, 16 side by side, of which texts end early: rows that end make room.
func BenchmarkBatch(b *testing.B) {
	tk := tokenizer.NewChar("abcdefghijklmnopqrstuvwxyz .,\n")
	m := gpt(tk.Vocab(), 384, 6, 6, 256, 0)
	w := graph.NewWeights(1)
	_, err := models.NewMemory(m, w, 1, 256, 0)
	require.NoError(b, err)
	g := &generation.Generator{Model: m, Weights: w, Tokenizer: tk, End: []int{5}}
	for _, sequences := range []int{1, 16} {
		b.Run(fmt.Sprintf("B%d", sequences), func(b *testing.B) {
			tokens := 0
			for range b.N {
				left := 64
				next := func() (generation.Prompt, int, error) {
					if left == 0 {
						return generation.Prompt{}, 0, io.EOF
					}
					left--
					return generation.Prompt{Tokens: []int{left % 30, 1, 2, 3}}, left, nil
				}
				require.NoError(b, g.Batch(context.Background(), sequences, generation.Settings{Tokens: 60, Temperature: 1}, next, func(r generation.Result) error {
					tokens += len(r.Tokens)
					return nil
				}))
			}
			b.ReportMetric(float64(tokens)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}

// BenchmarkBeams generates 100 tokens of a vocabulary of 32,000 with 12 layers of 768 at int8: as four samples, and with
// a beam search of width 4.
func BenchmarkBeams(b *testing.B) {
	at(b, matmul.Int8)
	var runes []rune
	for i := range 32000 {
		runes = append(runes, rune(0x3400+i)) // Chinese characters
	}
	tk := tokenizer.NewChar(string(runes))
	m := gpt(tk.Vocab(), 768, 12, 12, 256, 0)
	w := graph.NewWeights(1)
	_, err := models.NewMemory(m, w, 1, 256, 0)
	require.NoError(b, err)
	g := &generation.Generator{Model: m, Weights: w, Tokenizer: tk}
	p, err := generation.Plain(tk, string(runes[:4]))
	require.NoError(b, err)
	const tokens = 100
	for _, how := range []struct {
		name     string
		samples  int
		settings generation.Settings
	}{{"samples", 4, generation.Settings{Tokens: tokens, Temperature: 1}}, {"beams", 1, generation.Settings{Tokens: tokens, Beams: 4}}} {
		b.Run(how.name, func(b *testing.B) {
			for i := range b.N + 1 {
				if i == 1 { // weights are packed in the first
					b.ResetTimer()
				}
				_, err := g.Generate(context.Background(), p, how.settings, how.samples, nil)
				require.NoError(b, err)
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N*tokens)*1e3, "ms/step")
		})
	}
}
