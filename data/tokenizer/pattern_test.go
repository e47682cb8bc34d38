package tokenizer

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// regexWords returns the words of a text by a regular expression.
func regexWords(t *testing.T, pattern, text string) []string {
	t.Helper()
	re, err := compileRegex(pattern)
	require.NoError(t, err)
	words, err := splitAt(findRegex(re), "Isolated", false)(nil, text)
	require.NoError(t, err)
	return words
}

func nextWords(t *testing.T, next func(string) int, text string) []string {
	t.Helper()
	words, err := splitByNext(next)(nil, text)
	require.NoError(t, err)
	return words
}

// checkPatterns compares wordPatterns with the regular expressions. The long s is not compared: regexp2
// does not fold it to s without case, as Oniguruma does.
func checkPatterns(t *testing.T, text string) {
	t.Helper()
	text = strings.ReplaceAll(text, "ſ", "s")
	for pattern, next := range wordPatterns {
		require.Equal(t, regexWords(t, pattern, text), nextWords(t, next, text), "%s: %q", pattern, text)
	}
}

// Words are those of the regular expressions, for texts of few characters of every class, in which all
// neighbours occur, and for texts of 20 scripts.
func TestPatternsAreTheirRegexes(t *testing.T) {
	letters := []rune("aAbʰ春ǅ\u0301\u0903 \t\n\r\u00a0\u0085'sSlLrRvVeE1٣½./_€\u200d\x00")
	seed := uint32(5)
	below := func(n int) int {
		seed = seed*1664525 + 1013904223
		return int(seed>>8) % n
	}
	texts := randomTexts(300, 6, nil)
	for range 3000 {
		text := make([]rune, 1+below(9))
		for i := range text {
			text[i] = letters[below(len(letters))]
		}
		texts = append(texts, string(text))
	}
	checkPatterns(t, strings.Join(texts[:100], ""))
	for pattern, next := range wordPatterns {
		re, err := compileRegex(pattern)
		require.NoError(t, err)
		split := splitAt(findRegex(re), "Isolated", false)
		for _, text := range texts {
			text = strings.ReplaceAll(text, "ſ", "s")
			want, err := split(nil, text)
			require.NoError(t, err)
			require.Equal(t, want, nextWords(t, next, text), "%s: %q", pattern, text)
		}
	}
	assert.Equal(t, []string{"'ſ", "a", "'S", "b"}, nextWords(t, wordPatterns[cl100kPattern], "'ſa'Sb"), "the long s")
}

func TestCompileRegex(t *testing.T) {
	for pattern, want := range map[string]string{
		`a?+b*+c++`:             `(?>a?)(?>b*)(?>c+)`,
		`\p{N}{1,3}+|[^\s]++`:   `(?:\p{N}{1,3})+|(?>[^\s]+)`,
		`(?:ab)++(?i:c)?+`:      `(?>(?:ab)+)(?>(?i:c)?)`,
		`[]+]++[^]]+\+++x{,`:    `(?>[]+]+)[^]]+(?>\++)x{,`,
		`a+?b{2,3}?(?!\S)(?=x)`: `a+?b{2,3}?(?!\S)(?=x)`,
		`\x{41}++\`:             `(?>\x{41}+)\`,
	} {
		got, err := atomicGroups(pattern)
		require.NoError(t, err)
		assert.Equal(t, want, got, pattern)
	}
	for _, pattern := range []string{"a)", "[a", "[a[b]]", "[a&&b]", "a+?+", "a{2}{3}", `\`, "(", strings.Repeat("(", 9000)} {
		_, err := compileRegex(pattern)
		assert.Error(t, err, pattern)
	}
	assert.Equal(t, []string{"aaa", "b"}, regexWords(t, `a++`, "aaab"))
	assert.Equal(t, []string{"aaab"}, regexWords(t, `a++ab|a+b`, "aaab"), "a possessive repeat gives nothing back")
}

func FuzzPatterns(f *testing.F) {
	f.Add("it's 2024年 \r\n\n IT'LL \u0301x HTTPServer/\n")
	f.Fuzz(func(t *testing.T, text string) { checkPatterns(t, text) })
}
