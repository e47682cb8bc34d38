package tokenizer

import (
	"unicode"
	"unicode/utf8"
)

// wordEnd returns the length of the first word of text, which must not be empty, by GPT-2's regular
// expression (Radford et al. 2019, encoder.py)
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//
// Bytes that are not valid UTF-8 count as neither letters, numbers nor white space.
func wordEnd(text string) int {
	if n := contraction(text); n > 0 {
		return n
	}
	start := 0
	if text[0] == ' ' && len(text) > 1 {
		start = 1
	}
	if class, _ := classify(text[start:]); class != classSpace {
		return start + classRun(text[start:], class)
	}
	run := classRun(text, classSpace)
	if run == len(text) {
		return run
	}
	// The last space of a run belongs to the word after it, unless it is alone.
	if _, last := utf8.DecodeLastRuneInString(text[:run]); last < run {
		return run - last
	}
	return run
}

// contraction returns the length of the ending of an English contraction at the start of text, or 0.
func contraction(text string) int {
	if text[0] != '\'' || len(text) < 2 {
		return 0
	}
	switch text[1] {
	case 's', 't', 'm', 'd':
		return 2
	case 'r', 'v':
		if len(text) > 2 && text[2] == 'e' {
			return 3
		}
	case 'l':
		if len(text) > 2 && text[2] == 'l' {
			return 3
		}
	}
	return 0
}

// charClass is the class of a character in GPT-2's regular expression.
type charClass uint8

const (
	classOther charClass = iota
	classLetter
	classNumber
	classSpace
)

// asciiClass is unicodeClass of the ASCII characters, precomputed for speed.
var asciiClass = func() (table [utf8.RuneSelf]charClass) {
	for c := range table {
		table[c] = unicodeClass(rune(c))
	}
	return table
}()

// classify returns the class and the size of the first character of text.
func classify(text string) (charClass, int) {
	if c := text[0]; c < utf8.RuneSelf {
		return asciiClass[c], 1
	}
	r, size := utf8.DecodeRuneInString(text)
	if r >= 0x4e00 && r <= 0x9fff { // the CJK ideographs, all of them letters
		return classLetter, size
	}
	return unicodeClass(r), size
}

func unicodeClass(r rune) charClass {
	switch {
	case unicode.IsLetter(r):
		return classLetter
	case unicode.IsNumber(r):
		return classNumber
	case unicode.IsSpace(r):
		return classSpace
	}
	return classOther
}

// classRun returns the length of the longest prefix of text whose characters are of a class.
func classRun(text string, class charClass) int {
	n := 0
	for n < len(text) {
		c, size := classify(text[n:])
		if c != class {
			break
		}
		n += size
	}
	return n
}

// wholeChars returns the length of b without an incomplete character at its end. Bytes that no
// further bytes can complete to a character are included.
func wholeChars(b []byte) int {
	for i := len(b) - 1; i >= 0 && i >= len(b)-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			if !utf8.FullRune(b[i:]) {
				return i
			}
			break
		}
	}
	return len(b)
}
