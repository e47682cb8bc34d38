package tokenizer

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStreamHoldsBackIncompleteCharacters(t *testing.T) {
	s := NewStream(NewByte())
	var got []string
	for _, b := range []byte("a春\xe6\x98b\xff") {
		peeked := []string{s.Peek(0xa5), s.Peek(int(b))} // peeking changes nothing
		got = append(got, s.Push(int(b)))
		assert.Equal(t, got[len(got)-1], peeked[1])
	}
	// \xe6\x98 could become 春 until b follows; \xff cannot become a character and is not held back.
	assert.Equal(t, []string{"a", "", "", "春", "", "", "\xe6\x98b", "\xff"}, got)
	assert.Equal(t, "", s.Push(256), "an id outside the vocabulary adds nothing")
	assert.Equal(t, "", s.Push(0xe6))
	assert.Equal(t, "\xe6", s.Flush())
	assert.Equal(t, "", s.Flush())
}

func TestStreamOpensTextsOfLlama(t *testing.T) {
	const spaceA = 265
	s := NewStream(llamaOf(t, llamaPieces()))
	for range 2 { // Flush starts a new text
		assert.Equal(t, "", s.Push(llamaBegin))
		assert.Equal(t, "a", s.Push(spaceA))
		assert.Equal(t, " a", s.Push(spaceA))
		assert.Equal(t, "<s>", s.Push(llamaBegin))
		assert.Equal(t, "", s.Flush())
	}
	assert.Equal(t, " a", s.Push(spaceA), "ids that do not begin with <s> keep the space")
}

// TestConcurrentUse is to be run with the race detector.
func TestConcurrentUse(t *testing.T) {
	for _, tok := range oneOfEach(t)[1:] {
		want, err := tok.Encode("a\\b 春眠 \"q\"")
		require.NoError(t, err)
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() {
				for range 50 {
					got, err := tok.Encode("a\\b 春眠 \"q\"")
					assert.NoError(t, err)
					assert.Equal(t, want, got)
				}
			})
		}
		wait.Wait()
	}
}
