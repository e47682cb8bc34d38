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
	r := regexRewriter{rest: pattern, atom: -1}
	for r.rest != "" {
		if err := r.step(); err != nil {
			return "", err
		}
	}
	return string(r.out), nil
}

// regexRewriter rewrites a regular expression from left to right.
type regexRewriter struct {
	rest   string
	out    []byte
	groups []int // starts of the open groups in out
	atom   int   // start of the last atom in out, or −1
}

// take moves n bytes of rest to out.
func (r *regexRewriter) take(n int) {
	r.out, r.rest = append(r.out, r.rest[:n]...), r.rest[n:]
}

// step rewrites a parenthesis, a quantifier or an atom.
func (r *regexRewriter) step() error {
	start, n := len(r.out), quantifierEnd(r.rest)
	switch c := r.rest[0]; {
	case c == '(':
		r.groups, r.atom = append(r.groups, start), -1
		r.take(1)
		if strings.HasPrefix(r.rest, "?") { // of a group, not a quantifier
			r.take(1)
		}
	case c == ')' && len(r.groups) == 0:
		return errors.New("a ) closes no group")
	case c == ')':
		last := len(r.groups) - 1
		r.atom, r.groups = r.groups[last], r.groups[:last]
		r.take(1)
	case n > 0:
		return r.quantifier(n)
	default:
		n, err := atomEnd(r.rest)
		if err != nil {
			return err
		}
		r.atom = start
		r.take(n)
	}
	return nil
}

// quantifier rewrites a quantifier of n bytes.
func (r *regexRewriter) quantifier(n int) error {
	group := "(?>%s)"
	if r.rest[0] == '{' {
		group = "(?:%s)+"
	}
	r.take(n)
	switch {
	case strings.HasPrefix(r.rest, "?"):
		r.take(1)
	case strings.HasPrefix(r.rest, "+") && r.atom >= 0:
		quantified := string(r.out[r.atom:])
		r.out, r.rest = fmt.Appendf(r.out[:r.atom], group, quantified), r.rest[1:]
	}
	if r.rest != "" && quantifierEnd(r.rest) > 0 {
		return errors.New("several quantifiers of one character are not supported")
	}
	return nil
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

// quantifierEnd returns the length of *, +, ? or {1,3} at the start of pattern, or 0 if there is none.
func quantifierEnd(pattern string) int {
	switch pattern[0] {
	case '*', '+', '?':
		return 1
	case '{':
		n := 1
		for n < len(pattern) && (pattern[n] == ',' || pattern[n] >= '0' && pattern[n] <= '9') {
			n++
		}
		if n > 1 && n < len(pattern) && pattern[n] == '}' {
			return n + 1
		}
	}
	return 0
}

// atomEnd returns the length of the class, the escape or the character at the start of pattern.
func atomEnd(pattern string) (int, error) {
	switch {
	case pattern[0] == '[':
		return classEnd(pattern)
	case pattern[0] != '\\' || len(pattern) < 2:
		return 1, nil
	case len(pattern) > 2 && pattern[2] == '{':
		if end := strings.IndexByte(pattern, '}'); end > 0 {
			return end + 1, nil
		}
	}
	return 2, nil
}
