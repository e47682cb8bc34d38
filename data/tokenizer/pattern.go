package tokenizer

import (
	"unicode"
	"unicode/utf8"
)

// wordPattern splits text into words as one of the regular expressions of widely used tokenizers does,
// without a regular expression. next returns the length of the first word of text, which must not be
// empty.
type wordPattern struct {
	cased  bool // o200k: words end where a capital follows a small letter, and include their contraction
	digits int  // of a number at most
}

// The regular expressions of next, in parts.
const (
	contractions = `(?i:'s|'t|'re|'ve|'m|'ll|'d)`
	blanks       = `|\s*[\r\n]+|\s+(?!\S)|\s+`
	capitals     = `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`
	smalls       = `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`

	cl100kPattern = contractions + `|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*` + blanks
	qwenPattern   = contractions + `|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*` + blanks
	o200kPattern  = `[^\r\n\p{L}\p{N}]?` + capitals + `*` + smalls + `+` + contractions + `?|[^\r\n\p{L}\p{N}]?` +
		capitals + `+` + smalls + `*` + contractions + `?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*` + blanks
)

// wordPatterns are the regular expressions that are split without one: GPT-2's, that of GPT-4 and Llama
// 3 (cl100k), that of Qwen, and GPT-4o's (o200k).
var wordPatterns = map[string]func(text string) int{
	gpt2Pattern:   wordEnd,
	cl100kPattern: wordPattern{digits: 3}.next,
	qwenPattern:   wordPattern{digits: 1}.next,
	o200kPattern:  wordPattern{digits: 3, cased: true}.next,
}

func (p wordPattern) next(text string) int {
	if p.cased {
		if n := casedWord(text); n > 0 {
			return n + anyContraction(text[n:])
		}
	} else if n := anyContraction(text); n > 0 {
		return n
	}
	class, size := classify(text)
	switch {
	case class == classLetter:
		return classRun(text, classLetter)
	case class == classNumber:
		return p.number(text)
	case text[0] != '\r' && text[0] != '\n' && !p.cased:
		if n := classRun(text[size:], classLetter); n > 0 {
			return size + n
		}
	}
	start := 0
	if text[0] == ' ' {
		start = 1
	}
	if n := classRun(text[start:], classOther); n > 0 {
		return p.lineBreaks(text, start+n)
	}
	return blank(text)
}

// number returns the length of the first digits of text.
func (p wordPattern) number(text string) int {
	n := 0
	for range p.digits {
		if n == len(text) {
			break
		}
		class, size := classify(text[n:])
		if class != classNumber {
			break
		}
		n += size
	}
	return n
}

// lineBreaks returns the end of the line breaks from offset n on; in o200k also of slashes.
func (p wordPattern) lineBreaks(text string, n int) int {
	for n < len(text) && (text[n] == '\r' || text[n] == '\n' || p.cased && text[n] == '/') {
		n++
	}
	return n
}

// blank returns the length of the first word of text that begins with white space: up to the last line
// break of the white space, else all of it except a last space before another word.
func blank(text string) int {
	run := classRun(text, classSpace)
	for i := run - 1; i >= 0; i-- {
		if text[i] == '\r' || text[i] == '\n' {
			return i + 1
		}
	}
	if _, last := utf8.DecodeLastRuneInString(text[:run]); run < len(text) && last < run {
		return run - last
	}
	return run
}

// anyContraction returns the length of the ending of an English contraction in capital or small letters
// at the start of text, or 0. The long s (ſ) is an s in a regular expression without case.
func anyContraction(text string) int {
	if len(text) < 2 || text[0] != '\'' {
		return 0
	}
	var second byte
	if len(text) > 2 {
		second = text[2] | 0x20
	}
	switch text[1] | 0x20 {
	case 's', 't', 'm', 'd':
		return 2
	case 'r', 'v':
		if second == 'e' {
			return 3
		}
	case 'l':
		if second == 'l' {
			return 3
		}
	}
	const longS = "ſ"
	if text[1:min(len(text), 1+len(longS))] == longS {
		return 1 + len(longS)
	}
	return 0
}

// casedWord returns the length of the first letters of text with the character before them, by the first
// two alternatives of o200k, or 0 if there are none. The alternatives are tried in the order in which a
// regular expression with backtracking does.
func casedWord(text string) int {
	class, start := classify(text)
	if class == classLetter || class == classNumber || text[0] == '\r' || text[0] == '\n' {
		start = 0
	}
	starts := []int{start, 0}
	if start == 0 {
		starts = starts[:1]
	}
	for _, match := range []func(string) int{endingSmall, beginningCapital} {
		for _, at := range starts {
			if n := match(text[at:]); n > 0 {
				return at + n
			}
		}
	}
	return 0
}

// endingSmall returns the length of the longest prefix of text with any capitals, then at least one small
// letter (capitals* smalls+), or 0.
func endingSmall(text string) int {
	n, both := 0, 0 // both is the end of the last letter that is in both classes
	for n < len(text) {
		capital, small, size := letterCase(text[n:])
		if !capital {
			break
		}
		n += size
		if small {
			both = n
		}
	}
	if end := n + smallRun(text[n:]); end > n {
		return end
	}
	return both
}

// beginningCapital returns the length of the longest prefix of text with at least one capital, then any
// small letters (capitals+ smalls*), or 0.
func beginningCapital(text string) int {
	n := 0
	for n < len(text) {
		capital, _, size := letterCase(text[n:])
		if !capital {
			break
		}
		n += size
	}
	if n == 0 {
		return 0
	}
	return n + smallRun(text[n:])
}

func smallRun(text string) int {
	n := 0
	for n < len(text) {
		_, small, size := letterCase(text[n:])
		if !small {
			break
		}
		n += size
	}
	return n
}

// letterCase reports whether the first character of text is in o200k's classes of capitals and of small
// letters. Letters without case and combining marks are in both.
func letterCase(text string) (capital, small bool, size int) {
	r, size := utf8.DecodeRuneInString(text)
	switch {
	case 'a' <= r && r <= 'z':
		return false, true, size
	case 'A' <= r && r <= 'Z':
		return true, false, size
	case r < utf8.RuneSelf || r == utf8.RuneError:
		return false, false, size
	case unicode.Is(unicode.Ll, r):
		return false, true, size
	case unicode.In(r, unicode.Lu, unicode.Lt):
		return true, false, size
	}
	both := unicode.In(r, unicode.Lm, unicode.Lo, unicode.M)
	return both, both, size
}
