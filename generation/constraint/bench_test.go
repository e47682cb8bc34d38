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

// BenchmarkMask measures a token of texts of up to 64 random tokens: the mask, and the next state. All texts
// are of one constraint, which keeps what it has found, from its first state on.
func BenchmarkMask(b *testing.B) {
	tk := gpt2(b)
	pattern := func(p string) func() (Automaton, error) { return func() (Automaton, error) { return Regexp(p) } }
	for _, c := range []struct {
		name string
		make func() (Automaton, error)
	}{
		{"text", pattern(`(?s).*`)},
		{"words", pattern(`([a-z]+ )*[a-z]+\.`)},
		{"email", pattern(`[\w.]+@[\w.]+\.[a-z]{2,3}`)},
		{"json", func() (Automaton, error) {
			return JSONSchema([]byte(`{"type": "object", "required": ["name", "age"], "properties": {"name": {"type": "string", "maxLength": 20},
				"age": {"type": "integer", "minimum": 0, "maximum": 150}, "tags": {"type": "array", "items": {"enum": ["a", "b", "c"]}}}}`))
		}},
		{"forbid", func() (Automaton, error) { return Forbid("damn", "hell", "secret", "password", "kill", "秘密") }},
	} {
		b.Run(c.name, func(b *testing.B) {
			a, err := c.make()
			require.NoError(b, err)
			c, err := New(a, tk, nil)
			require.NoError(b, err)
			rng := rand.New(rand.NewPCG(1, 2))
			m, left := c.Begin(nil), 64
			var mask []uint64
			for b.Loop() {
				mask = m.Mask(mask, left)
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

// BenchmarkVerse measures a verse over 6,000 characters, which a constraint has written some of before.
func BenchmarkVerse(b *testing.B) {
	for _, form := range Forms() {
		b.Run(form, func(b *testing.B) {
			c := versesOf(b, form, nil, 6000)
			rng := rand.New(rand.NewPCG(1, 2))
			for b.Loop() {
				text, ends := generate(rng, c, 60)
				require.True(b, ends, text)
			}
		})
	}
}

// versesOf returns the constraint of a form for the tokens of so many Chinese characters and the punctuation.
func versesOf(t testing.TB, form string, table *Rhymes, n int) *Constraint {
	pieces := [][]byte{[]byte("，"), []byte("。"), []byte("？"), []byte("！"), []byte("\n")}
	for r := rune(0x4e00); r < rune(0x4e00+n); r++ {
		pieces = append(pieces, []byte(string(r)))
	}
	a, err := Verse(form, table)
	require.NoError(t, err)
	c := newConstraint(a, tokenizer.NewByte(), vocabularyOf(pieces))
	c.Least()
	c.solver.hurry()
	return c
}
