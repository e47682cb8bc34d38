package metrics

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// Tokenizer splits a text into the tokens that a metric counts.
type Tokenizer func(text string) []string

// TokenizerNamed returns a tokenization by its name in sacreBLEU: "13a", "zh" or "char".
func TokenizerNamed(name string) (Tokenizer, error) {
	switch name {
	case "13a":
		return Tokenize13a, nil
	case "zh":
		return TokenizeZh, nil
	case "char":
		return TokenizeChars, nil
	}
	return nil, fmt.Errorf("metrics: no tokenization %q: there are 13a, zh and char", name)
}

// rules13a are the rules of mteval-v13a, in the order in which they are applied.
var rules13a = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile("([{-~[-` -&(-+:-@/])"), " $1 "}, // punctuation except ' , - .
	{regexp.MustCompile(`([^0-9])([.,])`), "$1 $2 "},     // . and , unless after a digit
	{regexp.MustCompile(`([.,])([^0-9])`), " $1 $2"},     // . and , unless before a digit
	{regexp.MustCompile(`([0-9])(-)`), "$1 $2 "},         // - after a digit
}

var clean13a = strings.NewReplacer("<skipped>", "", "-\n", "", "\n", " ")

// entities13a are replaced one after the other, so that "&amp;lt;" becomes "<".
var entities13a = [][2]string{{"&quot;", `"`}, {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}}

// Tokenize13a is sacreBLEU's default tokenization, that of WMT's mteval-v13a script, for languages
// with spaces between words.
func Tokenize13a(text string) []string {
	text = clean13a.Replace(strings.TrimRightFunc(text, unicode.IsSpace))
	for _, e := range entities13a {
		text = strings.ReplaceAll(text, e[0], e[1])
	}
	return apply13a(" " + text + " ")
}

func apply13a(text string) []string {
	for _, r := range rules13a {
		text = r.pattern.ReplaceAllString(text, r.with)
	}
	return strings.Fields(text)
}

// TokenizeZh is sacreBLEU's "zh" tokenization: every Chinese character and punctuation mark is a
// token; the rest is split by the rules of 13a.
func TokenizeZh(text string) []string {
	var b strings.Builder
	for _, r := range strings.TrimSpace(text) {
		if unicode.Is(zhRanges, r) {
			b.WriteByte(' ')
			b.WriteRune(r)
			b.WriteByte(' ')
		} else {
			b.WriteRune(r)
		}
	}
	return apply13a(b.String())
}

// zhRanges are the characters that sacreBLEU's "zh" isolates. Its table is meant to include extension
// B (U+20000 to U+2A6D6) and the compatibility supplement (U+2F800 to U+2FA1D), but its escapes
// '\u20000' to '\u2a6d6' have five digits and Python reads four, so that it isolates U+2001 to U+2A6D
// (which has “ ” … —) and U+2F81 to U+2FA1 instead. This table does the same, to reproduce published
// scores.
var zhRanges = &unicode.RangeTable{R16: []unicode.Range16{
	{Lo: 0x2001, Hi: 0x2a6d, Stride: 1},
	{Lo: 0x2e80, Hi: 0x2fdf, Stride: 1}, // radicals: the supplement, Kangxi
	{Lo: 0x2ff0, Hi: 0x303f, Stride: 1}, // description characters, punctuation
	{Lo: 0x3100, Hi: 0x312f, Stride: 1}, // Bopomofo
	{Lo: 0x31a0, Hi: 0x31bf, Stride: 1}, // Bopomofo, extended
	{Lo: 0x31c0, Hi: 0x31ef, Stride: 1}, // strokes
	{Lo: 0x3200, Hi: 0x33ff, Stride: 1}, // enclosed characters, units
	{Lo: 0x3400, Hi: 0x4db5, Stride: 1}, // extension A
	{Lo: 0x4e00, Hi: 0x9fbb, Stride: 1}, // unified ideographs
	{Lo: 0xf900, Hi: 0xfa2d, Stride: 1}, // compatibility ideographs
	{Lo: 0xfa30, Hi: 0xfa6a, Stride: 1},
	{Lo: 0xfa70, Hi: 0xfad9, Stride: 1},
	{Lo: 0xfe10, Hi: 0xfe1f, Stride: 1}, // vertical forms
	{Lo: 0xfe30, Hi: 0xfe4f, Stride: 1},
	{Lo: 0xff00, Hi: 0xffef, Stride: 1}, // full-width forms
}}

// TokenizeChars is sacreBLEU's "char" tokenization: every character except white space is a token.
func TokenizeChars(text string) []string {
	var tokens []string
	for _, r := range text {
		if !unicode.IsSpace(r) {
			tokens = append(tokens, string(r))
		}
	}
	return tokens
}
