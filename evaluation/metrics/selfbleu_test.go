package metrics

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Self-BLEU of all texts together is the BLEU of each with the others as references.
func TestSelfBLEUIsBLEU(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		var texts []string
		for range 2 + rng.IntN(12) {
			var words []string
			for range rng.IntN(9) {
				words = append(words, string(rune('a'+rng.IntN(4))))
			}
			texts = append(texts, strings.Join(words, " "))
		}
		got, err := SelfBLEU(texts, Tokenize13a)
		require.NoError(t, err)
		for i, text := range texts {
			want, err := BLEU([]string{text}, [][]string{slices.Concat(texts[:i], texts[i+1:])}, Tokenize13a)
			require.NoError(t, err)
			assert.InDelta(t, want.Score, got[i], 1e-9, "%q of %q", text, texts)
		}
	}
}
