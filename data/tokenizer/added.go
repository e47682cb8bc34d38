package tokenizer

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// addedToken is a token that is read where a text has its name, before the text is split into words.
type addedToken struct {
	id             int
	lstrip, rstrip bool // it includes the white space before it, after it
	singleWord     bool // it is read only where neither a letter nor a digit is next to it
}

// addedTokens finds tokens in a text. Where several names begin, the longest is read.
type addedTokens struct {
	tokens  map[string]addedToken
	names   [256][]string // by their first byte, the longest first
	longest int           // bytes of the longest name
}

// newAddedTokens returns the tokens by their names, which must not be empty.
func newAddedTokens(tokens map[string]addedToken) *addedTokens {
	a := &addedTokens{tokens: tokens}
	for name := range tokens {
		a.names[name[0]] = append(a.names[name[0]], name)
		a.longest = max(a.longest, len(name))
	}
	for _, names := range a.names {
		slices.SortFunc(names, func(a, b string) int {
			return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
		})
	}
	return a
}

// nameAt returns the longest name that text begins with at an offset, or "".
func (a *addedTokens) nameAt(text string, at int) string {
	for _, name := range a.names[text[at]] {
		if strings.HasPrefix(text[at:], name) {
			return name
		}
	}
	return ""
}

// addedSpan is a token in a text, from start to end.
type addedSpan struct{ start, end, id int }

// find returns the tokens in text, in order.
func (a *addedTokens) find(text string) []addedSpan {
	if len(a.tokens) == 0 {
		return nil
	}
	var spans []addedSpan
	at := 0
	for i := 0; i < len(text); i++ {
		name := a.nameAt(text, i)
		if name == "" {
			continue
		}
		token := a.tokens[name]
		start, end := i, i+len(name)
		i = end - 1 // a name that is not read hides those within it
		if start < at || token.singleWord && !isWhole(text, start, end) {
			continue
		}
		if token.lstrip {
			start = max(at, len(strings.TrimRightFunc(text[:start], unicode.IsSpace)))
		}
		if token.rstrip {
			end = len(text) - len(strings.TrimLeftFunc(text[end:], unicode.IsSpace))
		}
		spans = append(spans, addedSpan{start, end, token.id})
		at = end
	}
	return spans
}

// each calls token for each token in text, and between for each text between them that is not empty.
func (a *addedTokens) each(text string, token func(id int), between func(text string, offset int) error) error {
	at := 0
	for _, span := range a.find(text) {
		if at < span.start {
			if err := between(text[at:span.start], at); err != nil {
				return err
			}
		}
		token(span.id)
		at = span.end
	}
	if at < len(text) {
		return between(text[at:], at)
	}
	return nil
}

// begins reports whether text begins with a token.
func (a *addedTokens) begins(text string) bool {
	spans := a.find(text[:min(len(text), a.longest+utf8.UTFMax)])
	return len(spans) > 0 && spans[0].start == 0
}

// isWhole reports whether no character of a word is next to text[start:end].
func isWhole(text string, start, end int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:start])
	after, _ := utf8.DecodeRuneInString(text[end:])
	return !(start > 0 && isWordRune(before)) && !(end < len(text) && isWordRune(after))
}

// isWordRune reports whether r matches \w in Unicode: letters, marks, digits, connecting punctuation and
// joiners.
func isWordRune(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M, unicode.Nd, unicode.Nl, unicode.Pc, unicode.Other_Alphabetic, unicode.Join_Control)
}
