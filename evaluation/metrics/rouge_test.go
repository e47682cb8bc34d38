package metrics

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Published values: testRouge1, testRouge2, testRougeLConsecutive and
// testRougeLNonConsecutive in rouge/rouge_scorer_test.py of
// github.com/google-research/google-research.
func TestROUGEPublished(t *testing.T) {
	for _, tt := range []struct {
		hyp  string
		want ROUGEScore
	}{
		{"testing", ROUGEScore{1. / 2, 0, 1. / 2}},
		{"testing one", ROUGEScore{4. / 5, 2. / 3, 4. / 5}},
		{"testing two", ROUGEScore{4. / 5, 0, 4. / 5}},
		{"", ROUGEScore{}},
	} {
		got, err := ROUGE([]string{tt.hyp}, one("testing one two"))
		require.NoError(t, err)
		assert.InDelta(t, tt.want.One, got.One, 1e-12, tt.hyp)
		assert.InDelta(t, tt.want.Two, got.Two, 1e-12, tt.hyp)
		assert.InDelta(t, tt.want.L, got.L, 1e-12, tt.hyp)
	}
}

// Published values: the runs of ROUGE-1.5.5 in the same file (testRouge1AgainstRouge155
// and its neighbours), on the first pair of its testdata.
func TestROUGEAgainstROUGE155(t *testing.T) {
	target := "ZfbCUIUuePaiLVUlCaUXxkpu XPeWing tUHfPMuZ',-Xd Y BrUgVJing M-HV.-DgdDaY.rFDJCRing Ht-LM EKBDXkME,yz'RBr q'wtion wIojNbN wL,b .a-'XdQggyFl jB-RPP'iyOIcUxer tKM L"
	prediction := "rFDJCRtion Ht-LM EKtDXkME,yz'RBr q'wer wrojNbN wL,b .a-'XdQggyFl jB-RPP'iyOIcUxi"
	got, err := ROUGE([]string{prediction}, one(target))
	require.NoError(t, err)
	assert.InDelta(t, 0.51163, got.One, 5e-6)
	assert.InDelta(t, 0.39024, got.Two, 5e-6)
	assert.InDelta(t, 0.51163, got.L, 5e-6)
}

// By hand: 2·4/(5+5) characters, 2·2/(4+4) pairs (床前, 月光), and 床前月光 in order.
func TestROUGEChineseByHand(t *testing.T) {
	got, err := ROUGE([]string{"床前看月光。"}, [][]string{{"疑是地上霜", "床前明月光，"}})
	require.NoError(t, err)
	assert.InDelta(t, 0.8, got.One, 1e-12)
	assert.InDelta(t, 0.5, got.Two, 1e-12)
	assert.InDelta(t, 0.8, got.L, 1e-12)
}

// The first eight words of a Debian package's description as its summary, on the test split: 0.29413
// and 0.26134 were computed by a separate Python script with the words [^\W_]+. The README of the
// corpus states 0.289 and 0.257 for such a baseline, without the definition of words and rows; the
// difference is at most 0.006.
func TestROUGELead8Debian(t *testing.T) {
	f, err := os.Open("../../../shared/data/summary_en_debian.tsv")
	if err != nil {
		t.Skip("the reference corpora are not available")
	}
	defer f.Close()
	var hyps, refs []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		row := strings.Split(lines.Text(), "\t") // split, package, source, long, short
		if row[0] != "test" {
			continue
		}
		lead := Words(row[3])
		hyps = append(hyps, strings.Join(lead[:min(8, len(lead))], " "))
		refs = append(refs, row[4])
	}
	require.Len(t, hyps, 732)
	got, err := ROUGE(hyps, one(refs...))
	require.NoError(t, err)
	assert.InDelta(t, 0.29413, got.One, 5e-6)
	assert.InDelta(t, 0.26134, got.L, 5e-6)
}
