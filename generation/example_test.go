package generation_test

import (
	"context"
	"fmt"

	G "gorgonia.org/gorgonia"

	"euryale/data/tokenizer"
	"euryale/generation"
	"euryale/layers"
	"euryale/layers/graph"
	"euryale/models"
)

// A model that always says what follows its last character in the alphabet, made by hand:
// its embedding tells characters apart, and its head knows each one's successor.
func successor(tk tokenizer.Tokenizer) *generation.Generator {
	v := tk.Vocab()
	m := models.Define(16, func(s *layers.Scope, tokens *G.Node, vocab int) *G.Node {
		return layers.Head(s.Sub("head").WithBias(false), layers.Embedding(s.Sub("tok"), tokens, vocab, vocab), vocab)
	})
	m.Vocab = v
	w := graph.NewWeights(1)
	same, next := make([]float32, v*v), make([]float32, v*v)
	for i := range v {
		same[i*v+i], next[i*v+(i+1)%v] = 1, 9
	}
	for path, values := range map[string][]float32{"tok/W": same, "head/W": next} {
		if err := w.Add(path, []int{v, v}, values); err != nil {
			panic(err) // sizes are right by construction
		}
	}
	return &generation.Generator{Model: m, Weights: w, Tokenizer: tk}
}

func ExampleGenerator_Generate() {
	tk := tokenizer.NewChar("abcdef")
	g := successor(tk)
	prompt, err := generation.Plain(tk, "ab")
	if err != nil {
		fmt.Println(err)
		return
	}
	results, err := g.Generate(context.Background(), prompt, generation.Settings{Tokens: 3}, 1, nil)
	fmt.Println(results[0].Text, results[0].FinishReason, err)
	// Output:
	// cde length <nil>
}

// Each letter after the first is the likely one: nearly nothing is left to say.
func ExampleGenerator_Score() {
	g := successor(tokenizer.NewChar("abcdef"))
	s, err := g.Score(context.Background(), "abcdef", 0, func(int, int) {})
	fmt.Printf("%d tokens, perplexity %.3f, %v\n", s.Tokens, s.Perplexity, err)
	// Output:
	// 5 tokens, perplexity 1.001, <nil>
}

// Layers are named by their paths.
func ExampleGenerator_Attention() {
	g := successor(tokenizer.NewChar("abcdef"))
	_, err := g.Attention(generation.Prompt{Tokens: []int{0, 1}}, nil, "h0/att")
	fmt.Println(err)
	// Output:
	// the model has no attention layers
}
