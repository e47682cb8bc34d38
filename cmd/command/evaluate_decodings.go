package command

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"euryale/evaluation"
	"euryale/generation"
)

// The words of -beam for sampling at temperature 1, and for choosing among such samples.
const (
	sampled = "sample"
	mbr     = "mbr="
)

// decodings returns the ways of decoding in -beam, such as "1,4,sample,mbr=32".
func (o *evaluateOptions) decodings() (all []evaluation.Decoding, err error) {
	if !(o.lengthPenalty >= 0) { // NaN too
		return nil, fmt.Errorf("-length-penalty %v: want 0 or more", o.lengthPenalty)
	}
	if !(o.guidance >= 0) || math.IsInf(o.guidance, 0) {
		return nil, fmt.Errorf("-guidance %v: want 1 (none) or another number of 0 or more", o.guidance)
	}
	beams := false
	known := map[string]bool{}
	for word := range strings.SplitSeq(o.beams, ",") {
		d, err := o.decoding(strings.TrimSpace(word))
		if err != nil {
			return nil, err
		}
		if n := len(o.ensemble); n > 0 {
			d.Name += fmt.Sprintf(", %d models", n+1)
		}
		if o.guidance != 1 {
			d.Name += fmt.Sprintf(", guidance %v", o.guidance)
		}
		if known[d.Name] {
			return nil, fmt.Errorf("-beam %s: %s is there twice", o.beams, strings.TrimSpace(word))
		}
		known[d.Name] = true
		beams = beams || d.Settings.Beams > 1
		all = append(all, d)
	}
	if o.Given("length-penalty") && !beams {
		return nil, errors.New("-length-penalty is of beam search: give -beam a width of 2 or more")
	}
	return all, nil
}

// decoding returns the way of decoding that a word of -beam names.
func (o *evaluateOptions) decoding(word string) (evaluation.Decoding, error) {
	d := evaluation.Decoding{Name: "greedy", Settings: generation.Settings{Tokens: o.tokens, LengthPenalty: 1, Seed: 1, Guidance: o.guidance}}
	if word == sampled {
		d.Name, d.Settings.Temperature = "sampled", 1
		return d, nil
	}
	number, chosen := strings.CutPrefix(word, mbr)
	n, err := strconv.Atoi(number)
	switch {
	case err != nil || n < 0 || chosen && n < 2:
		return d, fmt.Errorf("-beam %s: %q: want widths of 1 or more, %s, or %sN for the best of N ≥ 2 samples, with commas between them, such as 1,4,%s", o.beams, word, sampled, mbr, sampled)
	case chosen:
		d.Name, d.Settings.Temperature, d.Settings.MBR = fmt.Sprintf("MBR of %d samples", n), 1, n
	case n > 1:
		d.Name, d.Settings.Seed, d.Settings.LengthPenalty = fmt.Sprintf("beam %d", n), 0, o.lengthPenalty
		if o.lengthPenalty != 1 {
			d.Name += fmt.Sprintf(", length penalty %v", o.lengthPenalty)
		}
		fallthrough
	default:
		d.Settings.Beams = n
	}
	return d, nil
}
