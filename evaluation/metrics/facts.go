package metrics

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// factPatterns find what a text states that is not common vocabulary: quoted titles, foreign names with a
// dot between their parts (the two characters before and after it), Latin words of Chinese text, and numbers.
var factPatterns = []*regexp.Regexp{
	regexp.MustCompile(`《([^》]+)》|【([^】]+)】|〈([^〉]+)〉|「([^」]+)」|“([^”]+)”`),
	regexp.MustCompile(`(\p{Han}{1,2}[·•・‧]\p{Han}{1,2})`), // where a name ends, nothing says
	regexp.MustCompile(`([A-Za-z][A-Za-z0-9'’.-]*[A-Za-z0-9])`),
	regexp.MustCompile(`([0-9]+(?:[.,][0-9]+)*)`),
}

// Facts returns the different facts of a text in the order of their kinds: titles in quotation marks,
// names, Latin words if the text is Chinese (capitalized ones within a sentence otherwise), and numbers
// without leading zeros. It knows no names that nothing marks, such as 成龙.
func Facts(text string) []string {
	text = strings.ToValidUTF8(text, "")
	chinese := strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) })
	var facts []string
	for kind, p := range factPatterns {
		for _, at := range p.FindAllStringSubmatchIndex(text, -1) {
			fact := firstGroup(text, at)
			if kind == 2 && !chinese && !isName(text, at[0]) {
				continue
			}
			if fact = plainFact(fact); fact != "" && !slices.Contains(facts, fact) {
				facts = append(facts, fact)
			}
		}
	}
	return facts
}

// firstGroup returns the group that matched.
func firstGroup(text string, at []int) string {
	for i := 2; i < len(at); i += 2 {
		if at[i] >= 0 {
			return text[at[i]:at[i+1]]
		}
	}
	return ""
}

// isName reports whether the word at an offset is capitalized and begins no sentence.
func isName(text string, at int) bool {
	before := strings.TrimRightFunc(text[:at], unicode.IsSpace)
	return before != "" && !strings.ContainsAny(before[len(before)-1:], ".!?:\n") && unicode.IsUpper(rune(text[at])) && !strings.HasPrefix(text[at:], "I'")
}

// plainFact returns a fact in the form in which facts are compared.
func plainFact(fact string) string {
	fact = strings.NewReplacer("•", "·", "・", "·", "‧", "·").Replace(strings.ToLower(strings.TrimSpace(fact)))
	if short := strings.TrimLeft(fact, "0"); short != "" && short[0] >= '0' && short[0] <= '9' {
		return short
	}
	return fact
}

// FactCounts are the facts of an answer and of its reference that the source does not have, and those
// that both have.
type FactCounts struct{ Answer, Reference, Both int }

// CountFacts compares the facts of an answer with those of the reference, of several with the one that
// it shares most with. What the source says already is no new knowledge, and does not count. A fact of
// the reference counts as said if the answer has its text, with or without quotation marks.
func CountFacts(source, answer string, refs []string) (best FactCounts) {
	known := plainFact(source)
	fresh := func(text string) []string {
		return slices.DeleteFunc(Facts(text), func(fact string) bool { return contains(known, fact) })
	}
	said, text := fresh(answer), plainFact(answer)
	for i, ref := range refs {
		c := FactCounts{Answer: len(said)}
		for _, fact := range fresh(ref) {
			c.Reference++
			if slices.Contains(said, fact) {
				c.Both++
			} else if !isNumber(fact) && strings.Contains(text, fact) { // the answer quotes it without marks
				c.Both++
				c.Answer++
			}
		}
		if i == 0 || c.Both > best.Both || c.Both == best.Both && c.Reference < best.Reference {
			best = c
		}
	}
	return best
}

// contains reports whether a text has a fact; a number must not be a part of another one.
func contains(text, fact string) bool {
	if !isNumber(fact) {
		return strings.Contains(text, fact)
	}
	for _, n := range factPatterns[3].FindAllString(text, -1) {
		if plainFact(n) == fact {
			return true
		}
	}
	return false
}

func isNumber(fact string) bool { return fact != "" && fact[0] >= '0' && fact[0] <= '9' }
