package data

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
)

func TestTalesForEveryTask(t *testing.T) {
	for _, c := range []Config{
		{Task: "lm"}, {Task: "lm", Language: "zh"}, {Task: "lm", Order: "sequential"},
		{Task: "pairs"}, {Task: "pairs", Encoder: true}, {Task: "pairs", Source: "zh", Target: "en"},
		{Task: "dialogue"}, {Task: "dialogue", Encoder: true, Language: "en"},
		{Task: "summary"}, {Task: "summary", Encoder: true, LengthControl: true},
	} {
		t.Run(fmt.Sprintf("%s %v %s", c.Task, c.Encoder, c.Language), func(t *testing.T) {
			c.Name, c.Size, c.Level = "tales", 200, 1
			corpus, err := Open(c, tokenizer.Config{}, nil, Options{})
			require.NoError(t, err)
			assert.Greater(t, corpus.Info.Valid, 100)
			assert.Greater(t, corpus.Info.Train, 4*corpus.Info.Valid)
			train, err := corpus.Train(8, 256, 1)
			require.NoError(t, err)
			var b Batch
			require.NoError(t, train.Batch(3, &b))
			assert.True(t, asks(b.Targets))
			assert.Equal(t, c.Encoder, b.S > 0)
			format, err := NewFormat(c, corpus.Tokenizer)
			require.NoError(t, err)
			assert.Equal(t, c.Encoder, format.HasSource())
		})
	}
}

func TestTalesPartsShareNoTale(t *testing.T) {
	for _, task := range []string{"dialogue", "summary"} {
		c, err := Open(Config{Name: "tales", Task: task, Size: 300, Level: 1}, tokenizer.Config{}, nil, Options{})
		require.NoError(t, err)
		train, err := c.Examples("train")
		require.NoError(t, err)
		valid, err := c.Examples("valid")
		require.NoError(t, err)
		seen := map[string]bool{}
		for _, e := range train {
			seen[e.Source] = true
		}
		for _, e := range valid {
			assert.False(t, seen[e.Source], e.Source)
			assert.Empty(t, e.Alternatives, "one right answer")
		}
	}
}

func TestCopyAndReverse(t *testing.T) {
	for name, change := range map[string]func(string) string{
		"copy": func(s string) string { return s },
		"reverse": func(s string) string {
			var b strings.Builder
			for i := len(s) - 1; i >= 0; i-- {
				b.WriteByte(s[i])
			}
			return b.String()
		},
	} {
		c, err := Open(Config{Name: name, Size: 300, Level: 1}, tokenizer.Config{}, nil, Options{})
		require.NoError(t, err)
		for _, part := range []string{"train", "valid"} {
			examples, err := c.Examples(part)
			require.NoError(t, err)
			require.NotEmpty(t, examples)
			for _, e := range examples {
				assert.Equal(t, change(e.Source), e.Reference)
				assert.LessOrEqual(t, len(e.Source), 8)
			}
		}
	}
	_, err := Open(Config{Name: "copy", Task: "summary"}, tokenizer.Config{}, nil, Options{})
	assert.ErrorContains(t, err, "corpus copy consists of pairs")
}

func TestTheLargestSizeExists(t *testing.T) {
	if testing.Short() {
		t.Skip("generates 50,000 tales")
	}
	assert.Len(t, differentTales(Config{Size: maxSize, Level: 1}), maxSize)
}
