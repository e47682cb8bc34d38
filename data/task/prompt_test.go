package task

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
)

// For any input Prompt returns a prompt within the limit, or an error.
func FuzzPrompt(f *testing.F) {
	f.Add("a: hello\nb: hi\na:", 40, false)
	f.Add("\t\t\x00\xff<|end|>", 16, true)
	f.Add(strings.Repeat("a long text\n", 40), 90, false)
	f.Fuzz(func(t *testing.T, text string, limit int, encoder bool) {
		limit = SmallestContext + int(uint(limit)%500)
		tk := tokenizer.WithSpecials(tokenizer.NewByte(), append(Specials(Config{Task: "pairs", LengthControl: true}, nil), "<|role:a|>", "<|role:b|>")...)
		for _, c := range []Config{
			{Task: "pairs", Source: "1", Target: "2", LengthControl: true, Encoder: encoder},
			{Task: "lm", Source: "1,2", Target: "3", Encoder: encoder},
			{Task: "dialogue", Encoder: encoder},
		} {
			format, err := NewFormat(c, tk)
			require.NoError(t, err)
			format.Limit = limit
			prompt, err := format.Prompt(text)
			if err == nil {
				assert.NotEmpty(t, prompt)
				assert.LessOrEqual(t, len(prompt), limit*3/4+1, "a quarter is reserved for the answer")
			}
			source, err := format.Source(text)
			if err == nil && encoder {
				assert.NotEmpty(t, source)
				assert.LessOrEqual(t, len(source), limit)
			}
		}
	})
}
