package tokenizer

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// llamaPiece is one entry of a llama2.c file.
type llamaPiece struct {
	score float32
	text  string
}

// llamaPieces returns the fixed first pieces of a llama2.c vocabulary and a few pieces of text.
func llamaPieces() []llamaPiece {
	pieces := []llamaPiece{{0, "<unk>"}, {0, "\n<s>\n"}, {0, "\n</s>\n"}}
	for b := range 256 {
		pieces = append(pieces, llamaPiece{0, fmt.Sprintf("<0x%02X>", b)})
	}
	return append(pieces, llamaPiece{-1, " "}, llamaPiece{-1, "a"}, llamaPiece{-1, "b"}, llamaPiece{-1, "春"},
		llamaPiece{-2, "aa"}, llamaPiece{-3, "ab"}, llamaPiece{-4, " a"}, llamaPiece{-5, " aa"})
}

// llamaFile returns the file that llama2.c's tokenizer.py writes for pieces.
func llamaFile(pieces []llamaPiece) []byte {
	file := binary.LittleEndian.AppendUint32(nil, 10) // length of the longest piece; also a line break
	for _, p := range pieces {
		file = binary.LittleEndian.AppendUint32(file, math.Float32bits(p.score))
		file = binary.LittleEndian.AppendUint32(file, uint32(len(p.text)))
		file = append(file, p.text...)
	}
	return file
}

func llamaOf(t testing.TB, pieces []llamaPiece) Tokenizer {
	t.Helper()
	tok, err := parseLlama(llamaFile(pieces))
	require.NoError(t, err)
	return tok
}

func TestLlamaEncodesByHand(t *testing.T) {
	tok := llamaOf(t, llamaPieces())
	const space, a, b, spring, aa, ab, spaceA, spaceAA = 259, 260, 261, 262, 263, 264, 265, 266
	for text, want := range map[string][]int{
		"":      {1},
		"b":     {1, space, b},
		"aaa":   {1, spaceAA, a}, // of two equal pairs aa the left one is merged; then " " with it
		"ab":    {1, space, ab},  // ab (−3) goes before " a" (−4)
		"春c":    {1, space, spring, 3 + 'c'},
		"a\x80": {1, space, 3 + 'a', 3 + 0x80}, // llama2.c reads a and a stray continuation as one character
		"<s>":   {1, space, 3 + '<', 3 + 's', 3 + '>'},
	} {
		ids, err := tok.Encode(text)
		require.NoError(t, err)
		assert.Equal(t, want, ids, "%q", text)
		back, err := tok.Decode(ids)
		require.NoError(t, err)
		assert.Equal(t, text, back)
	}
	// Ids that do not begin with <s> keep the space.
	text, err := tok.Decode([]int{spaceA, b})
	require.NoError(t, err)
	assert.Equal(t, " ab", text)
}

// TestTok512 loads the tokenizer of llama2.c's stories260K. The golden text is the output of llama2.c
// for that model and an empty prompt.
func TestTok512(t *testing.T) {
	tok, err := Load(sharedFile(t, "models/tok512.bin"))
	require.NoError(t, err)
	assert.Equal(t, 512, tok.Vocab())
	ids, err := tok.Encode("")
	require.NoError(t, err)
	assert.Equal(t, []int{1}, ids)
	golden := sharedText(t, "models/stories260K.greedy256.golden.txt")
	ids, err = tok.Encode(golden)
	require.NoError(t, err)
	assert.Equal(t, llama2c(tok, golden), ids)
	back, err := tok.Decode(ids)
	require.NoError(t, err)
	assert.Equal(t, golden, back)

	path := filepath.Join(t.TempDir(), "tokenizer.json")
	require.NoError(t, WithSpecials(tok, "<|end|>").Save(path))
	loaded, err := Load(path)
	require.NoError(t, err)
	again, err := loaded.Encode(golden)
	require.NoError(t, err)
	assert.Equal(t, ids, again)
	end, ok := loaded.Special("<|end|>")
	assert.True(t, ok)
	assert.Equal(t, 512, end)
}

// llama2c encodes ASCII text with the simple algorithm of run.c's encode: of all neighbouring pairs
// merge the one whose piece has the best score, and repeat.
func llama2c(t Tokenizer, text string) []int {
	v := t.(*vocabulary)
	scores := v.encoder.(*llamaEncoder).scores
	find := func(piece string) int {
		for id := llamaText; id < len(v.pieces); id++ {
			if v.pieces[id] == piece {
				return id
			}
		}
		return -1
	}
	ids := []int{}
	for _, c := range " " + text {
		if id := find(string(c)); id >= 0 {
			ids = append(ids, id)
		} else {
			ids = append(ids, llamaBytes+int(c))
		}
	}
	for {
		best, at, to := float32(-1e10), -1, -1
		for i := range len(ids) - 1 {
			id := find(v.pieces[ids[i]] + v.pieces[ids[i+1]])
			if id >= 0 && scores[id] > best {
				best, at, to = scores[id], i, id
			}
		}
		if at < 0 {
			return append([]int{llamaBegin}, ids...)
		}
		ids[at] = to
		ids = append(ids[:at+1], ids[at+2:]...)
	}
}

func TestLlamaRefuses(t *testing.T) {
	nan := llamaPieces()
	nan[300-40].score = float32(math.NaN())
	swapped := llamaPieces()
	swapped[5].text = "<0xZZ>"
	huge := llamaFile(llamaPieces())
	binary.LittleEndian.PutUint32(huge[8:], 0x7fffffff)
	whole := llamaFile(llamaPieces())
	for want, file := range map[string][]byte{
		"would have 1701670771 bytes, it must have":      []byte("some text"), // 0x656d6f73: "some", little-endian
		"piece 260 has score NaN":                        llamaFile(nan),
		`piece 5 is "<0xZZ>", not <0x02>`:                llamaFile(swapped),
		"piece 0 at byte offset 4 has length 2147483647": huge,
		"within the header of piece 266":                 whole[:len(whole)-8],
		"10 pieces with 10 scores":                       llamaFile(llamaPieces()[:10]),
	} {
		_, err := parseLlama(file)
		assert.ErrorContains(t, err, want)
	}
	long := strings.Repeat("ab", 200000)
	ids, err := llamaOf(t, llamaPieces()).Encode(long) // quadratic merging would be too slow
	require.NoError(t, err)
	assert.Len(t, ids, 200002)
}

func TestLlamaFilesAreRecognizedByContent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tok.bin")
	require.NoError(t, os.WriteFile(path, llamaFile(llamaPieces()), 0o644)) // begins with a line break
	tok, err := Load(path)
	require.NoError(t, err)
	assert.Equal(t, "llama", tok.Kind())
}

func BenchmarkEncodeTok512(b *testing.B) {
	tok, err := Load(sharedFile(b, "models/tok512.bin"))
	require.NoError(b, err)
	benchmarkEncode(b, tok, sharedText(b, "data/tinyshakespeare.txt"))
}
