package tokenizer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWordCounterDropsTheRarest(t *testing.T) {
	w := wordCounter{limit: 100}
	for i := range 200 {
		w.add(fmt.Sprintf(" common %d", i))
		assert.LessOrEqual(t, w.size, 100)
	}
	assert.Equal(t, 200, w.counts[" common"])
	assert.NotContains(t, w.counts, " 0")
	size := 0
	for word := range w.counts {
		size += len(word)
	}
	assert.Equal(t, size, w.size)
}

func TestWordCounterCutsLongWords(t *testing.T) {
	w := wordCounter{limit: distinctWords}
	w.add(strings.Repeat("a", 3*longestWord+1))
	assert.Equal(t, map[string]int{strings.Repeat("a", longestWord): 3, "a": 1}, w.counts)
}
