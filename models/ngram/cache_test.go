package ngram

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// plainCacheProb counts what followed each ending of the history in the text, straight from the formula.
func plainCacheProb(text []int, vocab, order, w int) float64 {
	p := 1 / float64(vocab)
	for n := range order {
		if n > len(text) {
			break
		}
		context, follow, total := fmt.Sprint(text[len(text)-n:]), map[int]int{}, 0
		for i := n; i < len(text); i++ {
			if fmt.Sprint(text[i-n:i]) == context {
				follow[text[i]]++
				total++
			}
		}
		if total > 0 {
			p = (max(float64(follow[w])-0.75, 0) + 0.75*float64(len(follow))*p) / float64(total)
		}
	}
	return p
}

func TestCacheAgreesWithTheFormula(t *testing.T) {
	const vocab = 9
	text := random(vocab, 160, 7)
	for order := 1; order <= 5; order++ {
		c, err := NewCache(vocab, order)
		require.NoError(t, err)
		for i, id := range text {
			for w := range vocab {
				require.InDelta(t, plainCacheProb(text[:i], vocab, order, w), c.Prob(w), 1e-12, "order %d, token %d", order, i)
			}
			c.Read(id)
		}
	}
}

// A phrase that the text has had is likely when it begins again.
func TestCacheRepeats(t *testing.T) {
	c, err := NewCache(50, 4)
	require.NoError(t, err)
	for _, id := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3} {
		c.Read(id)
	}
	assert.Greater(t, c.Prob(4), 0.5)
	assert.Less(t, c.Prob(40), 0.02)
}

func TestCacheRefuses(t *testing.T) {
	for _, order := range []int{0, -1, MaxOrder + 1} {
		_, err := NewCache(5, order)
		assert.ErrorContains(t, err, "want 1 to 16")
	}
	_, err := NewCache(0, 3)
	assert.Error(t, err)
}

// After any text the probabilities are positive and add up to 1.
func FuzzCache(f *testing.F) {
	f.Add([]byte("the cat sat on the cat"), byte(3))
	f.Add([]byte{}, byte(1))
	f.Add([]byte("aaaaaaaaaa"), byte(16))
	f.Fuzz(func(t *testing.T, text []byte, order byte) {
		c, err := NewCache(256, int(order)%MaxOrder+1)
		require.NoError(t, err)
		for _, b := range text {
			c.Read(int(b))
		}
		sum := 0.0
		for w := range 256 {
			p := c.Prob(w)
			require.Positive(t, p)
			sum += p
		}
		require.InDelta(t, 1, sum, 1e-9)
	})
}
