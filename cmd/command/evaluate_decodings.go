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

// sampled is the word of -beam for sampling at temperature 1.
const sampled = "sample"

// decodings returns the ways of decoding in -beam, such as "1,4,sample".
func (o *evaluateOptions) decodings() (all []evaluation.Decoding, err error) {
	if !(o.lengthPenalty >= 0) { // NaN too
		return nil, fmt.Errorf("-length-penalty %v: want 0 or more", o.lengthPenalty)
	}
	if !(o.guidance >= 0) || math.IsInf(o.guidance, 0) {
		return nil, fmt.Errorf("-guidance %v: want 1 (none) or another number of 0 or more", o.guidance)
	}
	list, beams := o.beams, false
	known := map[string]bool{}
	for word := range strings.SplitSeq(list, ",") {
		word = strings.TrimSpace(word)
		d := evaluation.Decoding{Name: "greedy", Settings: generation.Settings{Tokens: o.tokens, LengthPenalty: 1, Seed: 1, Guidance: o.guidance}}
		if word == sampled {
			d.Name, d.Settings.Temperature = "sampled", 1
		} else if width, err := strconv.Atoi(word); err != nil || width < 0 {
			return nil, fmt.Errorf("-beam %s: want widths of 1 or more, or %s, with commas between them, such as 1,4,%s", list, sampled, sampled)
		} else if d.Settings.Beams = width; width > 1 {
			d.Name, d.Settings.Seed, d.Settings.LengthPenalty, beams = fmt.Sprintf("beam %d", width), 0, o.lengthPenalty, true
			if o.lengthPenalty != 1 {
				d.Name += fmt.Sprintf(", length penalty %v", o.lengthPenalty)
			}
		}
		if n := len(o.ensemble); n > 0 {
			d.Name += fmt.Sprintf(", %d models", n+1)
		}
		if o.guidance != 1 {
			d.Name += fmt.Sprintf(", guidance %v", o.guidance)
		}
		if known[d.Name] {
			return nil, fmt.Errorf("-beam %s: %s is there twice", list, word)
		}
		known[d.Name] = true
		all = append(all, d)
	}
	if o.Given("length-penalty") && !beams {
		return nil, errors.New("-length-penalty is of beam search: give -beam a width of 2 or more")
	}
	return all, nil
}
