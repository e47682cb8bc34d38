package constraint

import (
	"fmt"
	"strings"
	"unicode"
)

// Forms are the forms of verse: 五绝 and 七绝, four lines of five or of seven characters.
func Forms() []string { return []string{"五绝", "七绝"} }

// Verse returns the automaton of a form of Chinese verse: lines of Chinese characters, of which the odd
// ones end with ，？ or ！ and the even ones with 。？ or ！, all but the last perhaps with a line break;
// lines one, two and four end with different characters.
//
// With a table of rhymes, which may be nil, lines two and four end with level tones of one class, and
// the tones of all lines are those of one of the four patterns of the form, in two of which line
// one rhymes too (王力《诗词格律》, chapter 2). Characters that the table lacks are then not used.
func Verse(form string, table *Rhymes) (Automaton, error) {
	v := &verse{width: 5, table: table}
	switch form {
	case "五绝":
	case "七绝":
		v.width = 7
	default:
		return nil, fmt.Errorf("there is no form of verse %q: want %s", form, strings.Join(Forms(), " or "))
	}
	v.patterns = tonePatterns(v.width)
	odd, even := fmt.Sprintf(`\p{Han}{%d}[，？！]\n?`, v.width), fmt.Sprintf(`\p{Han}{%d}[。？！]`, v.width)
	shape, err := Regexp(odd + even + `\n?` + odd + even)
	if err != nil {
		return nil, err
	}
	a := overBytes(v)
	if table != nil {
		a.only("，。？！\n" + table.chars())
	}
	return All(a, shape) // the shape has few states, whose distances guide the search
}

const (
	verseLines = 4
	rhymed     = 0b0101 // the patterns in which line one rhymes
)

// tonePatterns returns the tones of the lines of each pattern: 平 level, 仄 oblique, 中 either. A line of
// seven begins with two tones opposite to those of a line of five.
func tonePatterns(width int) (patterns [4][verseLines][]rune) {
	const (
		a = "中仄平平仄"
		b = "平平仄仄平"
		c = "中平平仄仄"
		d = "中仄仄平平"
	)
	for i, lines := range [4][verseLines]string{{d, b, c, d}, {a, b, c, d}, {b, d, a, b}, {c, d, a, b}} {
		for k, line := range lines {
			if width == 7 {
				line = map[string]string{a: "中平中仄平平仄", b: "中仄平平仄仄平", c: "中仄中平平仄仄", d: "中平中仄仄平平"}[line]
			}
			patterns[i][k] = []rune(line)
		}
	}
	return patterns
}

// verse is the automaton of Verse over characters.
type verse struct {
	interned[verseState]
	width    int
	table    *Rhymes
	patterns [4][verseLines][]rune
}

// verseState is how far a text is, and what later characters depend on.
type verseState struct {
	line, at int8 // at characters of the line are read
	stopped  bool // the line's punctuation is read
	broken   bool // and a line break after it
	patterns uint8
	first    classes // of the rhyme, if line one rhymes
	second   classes // of line two alone
	finals   [2]rune // of lines one and two, which the states of forget lack
}

func (v *verse) begin(string) State   { return v.state(verseState{patterns: 0b1111}) }
func (v *verse) accepts(s State) bool { return v.states[s].complete() }
func (v *verse) reset()               { v.interned.Reset() }

func (x verseState) complete() bool { return x.line == verseLines-1 && x.stopped }

func (v *verse) read(s State, r rune) State {
	x, ok := v.step(v.states[s], r)
	if !ok {
		return Dead
	}
	return v.state(x)
}

// step returns the state after one more character.
func (v *verse) step(x verseState, r rune) (verseState, bool) {
	if x.stopped {
		if x.line == verseLines-1 {
			return x, false
		}
		if r == '\n' {
			ok := !x.broken
			x.broken = true
			return x, ok
		}
		x = verseState{line: x.line + 1, patterns: x.patterns, first: x.first, second: x.second, finals: x.finals}
	}
	if int(x.at) == v.width {
		marks := "，？！"
		if x.line%2 == 1 {
			marks = "。？！"
		}
		x.stopped = true
		return x, strings.ContainsRune(marks, r)
	}
	if !unicode.Is(unicode.Han, r) || !v.fits(&x, r) {
		return x, false
	}
	if x.at++; int(x.at) == v.width && x.line != 2 {
		return v.final(x, r)
	}
	return x, true
}

// fits cuts the patterns that do not have the tone of r at its place, and reports whether any is left.
func (v *verse) fits(x *verseState, r rune) bool {
	if v.table == nil {
		return true
	}
	of := v.table.readings[r]
	for i := range v.patterns {
		switch tone := v.patterns[i][x.line][x.at]; {
		case of.level && tone != '仄', of.oblique && tone != '平':
		default:
			x.patterns &^= 1 << i
		}
	}
	return x.patterns != 0
}

// final reads the last character of a line that may rhyme.
func (v *verse) final(x verseState, r rune) (verseState, bool) {
	if r == x.finals[0] || r == x.finals[1] {
		return x, false
	}
	if x.line < 2 {
		x.finals[x.line] = r
	}
	if v.table == nil {
		return x, true
	}
	of := v.table.readings[r].rhymes
	switch x.line {
	case 0:
		x.first = of
	case 1:
		x.first, x.second = x.first.and(of), of
	default:
		x.first, x.second = x.first.and(of), x.second.and(of)
	}
	if x.first == (classes{}) {
		x.patterns &^= rhymed
	}
	if x.line > 0 && x.second == (classes{}) {
		x.patterns &^= ^uint8(rhymed)
	}
	if x.patterns&rhymed == 0 {
		x.first = classes{}
	}
	return x, x.patterns != 0
}

// forget returns the state without the characters that lines have ended with.
func (v *verse) forget(s State) State {
	x := v.states[s]
	x.finals = [2]rune{}
	return v.state(x)
}

// tells reports whether the character before s was compared with, or became, what forget leaves out.
func (v *verse) tells(s State) bool {
	x := v.states[s]
	return int(x.at) == v.width && x.line != 2 && !x.stopped
}

// admits reports whether text leads from s to acceptance.
func (v *verse) admits(s State, text string) bool {
	x, ok := v.states[s], true
	for _, r := range text {
		if x, ok = v.step(x, r); !ok {
			return false
		}
	}
	return x.complete()
}
