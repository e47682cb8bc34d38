package tokenizer

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// segmentations returns the exact distribution of algorithm 1 of Provilkov et al. over the ways to merge the
// symbols of a word: it follows each set of merges that may be left out, with its probability. Pieces are
// separated by spaces.
func segmentations(symbols []string, merges [][2]string, p float64) map[string]float64 {
	type possible struct{ rank, at int }
	var all []possible
	for at := range len(symbols) - 1 {
		for rank, m := range merges {
			if symbols[at] == m[0] && symbols[at+1] == m[1] {
				all = append(all, possible{rank, at})
			}
		}
	}
	slices.SortFunc(all, func(a, b possible) int {
		if a.rank != b.rank {
			return a.rank - b.rank
		}
		return a.at - b.at
	})
	found := map[string]float64{}
	for set := range 1 << len(all) { // bit i: merge i is left out
		probability, first := 1.0, -1
		for i := range all {
			if set>>i&1 == 1 {
				probability *= p
				continue
			}
			probability *= 1 - p
			if first < 0 {
				first = i
			}
		}
		if first < 0 {
			found[strings.Join(symbols, " ")] += probability
			continue
		}
		at := all[first].at
		merged := slices.Concat(symbols[:at], []string{symbols[at] + symbols[at+1]}, symbols[at+2:])
		for s, q := range segmentations(merged, merges, p) {
			found[s] += probability * q
		}
	}
	return found
}

// Segmentations are drawn with the probabilities of the paper's algorithm.
func TestDropoutHasTheDistributionOfThePaper(t *testing.T) {
	merges := [][2]string{{"a", "b"}, {"b", "a"}, {"ab", "a"}, {"n", "ab"}, {"ab", "ab"}, {"ba", "b"}}
	pieces := bytePieces()
	for _, m := range merges {
		pieces = append(pieces, m[0]+m[1])
	}
	var rules []bigram
	id := func(piece string) int32 { return int32(slices.Index(pieces, piece)) }
	for _, m := range merges {
		rules = append(rules, newBigram(id(m[0]), id(m[1])))
	}
	e, err := newBPE(pieces, make([]bool, len(pieces)), rules)
	require.NoError(t, err)
	tk := newVocabulary(e, pieces)
	const draws = 20000
	for _, word := range []string{"ab", "aba", "nababa", "abab"} {
		for _, p := range []float64{0.1, 0.5, 0.9} {
			d, ok := NewDropper(tk, p)
			require.True(t, ok)
			rng := rand.New(rand.NewPCG(1, uint64(p*100)))
			counts := map[string]int{}
			for range draws {
				ids, err := d.EncodeNext(word, rng)
				require.NoError(t, err)
				var s []string
				for _, id := range ids {
					s = append(s, pieces[id])
				}
				counts[strings.Join(s, " ")]++
			}
			want := segmentations(strings.Split(word, ""), merges, p)
			for s := range counts {
				assert.Contains(t, want, s, "%s, p = %v", word, p)
			}
			for s, q := range want {
				deviation := math.Sqrt(q * (1 - q) / draws)
				assert.InDelta(t, q, float64(counts[s])/draws, 5*deviation+1e-9, "%s, p = %v: %q, five standard deviations", word, p, s)
			}
		}
	}
}

// Without dropout the ids are those of the tokenizer; with all merges left out they are bytes or
// characters. In between they differ, and decode to the same text.
func TestDropoutLimits(t *testing.T) {
	text := strings.Repeat("the rays of light differ in colour, 光線在顏色上不同 ", 5)
	learned, err := TrainBPE(strings.NewReader(text), 320, nil)
	require.NoError(t, err)
	for name, tk := range map[string]Tokenizer{"bpe": learned, "bpe with specials": ParseSpecials(WithSpecials(learned, "<|end|>"))} {
		plain, err := tk.EncodeNext(text)
		require.NoError(t, err)
		for _, p := range []float64{0, 0.1, 1} {
			d, ok := NewDropper(tk, p)
			require.True(t, ok)
			rng := rand.New(rand.NewPCG(3, 4))
			ids, err := d.EncodeNext(text, rng)
			require.NoError(t, err)
			again, err := d.EncodeNext(text, rand.New(rand.NewPCG(3, 4)))
			require.NoError(t, err)
			assert.Equal(t, ids, again, "they follow from the random numbers")
			decoded, err := tk.Decode(ids)
			require.NoError(t, err)
			assert.Equal(t, text, decoded, "%s, p = %v", name, p)
			switch p {
			case 0:
				assert.Equal(t, plain, ids, name)
			case 1:
				assert.Len(t, ids, len(text), "%s: bytes", name)
			default:
				assert.Greater(t, len(ids), len(plain), name)
				assert.Less(t, len(ids), len(text), name)
			}
		}
		same, err := tk.EncodeNext(text)
		require.NoError(t, err)
		assert.Equal(t, plain, same, "the tokenizer itself leaves out nothing")
	}
	for _, tk := range []Tokenizer{NewByte(), NewChar(text), WithSpecials(NewChar(text), "<|end|>"), ParseSpecials(WithSpecials(NewChar(text), "<|end|>"))} {
		_, ok := NewDropper(tk, 0.1)
		assert.False(t, ok, "%s has no merges", tk.Kind())
	}
}
