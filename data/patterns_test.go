package data

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
)

// Every line is a segment, a gap that is shorter than twice the segment, and the segment again. A letter is
// followed by its successor in a third of the cases, and in 1/52 of the others.
func TestRepeats(t *testing.T) {
	for level := 1; level <= 3; level++ {
		lines := strings.Split(strings.TrimSuffix(repeatsText(Config{Size: 500, Level: level}), "\n"), "\n")
		require.Len(t, lines, 500)
		successors, pairs := 0, 0
		for _, s := range lines {
			n := 6 * level
			for n <= 12*level && (len(s) < 2*n || s[:n] != s[len(s)-n:]) {
				n++
			}
			require.LessOrEqual(t, n, 12*level, s)
			require.LessOrEqual(t, len(s)-2*12*level, 6*level, s)
			for i := 1; i < n; i++ {
				at := strings.IndexByte(RepeatsLetters, s[i-1])
				if pairs++; RepeatsLetters[(at+1)%len(RepeatsLetters)] == s[i] {
					successors++
				}
			}
		}
		assert.InDelta(t, 1./3+2./3/52, float64(successors)/float64(pairs), 0.04)
	}
}

// Marks close in the order in which they opened, and a line is as deep as its level allows.
func TestQuotes(t *testing.T) {
	closing := map[byte]byte{'(': ')', '[': ']'}
	for level := 1; level <= 3; level++ {
		deepest := 0
		for s := range strings.Lines(quotesText(Config{Size: 500, Level: level})) {
			require.True(t, strings.HasSuffix(s, ".\n"), s)
			var open []byte
			for _, c := range []byte(s) {
				switch {
				case len(open) > 0 && c == open[len(open)-1]:
					open = open[:len(open)-1]
				case c == '"':
					require.Empty(t, open, s)
					open = append(open, c)
				case closing[c] != 0:
					open = append(open, closing[c])
				default:
					require.NotContains(t, ")]", string(c), s)
				}
				deepest = max(deepest, len(open))
			}
			require.Empty(t, open, s)
		}
		assert.Equal(t, level, deepest)
	}
}

func TestPatternsAreRunningText(t *testing.T) {
	for _, name := range []string{"repeats", "quotes"} {
		c, err := Open(Config{Name: name, Size: 200}, tokenizer.Config{}, nil, Options{})
		require.NoError(t, err)
		assert.Greater(t, c.Info.Valid, 300)
		_, err = Open(Config{Name: name, Size: 200, Task: "pairs"}, tokenizer.Config{}, nil, Options{})
		assert.ErrorContains(t, err, "corpus "+name+` is running text, set data.task = "lm"`)
	}
}
