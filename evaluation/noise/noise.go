// Package noise disturbs texts as their writers do, to measure how much a language model depends on clean
// ones (Belinkov and Bisk 2018, https://arxiv.org/abs/1711.02173).
package noise

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"euryale/internal/near"
)

// Noise is a kind of noise with its rate.
type Noise struct {
	Kind string  // "typos", "case", "width" or "homophones"
	Rate float64 // fraction of what it could change
}

// defaultRate is the rate of a noise that names none.
const defaultRate = 0.1

// kinds return what a kind of noise makes of a text, in pieces.
var kinds = map[string]func(text string, rng *rand.Rand) []piece{
	"typos":      typos,
	"case":       cases,
	"width":      widths,
	"homophones": homophones,
}

// piece is a piece of a text, and what it could become; the same text if it cannot change.
type piece struct{ text, other string }

// Parse reads a list such as "typos,case=0.3".
func Parse(list string) (all []Noise, err error) {
	for item := range strings.SplitSeq(list, ",") {
		kind, number, given := strings.Cut(strings.TrimSpace(item), "=")
		n := Noise{kind, defaultRate}
		if kinds[kind] == nil {
			names := slices.Sorted(maps.Keys(kinds))
			return nil, fmt.Errorf("there is no noise %q: did you mean %s? (the kinds are %s)", kind, near.Name(kind, names), strings.Join(names, ", "))
		}
		if given {
			if n.Rate, err = strconv.ParseFloat(number, 64); err != nil || math.IsNaN(n.Rate) || n.Rate <= 0 || n.Rate > 1 {
				return nil, fmt.Errorf("noise %s has the rate %q: want a number above 0, up to 1", kind, number)
			}
		}
		all = append(all, n)
	}
	return all, nil
}

// Apply returns the text with each piece that the noise could change changed with a probability of its
// rate, and the numbers of pieces that are changed and that could be. A piece stays if known, which may be
// nil, is false of what it would become: the vocabulary of a model lacks it.
func (n Noise) Apply(text string, seed uint64, known func(string) bool) (noisy string, changed, possible int) {
	rng := rand.New(rand.NewPCG(seed, uint64(len(text))))
	var b strings.Builder
	fits := map[string]bool{}
	for _, p := range kinds[n.Kind](text, rng) {
		hit := rng.Float64() < n.Rate
		if p.other != p.text && known != nil {
			if _, asked := fits[p.other]; !asked {
				fits[p.other] = known(p.other)
			}
			if !fits[p.other] {
				p.other = p.text
			}
		}
		if p.other == p.text {
			b.WriteString(p.text)
			continue
		}
		if possible++; hit {
			changed++
			p.text = p.other
		}
		b.WriteString(p.text)
	}
	return b.String(), changed, possible
}

// neighbours are, for each letter, those beside it on a QWERTY keyboard.
var neighbours = map[rune]string{
	'q': "wa", 'w': "qes", 'e': "wrd", 'r': "etf", 't': "ryg", 'y': "tuh", 'u': "yij", 'i': "uok", 'o': "ipl", 'p': "ol",
	'a': "qsz", 's': "awdx", 'd': "sefc", 'f': "drgv", 'g': "fthb", 'h': "gyjn", 'j': "hukm", 'k': "jil", 'l': "kop",
	'z': "axs", 'x': "zsdc", 'c': "xdfv", 'v': "cfgb", 'b': "vghn", 'n': "bhjm", 'm': "njk",
}

// typos are words of three Latin letters or more with two letters exchanged, one left out, one twice, or a
// neighbour's key in place of one. The first letter stays.
func typos(text string, rng *rand.Rand) (all []piece) {
	for _, word := range words(text) {
		p := piece{word, word}
		if letters := []rune(word); len(letters) >= 3 && isLatin(letters[0]) {
			p.other = typo(letters, rng)
		}
		all = append(all, p)
	}
	return all
}

// typo returns a word with an error.
func typo(word []rune, rng *rand.Rand) string {
	i := 1 + rng.IntN(len(word)-1)
	switch w := slices.Clone(word); rng.IntN(4) {
	case 0:
		i = 1 + rng.IntN(len(word)-2)
		w[i], w[i+1] = w[i+1], w[i]
		return string(w)
	case 1:
		return string(slices.Delete(w, i, i+1))
	case 2:
		return string(slices.Insert(w, i, w[i]))
	default:
		if keys := neighbours[unicode.ToLower(w[i])]; keys != "" {
			w[i] = rune(keys[rng.IntN(len(keys))])
		}
		return string(w)
	}
}

// words divides a text into words of Latin letters, and single characters.
func words(text string) (all []string) {
	start := -1
	for i, r := range text {
		if isLatin(r) {
			if start < 0 {
				start = i
			}
			continue
		}
		if start >= 0 {
			all = append(all, text[start:i])
			start = -1
		}
		all = append(all, string(r))
	}
	if start >= 0 {
		all = append(all, text[start:])
	}
	return all
}

func isLatin(r rune) bool { return r < 0x250 && unicode.Is(unicode.Latin, r) }

// cases are letters in the other case.
func cases(text string, _ *rand.Rand) (all []piece) {
	for _, r := range text {
		other := unicode.ToUpper(r)
		if other == r {
			other = unicode.ToLower(r)
		}
		all = append(all, piece{string(r), string(other)})
	}
	return all
}
