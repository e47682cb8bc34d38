package data

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTaleFollowsFromSeedAndNumber(t *testing.T) {
	for n := range 50 {
		for level := 1; level <= 3; level++ {
			assert.Equal(t, NewTale(7, n, level), NewTale(7, n, level))
		}
	}
	assert.NotEqual(t, NewTale(7, 0, 1).Text("en"), NewTale(8, 0, 1).Text("en"))
}

// Every slot is filled, English articles and capitals are right, Chinese has no Latin letter, and
// no sentence is longer at a lower level.
func TestTalesAreWellFormed(t *testing.T) {
	for n := range 2000 {
		level := 1 + n%3
		tale := NewTale(1, n, level)
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
	assert.Less(t, len(NewTale(1, 0, 1).Text("en")), len(NewTale(1, 0, 3).Text("en")))
}

// What a tale tells can be read off it: every answer's words stand in the text, and the sums are
// right.
func TestAnswersFollowFromTheTale(t *testing.T) {
	number := map[string]int{}
	for n, word := range numbersEn {
		number[word] = n
	}
	for n := range 1000 {
		tale := NewTale(2, n, 1+n%3)
		for language, trim := range map[string]string{"en": ".", "zh": "。"} {
			told := strings.ToLower(tale.Text(language))
			for _, q := range tale.Questions(language) {
				answer := strings.ToLower(strings.TrimSuffix(q.Answer, trim))
				answer = bare(answer)
				assert.Contains(t, told, answer, "%s: %s", tale.Text(language), q)
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

// bare takes away what a tale words differently: "her red kite" for "a red kite", 一只红色的风筝 or
// 她的红色风筝, "a puppy" for "the puppy".
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

func TestTalesForEveryTask(t *testing.T) {
	for _, c := range []Config{
		{Task: "lm"}, {Task: "lm", Language: "zh"}, {Task: "lm", Order: "sequential"},
		{Task: "pairs"}, {Task: "pairs", Encoder: true}, {Task: "pairs", Source: "zh", Target: "en"},
		{Task: "dialogue"}, {Task: "dialogue", Encoder: true, Language: "en"},
		{Task: "summary"}, {Task: "summary", Encoder: true, LengthControl: true},
	} {
		t.Run(fmt.Sprintf("%s %v %s", c.Task, c.Encoder, c.Language), func(t *testing.T) {
			c.Name, c.Size, c.Level = "tales", 200, 1
			corpus, err := Open(c, TokenizerConfig{}, nil, Options{})
			require.NoError(t, err)
			assert.Greater(t, corpus.Info.Valid, 100)
			assert.Greater(t, corpus.Info.Train, 4*corpus.Info.Valid)
			train, err := corpus.Train(8, 256, 1)
			require.NoError(t, err)
			var b Batch
			require.NoError(t, train.Batch(3, &b))
			assert.True(t, asks(b.Targets))
			assert.Equal(t, c.Encoder, b.S > 0)
			format, err := NewFormat(c, corpus.Tokenizer)
			require.NoError(t, err)
			assert.Equal(t, c.Encoder, format.HasSource())
		})
	}
}

func TestTalesPartsShareNoTale(t *testing.T) {
	for _, task := range []string{"dialogue", "summary"} {
		c, err := Open(Config{Name: "tales", Task: task, Size: 300, Level: 1}, TokenizerConfig{}, nil, Options{})
		require.NoError(t, err)
		train, err := c.Examples("train")
		require.NoError(t, err)
		valid, err := c.Examples("valid")
		require.NoError(t, err)
		seen := map[string]bool{}
		for _, e := range train {
			seen[e.Source] = true
		}
		for _, e := range valid {
			assert.False(t, seen[e.Source], e.Source)
			assert.Empty(t, e.Alternatives, "one right answer")
		}
	}
}

func TestCopyAndReverse(t *testing.T) {
	for name, change := range map[string]func(string) string{
		"copy": func(s string) string { return s },
		"reverse": func(s string) string {
			var b strings.Builder
			for i := len(s) - 1; i >= 0; i-- {
				b.WriteByte(s[i])
			}
			return b.String()
		},
	} {
		c, err := Open(Config{Name: name, Size: 300, Level: 1}, TokenizerConfig{}, nil, Options{})
		require.NoError(t, err)
		for _, part := range []string{"train", "valid"} {
			examples, err := c.Examples(part)
			require.NoError(t, err)
			require.NotEmpty(t, examples)
			for _, e := range examples {
				assert.Equal(t, change(e.Source), e.Reference)
				assert.LessOrEqual(t, len(e.Source), 8)
			}
		}
	}
	_, err := Open(Config{Name: "copy", Task: "summary"}, TokenizerConfig{}, nil, Options{})
	assert.ErrorContains(t, err, "copy is made of pairs")
}

func TestTheLargestSizeExists(t *testing.T) {
	if testing.Short() {
		t.Skip("makes fifty thousand tales")
	}
	assert.Len(t, tales(Config{Size: maxSize, Level: 1}), maxSize)
}
