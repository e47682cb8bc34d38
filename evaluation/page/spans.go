package page

import (
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"euryale/evaluation"
	"euryale/evaluation/metrics"
)

// span is a piece of a text: a word, or what stands between words.
type span struct {
	Text  string
	Known bool // the reference has the word
}

// wordsOf returns the words of a text, as ROUGE counts them.
func wordsOf(text string) map[string]bool {
	known := map[string]bool{}
	for _, w := range metrics.Words(text) {
		known[w] = true
	}
	return known
}

// spans divides a text at its words, and joins neighbours that the reference has, or has not.
func spans(text string, known map[string]bool) (all []span) {
	for text != "" {
		n := wordLength(text)
		word := n > 0
		if !word {
			if n = strings.IndexFunc(text, isLetter); n < 0 {
				n = len(text)
			}
		}
		s := span{text[:n], word && known[strings.ToLower(text[:n])]}
		if last := len(all) - 1; last >= 0 && all[last].Known == s.Known {
			all[last].Text += s.Text
		} else {
			all = append(all, s)
		}
		text = text[n:]
	}
	return all
}

// wordLength returns the length of the word that begins a text: a Han or Kana character, or a run of other letters and digits.
func wordLength(text string) int {
	first, size := utf8.DecodeRuneInString(text)
	if !isLetter(first) {
		return 0
	}
	if isWide(first) {
		return size
	}
	if n := strings.IndexFunc(text, func(r rune) bool { return !isLetter(r) || isWide(r) }); n >= 0 {
		return n
	}
	return len(text)
}

func isWide(r rune) bool   { return unicode.In(r, unicode.Han, unicode.Hiragana) }
func isLetter(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

// grid is an alignment on the page.
type grid struct {
	Source []string
	Rows   []gridRow
}

type gridRow struct {
	Token string
	Cells []gridCell
}

// gridCell is a weight: its shade, 0 to 9, and the number.
type gridCell struct {
	Shade int
	Title string
}

// newGrid returns an alignment as the page shows it; shades are relative to the largest weight of a row.
func newGrid(a *evaluation.Alignment) *grid {
	if a == nil {
		return nil
	}
	g := &grid{}
	for _, label := range a.Source {
		g.Source = append(g.Source, visible(label))
	}
	for i, token := range a.Answer {
		row, most := gridRow{Token: visible(token)}, 0.0
		weights := a.Values[i*len(a.Source) : (i+1)*len(a.Source)]
		for _, v := range weights {
			most = max(most, v)
		}
		for j, v := range weights {
			shade := 0
			if most > 0 {
				shade = int(math.Round(9 * v / most))
			}
			row.Cells = append(row.Cells, gridCell{shade, fmt.Sprintf("%s → %s: %.3f", visible(token), g.Source[j], v)})
		}
		g.Rows = append(g.Rows, row)
	}
	return g
}

// visible returns a token with visible white space.
func visible(token string) string {
	return strings.NewReplacer(" ", "␣", "\n", "↵", "\t", "⇥").Replace(token)
}
