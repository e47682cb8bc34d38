package tokenizer

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dlclark/regexp2/v2"
)

const (
	// longestRegex limits the regular expressions of a file in bytes; DeepSeek's, the longest known, has
	// less than 1,000.
	longestRegex = 8192
	// regexTime limits the time of one match, so that a regular expression with exponential backtracking
	// is an error.
	regexTime = 5 * time.Second
)

// compileRegex compiles a regular expression of Hugging Face's files, which Oniguruma reads in Ruby's
// syntax.
func compileRegex(pattern string) (*regexp2.Regexp, error) {
	if len(pattern) > longestRegex {
		return nil, fmt.Errorf("it has %d bytes, more than the limit of %d", len(pattern), longestRegex)
	}
	plain, err := atomicGroups(pattern)
	if err != nil {
		return nil, err
	}
	re, err := regexp2.Compile(plain, regexp2.Multiline)
	if err != nil {
		return nil, err
	}
	re.MatchTimeout = regexTime
	return re, nil
}

// atomicGroups rewrites what regexp2 does not read: a possessive x++ as (?>x+), and x{1,3}+, which is not
// possessive in Ruby, as (?:x{1,3})+. Classes with classes in them are an error, because regexp2 gives
// them another meaning.
func atomicGroups(pattern string) (string, error) {
	var out []byte
	var groups []int // starts of the open groups in out
	atom := -1       // start of the last atom in out, or −1
	for i := 0; i < len(pattern); {
		start := len(out)
		switch c := pattern[i]; c {
		case '(':
			groups = append(groups, start)
			out, atom = append(out, c), -1
			i++
			if strings.HasPrefix(pattern[i:], "?") { // of a group, not a quantifier
				out = append(out, '?')
				i++
			}
		case ')':
			if len(groups) == 0 {
				return "", errors.New("a ) closes no group")
			}
			atom, groups = groups[len(groups)-1], groups[:len(groups)-1]
			out = append(out, c)
			i++
		case '[':
			n, err := classEnd(pattern[i:])
			if err != nil {
				return "", err
			}
			out, atom = append(out, pattern[i:i+n]...), start
			i += n
		case '*', '+', '?', '{':
			n := quantifierEnd(pattern[i:])
			if n == 0 { // a { that is a character
				out, atom = append(out, c), start
				i++
				break
			}
			out = append(out, pattern[i:i+n]...)
			i += n
			if strings.HasPrefix(pattern[i:], "?") {
				out = append(out, '?')
				i++
			} else if strings.HasPrefix(pattern[i:], "+") && atom >= 0 {
				out = wrapAtom(out, atom, c == '{')
				i++
			}
			if i < len(pattern) && (strings.IndexByte("*+?", pattern[i]) >= 0 || pattern[i] == '{' && quantifierEnd(pattern[i:]) > 0) {
				return "", errors.New("several quantifiers of one character are not supported")
			}
		default:
			n := atomEnd(pattern[i:])
			out, atom = append(out, pattern[i:i+n]...), start
			i += n
		}
	}
	return string(out), nil
}

// wrapAtom encloses out[atom:], an atom with its quantifier, in a group: atomic, or repeated.
func wrapAtom(out []byte, atom int, repeated bool) []byte {
	quantified := string(out[atom:])
	if repeated {
		return append(out[:atom], "(?:"+quantified+")+"...)
	}
	return append(out[:atom], "(?>"+quantified+")"...)
}

// classEnd returns the length of the class at the start of pattern.
func classEnd(pattern string) (int, error) {
	for i := 1; i < len(pattern); i++ {
		switch pattern[i] {
		case '\\':
			i++
		case '[':
			return 0, errors.New("a class in a class is not supported")
		case '&':
			if strings.HasPrefix(pattern[i:], "&&") {
				return 0, errors.New("an intersection of classes (&&) is not supported")
			}
		case ']':
			if i > 1 && pattern[:i] != "[^" {
				return i + 1, nil
			}
		}
	}
	return 0, errors.New("a [ is not closed")
}

// quantifierEnd returns the length of *, +, ? or {1,3} at the start of pattern, or 0 for a { that does not
// begin a quantifier.
func quantifierEnd(pattern string) int {
	if pattern[0] != '{' {
		return 1
	}
	n := 1
	for n < len(pattern) && (pattern[n] == ',' || pattern[n] >= '0' && pattern[n] <= '9') {
		n++
	}
	if n > 1 && n < len(pattern) && pattern[n] == '}' {
		return n + 1
	}
	return 0
}

// atomEnd returns the length of the escape or the character at the start of pattern.
func atomEnd(pattern string) int {
	if pattern[0] != '\\' || len(pattern) < 2 {
		return 1
	}
	if len(pattern) > 2 && pattern[2] == '{' {
		if end := strings.IndexByte(pattern, '}'); end > 0 {
			return end + 1
		}
	}
	return 2
}
