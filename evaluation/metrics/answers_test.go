package metrics

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// sacreBLEU prints these for its defaults, with its version at the end.
func TestSignatures(t *testing.T) {
	assert.Equal(t, "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:euryale", BLEUSignature(one("a", "b"), "13a"))
	assert.Equal(t, "nrefs:2|case:mixed|eff:no|tok:zh|smooth:exp|version:euryale", BLEUSignature([][]string{{"a", "b"}}, "zh"))
	assert.Equal(t, "nrefs:var|case:mixed|eff:yes|nc:6|nw:0|space:no|version:euryale", ChrFSignature([][]string{{"a"}, {"a", "b"}}))
}

func TestWordForWord(t *testing.T) {
	whole, within := WordForWord([]string{"Ready soon.", "ready", "so", "", "好的", "好", "made of"},
		[]string{"It will be ready soon!", "ready, soon", "好的，请稍等。", "made", "of"})
	assert.Equal(t, []bool{true, false, false, false, false, false, false}, whole)
	assert.Equal(t, []bool{true, true, false, false, true, true, false}, within, "words, not letters, and not across answers")
}

func TestFacts(t *testing.T) {
	for text, want := range map[string][]string{
		"导演是尼克·卡索维茨。":                         {"尼克·卡索"},
		"《半个尼尔森》在2004年06月25日上映，票房2900万":       {"半个尼尔森", "2004", "6", "25", "2900"},
		"他是NBA的【MVP】":                         {"mvp", "nba"},
		"Yes, it is ready. It has 12.5 oz":    {"12.5"},
		"I know Paris, and that's in France.": {"paris", "france"},
		"是的。":                                 nil,
	} {
		assert.Equal(t, want, Facts(text), text)
	}
}

// What the dialogue has already is no new fact; a number is right only as a whole.
func TestCountFacts(t *testing.T) {
	source := "A: 知道《恋恋笔记本》是2004年的吗？\nB:"
	for _, c := range []struct {
		answer, ref string
		want        FactCounts
	}{
		{"是2004年6月25日上映的。", "上映于2004年06月25日。", FactCounts{2, 2, 2}},
		{"是2005年7月上映的。", "上映于2004年06月25日。", FactCounts{2, 2, 0}},
		{"主演拍过半个尼尔森。", "主演拍过《半个尼尔森》。", FactCounts{1, 1, 1}},
		{"票房12900万。", "票房2900万。", FactCounts{1, 1, 0}},
		{"恋恋笔记本很好看。", "对，《恋恋笔记本》。", FactCounts{}},
	} {
		assert.Equal(t, c.want, CountFacts(source, c.answer, []string{c.ref}), c.answer)
	}
	assert.Equal(t, FactCounts{1, 1, 1}, CountFacts("", "1999", []string{"2001", "1999"}), "the best reference counts")
}

func TestOrderSlots(t *testing.T) {
	for text, want := range map[string][]string{
		"Can I get a large decaf Chai Latte with oat milk?":      {"drink:chai", "drink:latte", "extra:decaf", "extra:oat", "size:large"},
		"two Cappuccinos, sugar-free, made with 2% milk":         {"drink:cappuccino", "extra:2 milk", "extra:sugar free"},
		"We have a large variety, it will be ready shortly.":     nil,
		"a decaffeinated coldbrew, and a cold brew with Non-Fat": {"drink:cold brew", "extra:decaf", "extra:non fat"},
	} {
		assert.Equal(t, want, OrderSlots(text), text)
	}
}

func TestCountOrder(t *testing.T) {
	source, ref := "user: a large mocha with oat milk\nassistant:", "A large mocha, is that right?"
	for answer, want := range map[string]OrderCounts{
		"One large mocha, right?":       {2, 2, 2, 2, true, true},
		"One mocha, right?":             {1, 1, 2, 1, true, false},
		"One large latte, right?":       {2, 1, 2, 1, true, false},
		"A large mocha with oat, okay?": {3, 3, 2, 2, true, true},
		"Is that right?":                {0, 0, 2, 0, true, false},
	} {
		assert.Equal(t, want, CountOrder(source, answer, []string{ref}), answer)
	}
	assert.Equal(t, OrderCounts{}, CountOrder(source, "Is that right?", []string{"Please check the screen."}), "nothing is named, and nothing should be")
}
