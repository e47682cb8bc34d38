package metrics

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The divisions of scripts without spaces are those of UAX #29's rules, applied by hand: letters of
// class SA are "Other", which do not join, and marks extend the letter before them.
func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		"The cat's 3.14 Été_2": "the|cat|s|3|14|été|2",
		"床前 明月光，疑是":            "床|前|明|月|光|疑|是",
		"GPT模型v2":              "gpt|模|型|v2",
		"私はコーヒーを飲む。":           "私|は|コーヒー|を|飲|む",
		"カ_キ らーめん":             "カ|キ|ら|ー|め|ん",
		"สวัสดีครับ ๑๒.๓":      "ส|วั|ส|ดี|ค|รั|บ|๑๒|๓",
		"ສະບາຍດີ":              "ສ|ະ|ບ|າ|ຍ|ດີ",
		"សួស្តី":               "សួ|ស្|តី",
		"မင်္ဂလာပါ":            "မ|င်္|ဂ|လာ|ပါ",
		"안녕하세요 여러분":            "안녕하세요|여러분",
		"हिन्दी भाषा":          "हिन्दी|भाषा",
		"葛\U000e0100飾 \u0301":  "葛\U000e0100|飾|\u0301",
		" \xff … ":             "",
	} {
		assert.Equal(t, want, strings.Join(Words(text), "|"), text)
	}
}

// A Thai answer that shares a word with its reference has a score, though neither has a space: by hand,
// 7 of the 7 and 11 clusters are common, and 6 of the 6 and 10 pairs.
func TestROUGEThaiByHand(t *testing.T) {
	got, err := ROUGE([]string{"สวัสดีครับ"}, one("สวัสดีครับเพื่อน"))
	require.NoError(t, err)
	assert.InDelta(t, 2*7./(7+11), got.One, 1e-12)
	assert.InDelta(t, 2*6./(6+10), got.Two, 1e-12)
	assert.InDelta(t, 2*7./(7+11), got.L, 1e-12)
	assert.InDelta(t, 5./6, DistinctN([]string{"ดีดี กาแฟ"}, 1), 1e-12, "ดี twice, ก, า, แ, ฟ")
}

func TestTokenizerFor(t *testing.T) {
	for text, want := range map[string]string{
		"Hello, 世界": "13a", "床前明月光": "zh", "我用 Go 写程序": "zh", "私はコーヒーを飲む。": "char",
		"สวัสดีครับ": "char", "สวัสดี world, how are you?": "13a", "မင်္ဂလာပါ": "char", "": "13a",
	} {
		_, name := TokenizerFor([]string{text})
		assert.Equal(t, want, name, text)
	}
}

// Words never have white space, and cover every letter of a text.
func FuzzWords(f *testing.F) {
	f.Add("私はコーヒー_を\u200bกินa\u0301\xff漢ﾊ")
	f.Fuzz(func(t *testing.T, text string) {
		letters := func(text string) string {
			return strings.Map(func(r rune) rune {
				if isWordRune(r) {
					return r
				}
				return -1
			}, strings.ToLower(text))
		}
		words := Words(text)
		assert.NotContains(t, words, "")
		assert.Equal(t, letters(text), strings.Join(words, ""))
	})
}
