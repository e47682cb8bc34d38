package noise

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mozillazg/go-pinyin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// At rate 1 all that can change does, as by hand.
func TestApply(t *testing.T) {
	for _, tt := range []struct {
		kind, text, want  string
		changed, possible int
	}{
		{"case", "Ab 春1é", "aB 春1É", 3, 3},
		{"width", "Ab，1。", "Ａｂ,１。", 4, 4}, // 。 is wide, and has no other width here
		{"homophones", "他在她家", "她在他家", 2, 2},
		{"homophones", "abc", "abc", 0, 0},
		{"typos", "a bc 春", "a bc 春", 0, 0},
	} {
		got, changed, possible := Noise{tt.kind, 1}.Apply(tt.text, 1, nil)
		assert.Equal(t, tt.want, got, tt.kind)
		assert.Equal(t, []int{tt.changed, tt.possible}, []int{changed, possible}, tt.kind)
	}
}

// A typo keeps the first letter of a word, and changes its length by at most one; about a tenth of the
// words have one.
func TestTypos(t *testing.T) {
	text := strings.Repeat("language models predict the next word ", 200)
	noisy, changed, possible := Noise{"typos", 0.1}.Apply(text, 3, nil)
	assert.InDelta(t, 1200, possible, 60, "a typo can be the word itself")
	assert.InDelta(t, 0.1*float64(possible), changed, 40)
	was, is := strings.Fields(text), strings.Fields(noisy)
	require.Len(t, is, len(was))
	differ := 0
	for i := range was {
		assert.Equal(t, was[i][0], is[i][0])
		assert.LessOrEqual(t, max(len(was[i])-len(is[i]), len(is[i])-len(was[i])), 1)
		if was[i] != is[i] {
			differ++
		}
	}
	assert.Equal(t, changed, differ)
	again, _, _ := Noise{"typos", 0.1}.Apply(text, 3, nil)
	assert.Equal(t, noisy, again)
	other, _, _ := Noise{"typos", 0.1}.Apply(text, 4, nil)
	assert.NotEqual(t, noisy, other)
}

// Homophones have the same first reading, and are of the text.
func TestHomophones(t *testing.T) {
	text := "他的书在她的桌子上，是事实。石头和食物不是一件事，十个时间。"
	noisy, changed, _ := Noise{"homophones", 1}.Apply(text, 1, nil)
	assert.Positive(t, changed)
	assert.Equal(t, utf8.RuneCountInString(text), utf8.RuneCountInString(noisy))
	was, is := []rune(text), []rune(noisy)
	for i := range was {
		first := func(r rune) string { return strings.Split(pinyin.PinyinDict[int(r)], ",")[0] }
		assert.Equal(t, first(was[i]), first(is[i]))
		assert.True(t, slices.Contains(was, is[i]))
	}
}

// What a vocabulary lacks is not used.
func TestKnown(t *testing.T) {
	noisy, changed, possible := Noise{"case", 1}.Apply("abc", 1, func(s string) bool { return s == "B" })
	assert.Equal(t, "aBc", noisy)
	assert.Equal(t, []int{1, 1}, []int{changed, possible})
}

func TestParse(t *testing.T) {
	all, err := Parse("typos, case=0.3")
	require.NoError(t, err)
	assert.Equal(t, []Noise{{"typos", 0.1}, {"case", 0.3}}, all)
	for list, want := range map[string]string{
		"typo":     `there is no noise "typo": did you mean typos? (the kinds are case, homophones, typos, width)`,
		"case=2":   `noise case has the rate "2"`,
		"case=0":   "want a number above 0, up to 1",
		"case=NaN": "want a number above 0",
		"width=":   `noise width has the rate ""`,
		"":         `there is no noise ""`,
	} {
		_, err := Parse(list)
		assert.ErrorContains(t, err, want)
	}
}
