package metrics

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLongestCopied(t *testing.T) {
	const training = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。 banana band"
	for _, tt := range []struct {
		texts []string
		want  string
	}{
		{[]string{"他说黄河入海流也"}, "黄河入海流"},
		{[]string{"x", "一个banan", "目，更上"}, "banan"},
		{[]string{"ana band!"}, "ana band"},
		{[]string{"黄河", "入海流"}, "入海流"}, // no substring extends over two texts
		{[]string{"欲穷千里", "banana b", "里目，更上一层"}, "banana b"},
		{[]string{"QQQ"}, ""},
		{[]string{""}, ""},
		{nil, ""},
		{[]string{training}, training},
	} {
		got, err := LongestCopied(tt.texts, iotest.OneByteReader(strings.NewReader(training)))
		require.NoError(t, err)
		assert.Equal(t, tt.want, got, tt.texts)
	}
}

func TestLongestCopiedReadError(t *testing.T) {
	broken := errors.New("read error")
	_, err := LongestCopied([]string{"a"}, iotest.ErrReader(broken))
	assert.ErrorIs(t, err, broken)
}

// Each text has its own run, wherever the blocks of the training text end.
func TestCopiedRuns(t *testing.T) {
	const training = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。 banana band"
	texts := []string{"他说黄河入海流也", "", "QQ", "ana and band!"}
	for block := int64(1); block < int64(len(training))+2; block++ {
		runs, err := copiedRuns(texts, iotest.OneByteReader(strings.NewReader(training)), block)
		require.NoError(t, err)
		assert.Equal(t, []Run{{6, 21}, {0, 0}, {0, 0}, {7, 12}}, runs, "黄河入海流 and \" band\", block %d", block)
	}
	runs, err := CopiedRuns([]string{"a"}, strings.NewReader(""))
	require.NoError(t, err)
	assert.Equal(t, []Run{{}}, runs)
}

// On random strings of a small alphabet the result is as long as that of a search of all substrings,
// and occurs in both texts.
func TestLongestCopiedAgainstSearch(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	text := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteRune([]rune("ab春")[rng.IntN(3)])
		}
		return b.String()
	}
	for range 300 {
		texts, training := []string{text(rng.IntN(30)), text(rng.IntN(30))}, text(rng.IntN(60))
		want := 0
		for _, x := range texts {
			r := []rune(x)
			for i := range r {
				for j := i + want + 1; j <= len(r) && strings.Contains(training, string(r[i:j])); j++ {
					want = j - i
				}
			}
		}
		got, err := LongestCopied(texts, strings.NewReader(training))
		require.NoError(t, err)
		require.Len(t, []rune(got), want, "%q in %q", texts, training)
		require.Contains(t, training, got)
		require.True(t, strings.Contains(texts[0], got) || strings.Contains(texts[1], got))
	}
}

func BenchmarkLongestCopied(b *testing.B) {
	training, err := os.ReadFile("../../../shared/data/tinyshakespeare.txt")
	if err != nil {
		b.Skip("the reference corpora are not available")
	}
	text := string(training[500_000:520_000])
	b.SetBytes(int64(len(training)))
	b.ReportAllocs()
	for b.Loop() {
		got, err := LongestCopied([]string{text}, bytes.NewReader(training))
		if err != nil || len(got) != len(text) {
			b.Fatal(len(got), err)
		}
	}
}

// By hand: of the 3-grams of "banana" the training text has ban and ana (twice), and not nan; the longest run is
// "bana", at byte 7. The blocks of the training text make no difference.
func TestCopies(t *testing.T) {
	const training = "xx nab bana"
	for block := int64(1); block < 20; block++ {
		c, err := findCopies([]string{"banana", "na", "黄河"}, strings.NewReader(training), []int{3, 2}, block)
		require.NoError(t, err)
		assert.Equal(t, Run{0, 4}, c[0].Run)
		assert.Equal(t, int64(7), c[0].At)
		assert.Equal(t, []Grams{{3, 4}, {5, 5}}, c[0].Grams)
		assert.Equal(t, Grams{}, c[1].Grams[0], "no 3-grams")
		assert.Equal(t, Run{0, 2}, c[1].Run)
		assert.Equal(t, "na", training[c[1].At:c[1].At+2])
		assert.Equal(t, Copied{Grams: []Grams{{0, 0}, {0, 1}}}, c[2])
	}
}
