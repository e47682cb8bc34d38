package constraint

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
)

// gpt2 returns GPT-2's tokenizer of 50,257 tokens.
func gpt2(t testing.TB) tokenizer.Tokenizer {
	dir := filepath.Join("..", "..", "..", "shared", "tokenizers")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("GPT-2's tokenizer is not here")
	}
	tk, err := tokenizer.Load(filepath.Join(dir, "gpt2_encoder.json"))
	require.NoError(t, err)
	return tk
}

func BenchmarkMask(b *testing.B) {
	tk := gpt2(b)
	for name, pattern := range map[string]string{
		"text":  `(?s).*`,
		"words": `([a-z]+ )*[a-z]+\.`,
		"email": `[\w.]+@[\w.]+\.[a-z]{2,3}`,
	} {
		b.Run(name, func(b *testing.B) {
			a, err := Regexp(pattern)
			require.NoError(b, err)
			c, err := New(a, tk, nil)
			require.NoError(b, err)
			rng := rand.New(rand.NewPCG(1, 2))
			m, left := c.Begin(nil), 64
			for b.Loop() {
				ids := m.Allowed(left)
				if left--; len(ids) == 0 || left == 0 {
					m, left = c.Begin(nil), 64
					continue
				}
				m.Accept(int(ids[rng.IntN(len(ids))]))
			}
		})
	}
}
