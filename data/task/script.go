package task

import (
	"slices"
	"strings"
	"unicode"
)

// script is a writing system.
type script struct {
	name      string
	table     *unicode.RangeTable
	languages []string // whose names stand for it
}

// scripts are the writing systems that are told apart.
var scripts = []script{
	{"Chinese characters", unicode.Han, []string{"chinese", "zh", "zho", "cmn", "mandarin", "中文", "汉语", "漢語"}},
	{"kana", nil, []string{"japanese", "ja", "jpn", "日语", "日文", "日本語"}},
	{"Hangul", unicode.Hangul, []string{"korean", "ko", "kor", "韩语", "韩文", "한국어"}},
	{"Latin letters", unicode.Latin, []string{"english", "en", "eng", "german", "de", "deu", "french", "fr", "fra", "spanish", "es", "spa", "italian", "it", "portuguese", "pt", "英语", "英文", "德语", "法语"}},
	{"Cyrillic letters", unicode.Cyrillic, []string{"russian", "ru", "rus", "ukrainian", "uk", "bulgarian", "俄语", "俄文"}},
	{"Arabic letters", unicode.Arabic, []string{"arabic", "ar", "ara", "persian", "fa", "阿拉伯语"}},
	{"Greek letters", unicode.Greek, []string{"greek", "el", "ell", "希腊语"}},
}

// kana is where Japanese differs from Chinese.
var kana = []*unicode.RangeTable{unicode.Hiragana, unicode.Katakana}

// kanaScript is the index of kana in scripts.
const kanaScript = 1

// scriptOf returns the index in scripts of the writing system of a text, or −1: that of most of its letters, and kana if a tenth
// of them are.
func scriptOf(text string) int {
	counts, letters := make([]int, len(scripts)), 0
	for _, r := range text {
		if !unicode.IsLetter(r) {
			continue
		}
		letters++
		if unicode.In(r, kana...) {
			counts[kanaScript]++
			continue
		}
		for i, s := range scripts {
			if s.table != nil && unicode.Is(s.table, r) {
				counts[i]++
				break
			}
		}
	}
	most := -1
	for i, n := range counts {
		if n > 0 && (most < 0 || n > counts[most]) {
			most = i
		}
	}
	if counts[kanaScript]*10 >= letters && counts[kanaScript] > 0 {
		return kanaScript
	}
	return most
}

// mainScript returns the writing system that at least six tenths of the texts have, or −1.
func mainScript(texts []int) int {
	for i := range scripts {
		n := 0
		for _, s := range texts {
			if s == i {
				n++
			}
		}
		if n*10 >= len(texts)*6 && n > 0 {
			return i
		}
	}
	return -1
}

// namedScript returns the writing system of the language that a column's name begins with, or −1.
func namedScript(column string) int {
	words := strings.FieldsFunc(strings.ToLower(column), func(r rune) bool { return !unicode.IsLetter(r) })
	if len(words) == 0 {
		return -1
	}
	return slices.IndexFunc(scripts, func(s script) bool { return slices.Contains(s.languages, words[0]) })
}
