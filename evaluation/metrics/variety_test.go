package metrics

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestExactMatch(t *testing.T) {
	got, err := ExactMatch([]string{"yes \n", "no", "好"}, [][]string{{"no", "yes"}, {"No"}, {"好"}})
	require.NoError(t, err)
	assert.InDelta(t, 2./3, got, 1e-12)
}

// Counted by hand.
func TestVariety(t *testing.T) {
	texts := []string{"the cat and the dog", "the cat"} // the ×3, cat ×2, and, dog
	assert.InDelta(t, 4./7, DistinctN(texts, 1), 1e-12)
	assert.InDelta(t, 4./5, DistinctN(texts, 2), 1e-12)      // the-cat twice
	assert.InDelta(t, 1./7, RepetitionRate(texts, 1), 1e-12) // only the second "the" of the first text
	assert.Zero(t, RepetitionRate(texts, 2))
	chinese := []string{"好好学习，天天向上"} // 好 and 天 twice
	assert.InDelta(t, 6./8, DistinctN(chinese, 1), 1e-12)
	assert.InDelta(t, 2./8, RepetitionRate(chinese, 1), 1e-12)
	assert.InDelta(t, 3./4, RepetitionRate([]string{"a a a a a"}, 2), 1e-12)
	assert.Zero(t, DistinctN([]string{"", "one"}, 2))
}

// Computed by hand. Of the first two texts 4 of 5 words, 3 of 4 pairs, 2 of 3 triples and 1 of 2 quadruples
// are in the other: the fourth root of 4/5·3/4·2/3·1/2 = 1/5. The third shares nothing with the others.
func TestSelfBLEU(t *testing.T) {
	got, err := SelfBLEU([]string{"a b c d e", "a b c d f", "v w x y z"}, Tokenize13a)
	require.NoError(t, err)
	assert.InDeltaSlice(t, []float64{100 * math.Pow(0.2, 0.25), 100 * math.Pow(0.2, 0.25), 0}, got, 1e-9)
	same, err := SelfBLEU([]string{"春眠不觉晓", "春眠不觉晓"}, TokenizeZh)
	require.NoError(t, err)
	assert.InDeltaSlice(t, []float64{100, 100}, same, 1e-9)
	short, err := SelfBLEU([]string{"a b", "a b"}, Tokenize13a)
	require.NoError(t, err)
	assert.Equal(t, []float64{0, 0}, short)
	_, err = SelfBLEU([]string{"a b c d e"}, Tokenize13a)
	assert.EqualError(t, err, "metrics: Self-BLEU of 1 texts, want two or more")
}

// A model that assigns probability 1/4 to each of 8 bytes has 2 bits per byte and perplexity 4; the 4
// characters have 2 bytes each.
func TestLikelihood(t *testing.T) {
	half := Likelihood{NLL: 4 * math.Log(4), Tokens: 4, Bytes: 4, Chars: 2, Words: 1}
	l := half.Add(half)
	assert.InDelta(t, 4, l.Perplexity(), 1e-12)
	assert.InDelta(t, math.Log(4), l.NLLPerToken(), 1e-12)
	assert.InDelta(t, 2, l.BitsPerByte(), 1e-12)
	assert.InDelta(t, 4, l.BitsPerChar(), 1e-12)
	assert.InDelta(t, 256, l.WordPerplexity(), 1e-9, "two words of four bytes")
	assert.True(t, math.IsNaN(Likelihood{}.Perplexity()))
	assert.Equal(t, "tokens            8\n"+
		"chars             4\n"+
		"bytes             8\n", l.Report()[:3].String())
}

func TestReport(t *testing.T) {
	r := Report{{"loss", 1.23456}, {"perplexity", math.Inf(1)}, {"bleu", 48.530827}, {"texts", 12}}
	assert.Equal(t, "loss             1.2346\n"+
		"perplexity         +Inf\n"+
		"bleu              48.53\n"+
		"texts                12\n", r.String())
	out, err := json.Marshal(r)
	require.NoError(t, err)
	assert.Equal(t, `{"loss":1.23456,"perplexity":null,"bleu":48.530827,"texts":12}`, string(out))
	v, ok := r.Get("bleu")
	assert.True(t, ok)
	assert.Equal(t, 48.530827, v)
	_, ok = r.Get("none")
	assert.False(t, ok)
}

func TestEvaluate(t *testing.T) {
	r, err := Evaluate(dogHyps, dogRefs, Tokenize13a)
	require.NoError(t, err)
	bleu, _ := r.Get("bleu")
	assert.InDelta(t, 48.530827, bleu, 1e-5) // as in TestBLEUPublished
	exact, _ := r.Get("exact_match")
	assert.InDelta(t, 1./3, exact, 1e-12)
}
