package metrics

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Published values: test_cases_effective_order and test_cases_keep_whitespace in
// test/test_chrf.py of github.com/mjpost/sacrebleu, all with β = 3.
func TestChrFPublished(t *testing.T) {
	for _, tt := range []struct {
		hyps, refs []string
		spaces     bool
		want       float64
	}{
		{[]string{"a"}, []string{"a"}, false, 100},
		{[]string{""}, []string{"reference"}, false, 0},
		{[]string{"a b c"}, []string{"a b c"}, false, 100},
		{[]string{"a b c"}, []string{"abc"}, false, 100},
		{[]string{"a", "b"}, []string{"a", "c"}, false, 50},
		{[]string{"aa"}, []string{"ab"}, false, 25},
		{[]string{"Die Beziehung zwischen Obama und Netanjahu ist nicht gerade freundlich."},
			[]string{"Das Verhältnis zwischen Obama und Netanyahu ist nicht gerade freundschaftlich."}, true, 67.3481606},
		{[]string{"risk assessment must be made of those who are qualified and expertise in the sector - these are the scientists ."},
			[]string{"risk assessment has to be undertaken by those who are qualified and expert in that area - that is the scientists ."}, true, 65.2414427},
	} {
		got, err := chrf{beta: 3, spaces: tt.spaces}.score(tt.hyps, one(tt.refs...))
		require.NoError(t, err)
		assert.InDelta(t, tt.want, got, 1e-4, tt.hyps[0])
	}
}

// Published values: the examples in the README of Hugging Face's evaluate-metric/chrf,
// which calls sacreBLEU.
func TestChrF2Published(t *testing.T) {
	hyps := []string{"The relationship between cats and dogs is not exactly friendly.",
		"a good bookshop is just a genteel black hole that knows how to read."}
	refs := one("The relationship between dogs and cats is not exactly friendly.",
		"A good bookshop is just a genteel Black Hole that knows how to read.")
	got, err := ChrF(hyps, refs)
	require.NoError(t, err)
	assert.InDelta(t, 84.64214891738334, got, 1e-9)
	got, err = ChrFPlusPlus(hyps, refs)
	require.NoError(t, err)
	assert.InDelta(t, 82.87263732906315, got, 1e-9)
}

// By hand. 春眠不觉 against 春眠不觉晓: characters 4/4 and 4/5, pairs 3/3 and 3/4, threes 2/2
// and 2/3, fours 1/1 and 1/2; the hypothesis has no longer ones. Mean precision 1, mean
// recall 163/240; F2 = 5R/(4+R). The worse of two references does not count.
func TestChrFChineseByHand(t *testing.T) {
	const recall = 163. / 240
	got, err := ChrF([]string{"春眠不觉"}, [][]string{{"处处闻啼鸟", "春眠不觉晓"}})
	require.NoError(t, err)
	assert.InDelta(t, 100*5*recall/(4+recall), got, 1e-9)
}

func TestChrFWords(t *testing.T) {
	assert.Equal(t, []string{"(hi", ")", "a", ",", "\"", "b", "。"}, chrfTokens(`(hi) a, "b 。`))
}
