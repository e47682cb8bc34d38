package pairs

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sorted returns the characters of a text in order.
func sorted(text string) []rune {
	all := []rune(strings.ToLower(text))
	slices.Sort(all)
	return all
}

// Pairs differ, do not repeat, follow from the seed, and neither sentence is the shorter one on average, so
// that a model that prefers short ones is right in half of them. A contrast of syntax is one of order.
func TestGenerate(t *testing.T) {
	for _, language := range Languages {
		all, err := Generate(language, 7, 100)
		require.NoError(t, err)
		again, err := Generate(language, 7, 100)
		require.NoError(t, err)
		assert.Equal(t, all, again)
		other, err := Generate(language, 8, 100)
		require.NoError(t, err)
		assert.NotEqual(t, all, other)
		phenomena, longer, seen := map[string]bool{}, map[string]int{}, map[Pair]bool{}
		for _, p := range all {
			assert.NotEqual(t, p.Good, p.Bad)
			assert.False(t, seen[p])
			seen[p] = true
			phenomena[p.Phenomenon] = true
			longer[p.Paradigm] += utf8.RuneCountInString(p.Good) - utf8.RuneCountInString(p.Bad)
			if p.Field == "syntax" {
				assert.Equal(t, sorted(p.Good), sorted(p.Bad), "%v", p)
			}
		}
		for paradigm, n := range longer {
			assert.Less(t, max(n, -n), 130, "characters of 100 pairs of %s", paradigm)
		}
		for _, want := range map[string][]string{"en": {"agreement", "anaphora", "islands"}, "zh": {"classifiers", "ba", "bei", "word order", "aspect"}}[language] {
			assert.Contains(t, phenomena, want)
		}
	}
}

func TestGenerateErrors(t *testing.T) {
	_, err := Generate("fr", 1, 1)
	assert.EqualError(t, err, `there are no pairs of language "fr": want one of en, zh`)
	_, err = Generate("en", 1, 0)
	assert.ErrorContains(t, err, "want at least 1")
	_, err = Generate("en", 1, 5000)
	assert.ErrorContains(t, err, "different pairs, and not 5000")
}

// A file of pairs has the keys of BLiMP.
func TestWrite(t *testing.T) {
	all, err := Generate("zh", 1, 1)
	require.NoError(t, err)
	var b strings.Builder
	require.NoError(t, Write(&b, all))
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	assert.Len(t, lines, len(chinese))
	var keys map[string]any
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &keys))
	for _, key := range []string{"sentence_good", "sentence_bad", "field", "linguistics_term", "UID", "pairID"} {
		assert.Contains(t, keys, key)
	}
}
