package constraint

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
)

// constraintOf has a vocabulary of any pieces.
func constraintOf(a Automaton, pieces ...string) *Constraint {
	var all [][]byte
	for _, p := range pieces {
		all = append(all, []byte(p))
	}
	return newConstraint(a, tokenizer.NewByte(), vocabularyOf(all))
}

// shortest returns the least number of tokens, up to most, that make text acceptable, or −1: by trying all.
func shortest(accepts func(string) bool, text string, pieces []string, most int) int {
	if accepts(text) {
		return 0
	}
	best := -1
	for _, p := range pieces {
		if most > 0 && p != "" {
			if n := shortest(accepts, text+p, pieces, most-1); n >= 0 && (best < 0 || n+1 < best) {
				best = n + 1
				most = n // only shorter ones count
			}
		}
	}
	return best
}

// randomPattern is a regular expression over a and b.
func randomPattern(rng *rand.Rand, depth int) string {
	if depth == 0 {
		return []string{"a", "b", ".", "[^a]", "é", "", "^", "$", "b{2}"}[rng.IntN(9)]
	}
	x, y := randomPattern(rng, depth-1), randomPattern(rng, depth-1)
	return []string{x + y, "(?:" + x + "|" + y + ")", "(?:" + x + ")*" + y, "(?:" + x + ")?", "(?:" + x + "){1,3}" + y, "(?:" + x + ")+"}[rng.IntN(6)]
}

// Allowed tokens are those that brute force finds, for every number of tokens that are left.
func TestAllowedEqualsBruteForce(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"a", "ab", "bb", "aab", "\xc3", "\xa9", "é", "", "ba"}
	checked := 0
	for range 150 {
		pattern := randomPattern(rng, 3)
		re := regexp.MustCompile("^(?:" + pattern + ")$")
		known := map[string]bool{}
		a, err := Regexp(pattern)
		if err != nil {
			require.ErrorContains(t, err, "no text matches it")
			continue
		}
		c := constraintOf(a, pieces...)
		for range 3 {
			m := c.Begin(nil)
			text := ""
			for range rng.IntN(4) {
				id := rng.IntN(len(pieces))
				if pieces[id] == "" {
					continue
				}
				text += pieces[id]
				m.Accept(id)
			}
			const most = 3
			accepts := func(s string) bool {
				ok, found := known[s]
				if !found {
					ok = re.MatchString(s) && utf8.ValidString(s)
					known[s] = ok
				}
				return ok
			}
			require.Equal(t, accepts(text), m.Accepts(), "%q %q", pattern, text)
			for left := 0; left <= most; left++ {
				var want []int32
				for id, p := range pieces {
					if p != "" && left > 0 && shortest(accepts, text+p, pieces, left-1) >= 0 {
						want = append(want, int32(id))
					}
				}
				got := slices.Sorted(slices.Values(m.Allowed(left)))
				require.Equal(t, want, got, "%q after %q, %d left", pattern, text, left)
				checked += len(want)
			}
		}
	}
	assert.Greater(t, checked, 300, "tokens that were allowed")
}

// Every code point, and no invalid bytes, are read by the ranges of a class.
func TestRangesOfUTF8(t *testing.T) {
	for _, ranges := range [][]rune{anyChar, {'a', 'z', 0x3b1, 0x3c9}, {0x7ff, 0x800}, {0xd000, 0xe123}, {0xffff, 0x10000}, {0x12345, 0x10fffe}, {0x4e00, 0x9fff}} {
		n := &nfa{}
		d := n.determinize(n.chars(ranges, n.add(node{kind: giveBack})))
		for r := rune(0); r <= 0x10ffff; r += 1 + r/97 {
			in := false
			for i := 0; i < len(ranges); i += 2 {
				in = in || ranges[i] <= r && r <= ranges[i+1]
			}
			in = in && (r < 0xd800 || r > 0xdfff)
			raw := []byte{byte(0xe0 | r>>12&15), byte(0x80 | r>>6&63), byte(0x80 | r&63)} // of a surrogate, which is not valid
			if r < 0xd800 || r > 0xdfff {
				raw = []byte(string(r))
			}
			require.Equal(t, in, Matches(d, string(raw)), "%U in %x", r, ranges)
		}
	}
}

func TestImpossible(t *testing.T) {
	for pattern, want := range map[string]string{
		"abc":     `it has no 'c', as in "abc"`,
		"a+é|c":   "the vocabulary cannot spell any text",
		"(ba?b)+": `such as "bb"`,
	} {
		a, err := Regexp(pattern)
		require.NoError(t, err)
		c := constraintOf(a, "a", "ab", "abba")
		assert.ErrorContains(t, c.impossible(), want, pattern)
	}
	for pattern, want := range map[string]string{
		`a\bb`:               `\b is not supported`,
		"(?m)^":              `(?m:^) is not supported`,
		"a(":                 "missing closing )",
		`[^\x00-\x{10FFFF}]`: "no text matches it",
	} {
		_, err := Regexp(pattern)
		require.ErrorContains(t, err, want)
	}
	x, err := Regexp("a+")
	require.NoError(t, err)
	y, err := Regexp("b+")
	require.NoError(t, err)
	both, err := All(x, y)
	require.NoError(t, err)
	_, err = New(both, tokenizer.NewByte(), nil)
	assert.EqualError(t, err, "no text satisfies the constraints")
	_, err = New(x, tokenizer.NewByte(), []int{'a'})
	assert.ErrorContains(t, err, fmt.Sprintf("it has no %q", 'a'))
}
