// Package pairs generates minimal pairs: sentences of which one is acceptable and the other, which differs
// from it in one point of grammar, is not. The phenomena are a choice of those of BLiMP (Warstadt et al.
// 2020, https://doi.org/10.1162/tacl_a_00321) and CLiMP (Xiang et al. 2021,
// https://doi.org/10.18653/v1/2021.eacl-main.242); templates and words are the project's own. Where a
// template allows it, the sentences of a pair have the same characters in another order, or the longer one
// is the good one as often as the bad one, so that no model wins by preferring short sentences.
package pairs

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
)

// Pair is a minimal pair, with the keys of BLiMP.
type Pair struct {
	Good       string `json:"sentence_good"`
	Bad        string `json:"sentence_bad"`
	Field      string `json:"field"`            // "morphology" or "syntax"
	Phenomenon string `json:"linguistics_term"` // such as "anaphora"
	Paradigm   string `json:"UID"`              // such as "anaphor_gender"
	Number     int    `json:"pairID"`           // within its paradigm, from 0
}

// paradigm is a contrast: a template that draws pairs.
type paradigm struct {
	name, phenomenon, field string
	draw                    func(d *dice) (good, bad string)
}

// dice draws from lists.
type dice struct{ *rand.Rand }

func (d *dice) pick(words ...string) string { return words[d.IntN(len(words))] }

// either returns the two texts, or exchanged.
func (d *dice) either(a, b string) (first, second string) {
	if d.IntN(2) == 0 {
		return a, b
	}
	return b, a
}

// Languages are the languages that pairs are generated in.
var Languages = []string{"en", "zh"}

// mostDraws is how often a paradigm is drawn from before it has no more different pairs.
const mostDraws = 50

// Generate returns n different pairs of each paradigm of a language, "en" or "zh". They depend on the seed
// and on n alone; a paradigm that has fewer is an error.
func Generate(language string, seed uint64, n int) ([]Pair, error) {
	paradigms := map[string][]paradigm{"en": english, "zh": chinese}[language]
	if paradigms == nil {
		return nil, fmt.Errorf("there are no pairs of language %q: want one of %s", language, strings.Join(Languages, ", "))
	}
	if n < 1 {
		return nil, fmt.Errorf("%d pairs of each paradigm: want at least 1", n)
	}
	var all []Pair
	for i, p := range paradigms {
		d := &dice{rand.New(rand.NewPCG(seed, uint64(i)))}
		seen := map[[2]string]bool{}
		for tries := 0; len(seen) < n; tries++ {
			if tries == mostDraws*n {
				return nil, fmt.Errorf("paradigm %s has %d different pairs, and not %d", p.name, len(seen), n)
			}
			good, bad := p.draw(d)
			if key := [2]string{good, bad}; !seen[key] {
				all = append(all, Pair{good, bad, p.field, p.phenomenon, p.name, len(seen)})
				seen[key] = true
			}
		}
	}
	return all, nil
}

// Write writes pairs as JSON Lines, one on each.
func Write(w io.Writer, all []Pair) error {
	b := bufio.NewWriter(w)
	j := json.NewEncoder(b)
	j.SetEscapeHTML(false)
	for _, p := range all {
		if err := j.Encode(p); err != nil {
			return err
		}
	}
	return b.Flush()
}
