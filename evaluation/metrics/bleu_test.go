package metrics

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// one returns references with a single one for every hypothesis.
func one(refs ...string) [][]string {
	lists := make([][]string, len(refs))
	for i, r := range refs {
		lists[i] = []string{r}
	}
	return lists
}

// The example of sacreBLEU's README; its test/test_bleu.py expects 48.530827 for it with
// 13a and 49.1919566 without tokenization.
var (
	dogHyps = []string{"The dog bit the man.", "It wasn't surprising.", "The man had just bitten him."}
	dogRefs = [][]string{
		{"The dog bit the man.", "The dog had bit the man."},
		{"It was not unexpected.", "No one was surprised."},
		{"The man bit him first.", "The man had bitten the dog."},
	}
)

// Published values: github.com/mjpost/sacrebleu, test/test_bleu.py and, from "producţia"
// on, test/test_sentence_bleu.py.
func TestBLEUPublished(t *testing.T) {
	romanian := []string{"Producția de zahăr primă va fi exprimată în ceea ce privește zahărul alb;"}
	romanianRef := one("producţia de zahăr brut se exprimă în zahăr alb;")
	for _, tt := range []struct {
		name     string
		hyps     []string
		refs     [][]string
		tokenize Tokenizer
		want     float64
	}{
		{"13a", dogHyps, dogRefs, Tokenize13a, 48.530827},
		{"none", dogHyps, dogRefs, strings.Fields, 49.1919566},
		{"empty hypotheses", []string{"", "", ""}, dogRefs, Tokenize13a, 0},
		{"romanian 13a", romanian, romanianRef, Tokenize13a, 8.493},
		{"romanian none", romanian, romanianRef, strings.Fields, 7.347},
		{"romanian char", romanian, romanianRef, TokenizeChars, 40.8759},
		{"nothing in common", []string{"this is a cat"}, one("okay thanks"), Tokenize13a, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := BLEU(tt.hyps, tt.refs, tt.tokenize)
			require.NoError(t, err)
			assert.InDelta(t, tt.want, got.Score, 1e-3)
		})
	}
}

// test_scoring in the same test_bleu.py: 9, 7, 5, 3 of 10, 8, 6, 4 n-grams match and the
// lengths are equal.
func TestBLEUScoring(t *testing.T) {
	c := bleuCounts{matches: [4]int{9, 7, 5, 3}, total: [4]int{10, 8, 6, 4}, hyp: 11, ref: 11}
	assert.InDelta(t, 83.75922397, c.score().Score, 1e-6)
}

// Computed by hand. Six characters against six, one of them wrong: 5/6, 3/5 and 1/4
// match, and of the three 4-grams none, which "exp" smoothing counts as a half.
func TestBLEUChineseByHand(t *testing.T) {
	got, err := BLEU([]string{"这是一句测试"}, one("这是一据测试"), TokenizeZh)
	require.NoError(t, err)
	want := 100 * math.Pow(5./6*3/5*1/4*(1./2/3), 0.25)
	assert.InDelta(t, want, got.Score, 1e-9)
	assert.InDeltaSlice(t, []float64{250. / 3, 60, 25, 50. / 3}, got.Precisions[:], 1e-9)
}

// By hand: all five tokens are in the reference of seven, so that the score is the brevity penalty
// exp(1 − 7/5). Of references equally near in length the shorter counts.
func TestBLEUBrevity(t *testing.T) {
	got, err := BLEU([]string{"a b c d e"}, one("a b c d e f g"), Tokenize13a)
	require.NoError(t, err)
	assert.InDelta(t, 100*math.Exp(-2./5), got.Score, 1e-9)
	got, err = BLEU([]string{"a b c d e"}, [][]string{{"a b c d e f g", "a b c"}}, Tokenize13a)
	require.NoError(t, err)
	assert.Equal(t, 3, got.RefLen)
	assert.InDelta(t, 100, got.Score, 1e-9)
	assert.Equal(t, "BLEU = 100.00 100.0/100.0/100.0/100.0 (BP = 1.000 ratio = 1.667 hyp_len = 5 ref_len = 3)", got.String())
}

func TestTokenizers(t *testing.T) {
	for _, tt := range []struct {
		name     string
		tokenize Tokenizer
		text     string
		want     string // tokens between spaces
	}{
		{"13a", Tokenize13a, "I'm a student.", "I'm a student ."},
		{"13a numbers", Tokenize13a, "It's 1,000.5 or 10-20, (see A.B).", "It's 1,000.5 or 10 - 20 , ( see A . B ) ."},
		{"13a entities", Tokenize13a, "&quot;a&amp;lt;b&quot; <skipped>x", `" a < b " x`},
		{"13a lines", Tokenize13a, "hyphen-\nated\ntext\n", "hyphenated text"},
		{"13a symbols", Tokenize13a, "a/b=c_d{e}~f%", "a / b = c _ d { e } ~ f %"},
		{"13a empty", Tokenize13a, " \n", ""},
		// sacreBLEU's result for this sentence is in the tests of flexeval.
		{"zh", TokenizeZh, "教我中文吧", "教 我 中 文 吧"},
		{"zh mixed", TokenizeZh, "我用GPT-4写了3.5首诗，good!", "我 用 GPT-4 写 了 3.5 首 诗 ， good !"},
		{"zh quotes", TokenizeZh, "“好”…", "“ 好 ” …"},
		{"zh extension B is not split, as in sacreBLEU", TokenizeZh, "𠀀𠀁", "𠀀𠀁"},
		{"char", TokenizeChars, "a 好\tb", "a 好 b"},
		{"words", Words, "Don't panic: Größe_42 春眠，不觉晓GPT。", "don t panic größe 42 春 眠 不 觉 晓 gpt"},
		{"words empty", Words, "。、!", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, strings.Join(tt.tokenize(tt.text), " "))
		})
	}
}

func TestTokenizerNamed(t *testing.T) {
	for name, want := range map[string]int{"13a": 1, "zh": 2, "char": 2} {
		tokenize, err := TokenizerNamed(name)
		require.NoError(t, err)
		assert.Len(t, tokenize("诗歌"), want, name)
	}
	_, err := TokenizerNamed("14a")
	assert.ErrorContains(t, err, `"14a"`)
}

// By hand: 5/7 characters, 3/6 pairs and 1/5 threes match; half of one in 4 fours by smoothing.
func ExampleBLEU() {
	score, err := BLEU([]string{"他用中文写诗。"}, [][]string{{"他用汉语写诗。"}}, TokenizeZh)
	fmt.Println(score, err)
	// Output:
	// BLEU = 30.74 71.4/50.0/20.0/12.5 (BP = 1.000 ratio = 1.000 hyp_len = 7 ref_len = 7) <nil>
}

func TestPairsAreChecked(t *testing.T) {
	_, err := BLEU(nil, nil, Tokenize13a)
	assert.ErrorContains(t, err, "no hypotheses")
	_, err = ChrF([]string{"a", "b"}, one("a"))
	assert.ErrorContains(t, err, "2 hypotheses but 1 lists")
	_, err = ROUGE([]string{"a", "b"}, [][]string{{"a"}, {}})
	assert.ErrorContains(t, err, "hypothesis 1 has no reference")
	_, err = Evaluate(nil, nil, Tokenize13a)
	assert.Error(t, err)
}

// For any strings scores are within their range, a text that equals its reference has the maximal
// chrF, and no tokenizer leaves white space in a token.
func FuzzMeasures(f *testing.F) {
	f.Add("The dog bit the man.", "狗咬人。")
	f.Add("\xff\xfe", "a\u3000b")
	f.Fuzz(func(t *testing.T, hyp, ref string) {
		for _, tokenize := range []Tokenizer{Tokenize13a, TokenizeZh, TokenizeChars, Words} {
			for _, token := range tokenize(hyp) {
				require.Len(t, strings.Fields(token), 1)
				require.NotContains(t, token, " ")
			}
			s, err := BLEU([]string{hyp}, one(ref), tokenize)
			require.NoError(t, err)
			require.True(t, s.Score >= 0 && s.Score <= 100+1e-9, s)
		}
		for _, m := range []func([]string, [][]string) (float64, error){ChrF, ChrFPlusPlus} {
			s, err := m([]string{hyp}, one(ref))
			require.NoError(t, err)
			require.True(t, s >= 0 && s <= 100+1e-9, s)
		}
		s, err := ChrF([]string{hyp}, one(hyp))
		require.NoError(t, err)
		if len(TokenizeChars(hyp)) > 0 {
			require.InDelta(t, 100, s, 1e-9)
		}
	})
}
