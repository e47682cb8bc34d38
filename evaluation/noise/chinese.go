package noise

import (
	"math/rand/v2"
	"strings"
	"unicode"

	"github.com/mozillazg/go-pinyin"
	"golang.org/x/text/width"
)

// widths are characters in the other width of East Asian typography: letters, digits and punctuation of
// ASCII and their full-width forms (UAX #11, https://www.unicode.org/reports/tr11/).
func widths(text string, _ *rand.Rand) (all []piece) {
	for _, r := range text {
		p := piece{string(r), string(r)}
		switch width.LookupRune(r).Kind() {
		case width.EastAsianNarrow:
			p.other = width.Widen.String(p.text)
		case width.EastAsianFullwidth:
			p.other = width.Narrow.String(p.text)
		}
		all = append(all, p)
	}
	return all
}

// homophones are Han characters with the same syllable and tone, by the first reading of each, among those
// that the text has: what an input method offers, and a vocabulary knows.
func homophones(text string, rng *rand.Rand) (all []piece) {
	bySound := map[string][]rune{}
	sound := map[rune]string{}
	for _, r := range text {
		if _, seen := sound[r]; seen || !unicode.Is(unicode.Han, r) {
			continue
		}
		reading, _, _ := strings.Cut(pinyin.PinyinDict[int(r)], ",")
		sound[r] = reading
		if reading != "" {
			bySound[reading] = append(bySound[reading], r)
		}
	}
	for _, r := range text {
		p := piece{string(r), string(r)}
		if same := bySound[sound[r]]; len(same) > 1 {
			other := same[rng.IntN(len(same)-1)]
			if other == r {
				other = same[len(same)-1]
			}
			p.other = string(other)
		}
		all = append(all, p)
	}
	return all
}
