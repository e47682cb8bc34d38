package tokenizer

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTrainBPEByHand(t *testing.T) {
	// Words: "ab" ×3, " ab" ×1 and " abc" ×2 (cut by hand). Pairs: ab 6, " a" 3, bc 2.
	// ab becomes 256; then " "+ab has 3 and ab+c 2, so 257 is " ab" and 258 is " ab"+c.
	var calls [][2]int
	tok, err := TrainBPE(strings.NewReader("ab,ab,ab ab abc abc"), 1000, func(done, total int) {
		calls = append(calls, [2]int{done, total})
	})
	require.NoError(t, err)
	assert.Equal(t, [][2]int{{1, 744}, {2, 744}, {3, 744}}, calls)
	require.Equal(t, 259, tok.Vocab())
	for id, want := range map[int]string{0: "\x00", 255: "\xff", 256: "ab", 257: " ab", 258: " abc"} {
		assert.Equal(t, want, string(tok.Piece(id)))
	}
	ids, err := tok.Encode("ab abc ab")
	require.NoError(t, err)
	assert.Equal(t, []int{256, 258, 257}, ids)
}

func TestTrainBPEBreaksTiesByID(t *testing.T) {
	// ab and bc occur twice each; ab has the lower ids.
	tok, err := TrainBPE(strings.NewReader("abc\nabc"), 257, nil)
	require.NoError(t, err)
	assert.Equal(t, "ab", string(tok.Piece(256)))
}

func TestTrainBPERefuses(t *testing.T) {
	_, err := TrainBPE(strings.NewReader("abc"), 255, nil)
	assert.ErrorContains(t, err, "too small for the 256 bytes")
	_, err = TrainBPE(strings.NewReader(""), 300, nil)
	assert.ErrorContains(t, err, "empty")
	broken := errors.New("the disk is gone")
	_, err = TrainBPE(iotest.ErrReader(broken), 300, nil)
	assert.ErrorIs(t, err, broken)
}

// TestTrainBPEAgainstTheDefinition compares with a trainer that recounts all pairs of all words
// before each merge.
func TestTrainBPEAgainstTheDefinition(t *testing.T) {
	texts := []string{
		strings.Repeat("aaaa aaab abab baab ", 5) + "aaaaaaaaaaaaa",
		strings.Repeat("春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。", 3),
		strings.Repeat("\xff\xfe\xff\xff\xfe", 9),
		sharedText(t, "data/tatoeba_en_zh.tsv")[:4000],
	}
	for _, text := range texts {
		tok, err := TrainBPE(strings.NewReader(text), 256+150, nil)
		require.NoError(t, err)
		var pieces []string
		for id := 256; id < tok.Vocab(); id++ {
			pieces = append(pieces, string(tok.Piece(id)))
		}
		assert.Equal(t, plainTrainer(text, 150), pieces)
	}
}

// plainTrainer implements byte-pair encoding by its definition, and returns the pieces of n merges.
func plainTrainer(text string, n int) []string {
	var words [][]int32
	for ; len(text) > 0; text = text[wordEnd(text):] {
		var word []int32
		for i := range wordEnd(text) {
			word = append(word, int32(text[i]))
		}
		words = append(words, word)
	}
	pieces := bytePieces()
	for len(pieces) < 256+n {
		counts := map[bigram]int{}
		for _, word := range words {
			for i := 1; i < len(word); i++ {
				counts[newBigram(word[i-1], word[i])]++
			}
		}
		best, most := bigram(0), 1
		for p, count := range counts {
			made := false
			for _, piece := range pieces[256:] {
				made = made || piece == pieces[p.left()]+pieces[p.right()]
			}
			if !made && (count > most || count == most && count > 1 && p < best) {
				best, most = p, count
			}
		}
		if most < 2 {
			break
		}
		for i, word := range words {
			words[i] = joinBigram(nil, word, best, int32(len(pieces)))
		}
		pieces = append(pieces, pieces[best.left()]+pieces[best.right()])
	}
	return pieces[256:]
}

// BenchmarkTrainBPE learns 4,096 merges from 2 MB of text.
func BenchmarkTrainBPE(b *testing.B) {
	for _, name := range []string{"summary_en_debian.tsv", "tatoeba_en_zh.tsv"} {
		text := sharedText(b, "data/"+name)[:2<<20]
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				tok, err := TrainBPE(strings.NewReader(text), 256+4096, nil)
				require.NoError(b, err)
				require.Equal(b, 256+4096, tok.Vocab())
			}
		})
	}
}
