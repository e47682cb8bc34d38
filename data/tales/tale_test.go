package tales

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTaleDependsOnSeedAndNumber(t *testing.T) {
	for n := range 50 {
		for level := 1; level <= 3; level++ {
			assert.Equal(t, New(7, n, level), New(7, n, level))
		}
	}
	assert.NotEqual(t, New(7, 0, 1).Text("en"), New(8, 0, 1).Text("en"))
}

// Every slot is filled, English articles and capitals are right, Chinese has no Latin letter, and a
// tale is shorter at a lower level.
func TestTalesAreWellFormed(t *testing.T) {
	for n := range 2000 {
		level := 1 + n%3
		tale := New(1, n, level)
		en, zh := tale.Sentences()
		require.Len(t, zh, len(en))
		for i := range en {
			assert.Regexp(t, `^(“?[A-Z]).*[.?!]”?( (it said|asked the \w+|said the \w+|said \w+)\.( “.*\.”)?)?$`, en[i])
			assert.NotRegexp(t, `(?i)\ba [aeiou]|\ban [^aeiou]|[{}]|  | [.,]`, en[i])
			assert.NotRegexp(t, `[A-Za-z{} ]`, zh[i])
			assert.Regexp(t, `[。？！”]$`, zh[i])
		}
		for _, language := range []string{"en", "zh"} {
			assert.NotRegexp(t, `[{}]`, tale.Headline(language))
			for _, q := range tale.Questions(language) {
				assert.NotRegexp(t, `[{}]`, q.Question+q.Answer)
			}
		}
	}
	assert.Less(t, len(New(1, 0, 1).Text("en")), len(New(1, 0, 3).Text("en")))
}

// Every answer can be read from the text of the tale, and the sums are right.
func TestAnswersFollowFromTheTale(t *testing.T) {
	number := map[string]int{}
	for n, word := range numbersEn {
		number[word] = n
	}
	for n := range 1000 {
		tale := New(2, n, 1+n%3)
		for language, trim := range map[string]string{"en": ".", "zh": "。"} {
			story := strings.ToLower(tale.Text(language))
			for _, q := range tale.Questions(language) {
				answer := strings.ToLower(strings.TrimSuffix(q.Answer, trim))
				answer = bare(answer)
				assert.Contains(t, story, answer, "%s: %s", tale.Text(language), q)
			}
		}
		first := func(slot string) int { return number[strings.Fields(tale.en[slot])[0]] }
		assert.Equal(t, first("many"), first("some")+first("left"))
		assert.Positive(t, first("some"))
		assert.Positive(t, first("left"))
		assert.LessOrEqual(t, first("price"), first("purse"))
		assert.Less(t, first("purse"), first("other price"))
	}
}

// bare removes what differs between answer and tale: "her red kite" and "a red kite", 一只红色的风筝
// and 她的红色风筝, "a puppy" and "the puppy".
func bare(answer string) string {
	for _, prefix := range []string{"in the ", "on the ", "by the ", "to the ", "the ", "a ", "在"} {
		answer = strings.TrimPrefix(answer, prefix)
	}
	answer = strings.TrimSuffix(strings.TrimSuffix(answer, "'s"), "的")
	if i := strings.LastIndex(answer, "的"); i >= 0 {
		answer = answer[i+len("的"):]
	}
	return answer
}

// The parts that are linked come from one slot, and a sentence with a slot on both sides has a link.
func TestAligned(t *testing.T) {
	tale := New(1, 0, 3)
	en, zh := tale.Sentences()
	links := 0
	for i, a := range tale.Aligned() {
		assert.Equal(t, en[i], a.En)
		assert.Equal(t, zh[i], a.Zh)
		for _, l := range a.Links {
			e, z := strings.ToLower(a.En[l.En.From:l.En.To]), a.Zh[l.Zh.From:l.Zh.To]
			found := false
			for slot, value := range tale.en {
				found = found || strings.ToLower(value) == e && tale.zh[slot] == z
			}
			assert.True(t, found, "%q and %q", e, z)
			links++
		}
	}
	assert.Greater(t, links, len(en))
	assert.True(t, Span{1, 3}.Overlaps(Span{2, 5}))
	assert.False(t, Span{1, 3}.Overlaps(Span{3, 5}))
}
