package task

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
)

func TestFormatNeedsTheTokensOfTheTask(t *testing.T) {
	_, err := NewFormat(Config{Task: "dialogue"}, tokenizer.NewByte())
	assert.ErrorContains(t, err, `the tokenizer has no token <|end|>: it was not made for data.task = "dialogue"`)
	_, err = NewFormat(Config{Task: "dialogue"}, tokenizer.WithSpecials(tokenizer.NewByte(), "<|end|>"))
	assert.ErrorContains(t, err, "<|role:NAME|>")
	_, err = NewFormat(Config{Task: "pairs", LengthControl: true}, tokenizer.WithSpecials(tokenizer.NewByte(), Specials(Config{Task: "pairs"}, nil)...))
	assert.ErrorContains(t, err, "no token <|length:4|>")
	f, err := NewFormat(Config{Task: "lm"}, tokenizer.NewChar("ab"))
	require.NoError(t, err)
	assert.Equal(t, -1, f.End())
	assert.Empty(t, f.Stops())
	ids, err := f.Prompt("")
	require.NoError(t, err)
	assert.Equal(t, []int{0}, ids, "never empty")
}
