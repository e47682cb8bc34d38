package constraint

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"euryale/data/tokenizer"
)

var forbidden = []string{"scunthorpe", "bad word", "Straße", "naïve", "赌博", "ﾊﾞｶ", "σκατός", "дурак", "x"}

// disguise writes a word so that it still reads as the same.
func disguise(rng *rand.Rand, word string) string {
	const plain, wide = '!', '！'
	marks := []rune{0x300, 0x301, 0x308, 0x323, 0x336, 0x489, 0x20dd, 0xfe0f, 0x200b, 0x200d, 0x2060, 0xfeff, 0xad, 0x34f, 0x115f, 0xe0061}
	spaces := []rune{' ', '\t', '\n', 0xa0, 0x2003, 0x3000}
	var b strings.Builder
	for _, r := range word {
		switch rng.IntN(6) {
		case 0:
			r = unicode.ToUpper(r)
		case 1:
			for range rng.IntN(4) {
				r = unicode.SimpleFold(r)
			}
		case 2:
			if r > ' ' && r < 0x7f {
				r += wide - plain
			}
		case 3:
			if r >= 'a' && r <= 'z' {
				r = 0x1d5ba + r - 'a' // mathematical sans-serif
			}
		}
		if r == ' ' {
			for range rng.IntN(3) {
				b.WriteRune(spaces[rng.IntN(len(spaces))])
			}
			r = spaces[rng.IntN(len(spaces))]
		}
		b.WriteRune(r)
		for rng.IntN(3) == 0 {
			b.WriteRune(marks[rng.IntN(len(marks))])
		}
	}
	form := []norm.Form{norm.NFC, norm.NFD, norm.NFKC, norm.NFKD}[rng.IntN(4)]
	if text := b.String(); rng.IntN(2) == 0 {
		return form.String(text)
	}
	return b.String()
}

// reads is what a text reads as, told differently from package constraint: as a whole, by unicode.ToLower.
func reads(text string) string {
	text = strings.ReplaceAll(norm.NFKD.String(text), "ß", "ss")
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsMark(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Cc, r) || r == 0x115f:
			return -1
		}
		return unicode.ToLower(unicode.ToUpper(r))
	}, text)
	return strings.Join(strings.Fields(text), " ")
}

// No disguise passes, however the bytes are divided among tokens and between prompt and text.
func TestDisguises(t *testing.T) {
	a, err := Forbid(forbidden[:len(forbidden)-1]...)
	require.NoError(t, err)
	c, err := New(a, tokenizer.NewByte(), nil)
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range 100_000 {
		text := disguise(rng, forbidden[rng.IntN(len(forbidden)-1)])
		if i%2 == 0 {
			text = "the " + text
		}
		cut := rng.IntN(len(text))
		for cut > 0 && text[cut]&0xc0 == 0x80 {
			cut--
		}
		if !Matches(a, text[:cut]) {
			cut = 0 // the word is not in the prompt alone
		}
		s := a.Start(text[:cut])
		for _, b := range []byte(text[cut:]) {
			if s == Dead {
				break
			}
			s = a.Next(s, b)
		}
		if s != Dead {
			t.Fatalf("%+q after %+q passes", text[cut:], text[:cut])
		}
		if i%5000 == 0 {
			m := c.Begin([]int{'t', 'h', 'e'})
			refused := false
			for _, b := range []byte(text) {
				refused = refused || !slices.Contains(m.Allowed(1000), int32(b))
				m.Accept(int(b))
			}
			require.True(t, refused, "%+q as tokens", text)
			a.Reset()
			c.solver.forget()
			c.epoch++
		}
	}
}

// What passes contains no forbidden word, and texts that contain none pass.
func FuzzForbid(f *testing.F) {
	for _, seed := range []string{"", "harmless", "ｓcunth\u0301orpe", "bad\u3000 word", "STRASSE", "ばか", "\xff", "赌 博", "x\u0336"} {
		f.Add(seed)
	}
	a, err := Forbid(forbidden...)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, text string) {
		contains := false
		for _, word := range forbidden {
			contains = contains || strings.Contains(reads(text), reads(word))
		}
		if Matches(a, text) && contains {
			t.Fatalf("%+q passes", text)
		}
		if !contains && isASCII(text) && !Matches(a, text) {
			t.Fatalf("%+q is refused", text)
		}
	})
}

func isASCII(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r >= 0x80 }) < 0
}

func TestForbidLeavesTheRest(t *testing.T) {
	a, err := Forbid("he", "she", "cc", "赌博")
	require.NoError(t, err)
	for text, want := range map[string]bool{"": true, "sh": true, "sHe": false, "us hers": false, "c c": true, "c\u0327c": false, "赌": true, "赌 博": true, "赌\u200b博": false, "é": true, "\xe9": false} {
		assert.Equal(t, want, Matches(a, text), "%q", text)
	}
	assert.NotEqual(t, Dead, a.Start("she"), "a word in the prompt does not count")
	_, err = Forbid("ok", "\u0301 ")
	assert.ErrorContains(t, err, "has no characters")
}

func TestRequireAndLength(t *testing.T) {
	a, err := Require("aabaaa")
	require.NoError(t, err)
	for text, want := range map[string]bool{"aabaabaaab": true, "aabaab": false, "": false, "éaabaaaé": true, "aabaaa\xff": false} {
		assert.Equal(t, want, Matches(a, text), text)
	}
	for _, bounds := range [][2]int{{0, 3}, {2, 2}, {2, 0}, {1, 4}} {
		a, err := Length(bounds[0], bounds[1])
		require.NoError(t, err)
		for n := range 7 {
			want := n >= bounds[0] && (bounds[1] == 0 || n <= bounds[1])
			assert.Equal(t, want, Matches(a, strings.Repeat("春", n)), fmt.Sprint(bounds, n))
		}
	}
	_, err = Require("")
	assert.ErrorContains(t, err, `required word ""`)
	_, err = Length(3, 2)
	assert.ErrorContains(t, err, "from 3 to 2 characters")
}

// Several constraints at once hold at once, and the least number of tokens is that of all.
func TestAll(t *testing.T) {
	pattern, err := Regexp("[a-c]*")
	require.NoError(t, err)
	word, err := Require("ab")
	require.NoError(t, err)
	length, err := Length(5, 6)
	require.NoError(t, err)
	block, err := Forbid("aa", "cc", "bb")
	require.NoError(t, err)
	all, err := All(pattern, word, length, block)
	require.NoError(t, err)
	c := constraintOf(all, "a", "b", "c", "aba", "ca", "d", "b c")
	least, text := c.Least()
	assert.Equal(t, 2, least, text)
	rng := rand.New(rand.NewPCG(5, 6))
	for range 500 {
		m, text := c.Begin(nil), ""
		left := 2 + rng.IntN(5)
		for ; left > 0; left-- {
			ids := m.Allowed(left)
			if len(ids) == 0 {
				break
			}
			id := ids[rng.IntN(len(ids))]
			text += string(c.vocab.pieces[id])
			m.Accept(int(id))
		}
		assert.True(t, m.Accepts())
		assert.Regexp(t, "^[a-c]{5,6}$", text)
		assert.Contains(t, text, "ab")
		assert.NotRegexp(t, "aa|bb|cc", text)
	}
}
