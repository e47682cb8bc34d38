package constraint

import (
	"fmt"
	"regexp/syntax"
	"unicode"
)

// Regexp returns the automaton of the texts that a regular expression of Go's syntax
// (https://pkg.go.dev/regexp/syntax) matches as a whole. Word boundaries and the ^ and $ of lines
// are not supported.
func Regexp(pattern string) (Automaton, error) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("regular expression %q: %w", pattern, err)
	}
	n := &nfa{}
	w := regexpWriter{nfa: n, chars: n.chars}
	end := n.add(node{kind: closeText, a: n.add(node{kind: giveBack})})
	start, err := w.write(re, end)
	if err != nil {
		return nil, fmt.Errorf("regular expression %q: %w", pattern, err)
	}
	d := n.determinize(n.add(node{kind: openText, a: start}))
	if d.empty() {
		return nil, fmt.Errorf("regular expression %q: no text matches it", pattern)
	}
	return d, nil
}

// maxNodes is the most nodes of an automaton before it is made deterministic.
const maxNodes = 1 << 20

// regexpWriter writes regular expressions into an nfa.
type regexpWriter struct {
	*nfa
	chars func(ranges []rune, next int32) int32 // of one character: plain, or as in a JSON string
}

var (
	anyChar       = []rune{0, unicode.MaxRune}
	anyCharNoLine = []rune{0, '\n' - 1, '\n' + 1, unicode.MaxRune}
)

// write returns the node at which re begins, which continues at next.
func (w *regexpWriter) write(re *syntax.Regexp, next int32) (start int32, err error) {
	if len(w.nodes) > maxNodes {
		return 0, fmt.Errorf("it is too large: it takes more than %d nodes", maxNodes)
	}
	switch re.Op {
	case syntax.OpNoMatch:
		return w.add(node{kind: fail}), nil
	case syntax.OpEmptyMatch:
		return next, nil
	case syntax.OpLiteral:
		for i := len(re.Rune) - 1; i >= 0; i-- {
			next = w.chars(variants(re.Rune[i], re.Flags&syntax.FoldCase != 0), next)
		}
		return next, nil
	case syntax.OpCharClass:
		return w.chars(re.Rune, next), nil
	case syntax.OpAnyChar:
		return w.chars(anyChar, next), nil
	case syntax.OpAnyCharNotNL:
		return w.chars(anyCharNoLine, next), nil
	case syntax.OpBeginText:
		return w.add(node{kind: atBegin, a: next}), nil
	case syntax.OpEndText:
		return w.add(node{kind: atEnd, a: next}), nil
	case syntax.OpCapture:
		return w.write(re.Sub[0], next)
	case syntax.OpConcat:
		for i := len(re.Sub) - 1; i >= 0 && err == nil; i-- {
			next, err = w.write(re.Sub[i], next)
		}
		return next, err
	case syntax.OpAlternate:
		starts := make([]int32, len(re.Sub))
		for i, sub := range re.Sub {
			if starts[i], err = w.write(sub, next); err != nil {
				return 0, err
			}
		}
		return w.either(starts...), nil
	}
	return w.writeRepeat(re, next)
}

// writeRepeat writes an expression that occurs several times.
func (w *regexpWriter) writeRepeat(re *syntax.Regexp, next int32) (start int32, err error) {
	least, most := re.Min, re.Max
	switch re.Op {
	case syntax.OpStar:
		least, most = 0, -1
	case syntax.OpPlus:
		least, most = 1, -1
	case syntax.OpQuest:
		least, most = 0, 1
	case syntax.OpRepeat:
	default:
		return 0, fmt.Errorf("%s is not supported", re)
	}
	start = w.repeat(func(next int32) int32 {
		start, e := w.write(re.Sub[0], next)
		if e != nil {
			err = e
		}
		return start
	}, least, most, next)
	return start, err
}

// variants returns the ranges of a character, if fold is set with those that differ only in case.
func variants(r rune, fold bool) []rune {
	ranges := []rune{r, r}
	if fold {
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			ranges = append(ranges, f, f)
		}
	}
	return ranges
}
