package metrics

import (
	"index/suffixarray"
	"strings"
)

// WordForWord looks for texts in training answers, word by word: case and punctuation do not count, and
// a Chinese character is a word. It returns which texts equal a whole answer, and which stand within
// one. A text without words is neither.
func WordForWord(texts, answers []string) (whole, within []bool) {
	known := map[string]bool{}
	var all strings.Builder
	for _, a := range answers {
		line := spelled(a)
		if !known[line] {
			known[line] = true
			all.WriteString(line + "\n")
		}
	}
	index := suffixarray.New([]byte(all.String()))
	whole, within = make([]bool, len(texts)), make([]bool, len(texts))
	for i, t := range texts {
		if line := spelled(t); line != "" {
			whole[i] = known[line]
			within[i] = whole[i] || index.Lookup([]byte(line), 1) != nil
		}
	}
	return whole, within
}

// spelled returns the words of a text with a space before and after each, or "" if it has none.
func spelled(text string) string {
	words := Words(text)
	if len(words) == 0 {
		return ""
	}
	return " " + strings.Join(words, " ") + " "
}
