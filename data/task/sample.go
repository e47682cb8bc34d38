package task

import "slices"

// Sample is one sequence of a batch, before padding.
type Sample struct {
	Source  []int // for an encoder
	Tokens  []int
	Targets []int // as many as Tokens; −1 is left out of the loss
	Cut     bool  // the source or the answer was truncated
}

// pairSample returns the sample of a source and its answer.
func (f *Format) pairSample(source, answer []int) Sample {
	cut := f.cutSource(source)
	isCut := len(cut) < len(source)
	if isCut {
		answer = f.cutAnswer(answer, cut)
	}
	source = f.tagged(cut)
	class := f.lengthClass(len(answer))
	var s Sample
	if f.config.Encoder {
		s = f.answerSample(append(append(source, class...), f.end), f.begin, answer)
	} else {
		s = f.sequenceSample(f.prompt(source, class), answer)
	}
	s.Cut = s.Cut || isCut
	return s
}

// answerSample returns a sample for an encoder–decoder model: the decoder reads begin and the answer,
// and its targets are the answer and the end token.
func (f *Format) answerSample(source []int, begin int, answer []int) Sample {
	tokens := append([]int{begin}, answer...)
	targets := append(append([]int(nil), answer...), f.end)
	n := f.fitting(len(tokens))
	return Sample{source, tokens[:n], targets[:n], n < len(tokens)}
}

// sequenceSample returns a sample for a decoder-only model: prompt and answer are one sequence, and
// the targets are the answer and the end token; in training with data.learn_source the prompt too.
func (f *Format) sequenceSample(prompt, answer []int) Sample {
	all := append(append(prompt, answer...), f.end)
	targets := append([]int(nil), all[1:]...)
	if !f.config.LearnSource || !f.training {
		for i := range len(prompt) - 1 {
			targets[i] = -1
		}
	}
	n := f.fitting(len(targets))
	return Sample{nil, all[:n], targets[:n], n < len(targets)}
}

// prompt returns the tokens before an answer in one sequence. The caller may append to them.
func (f *Format) prompt(source, class []int) []int {
	all := append([]int{f.begin}, source...)
	return append(append(all, class...), f.answer)
}

// fitting returns how many of n tokens fit into the context.
func (f *Format) fitting(n int) int {
	if f.Limit == 0 {
		return n
	}
	return min(n, f.Limit)
}

// join joins the fields of a source with field tokens.
func (f *Format) join(fields [][]int) []int {
	var all []int
	for i, field := range fields {
		if i > 0 {
			all = append(all, f.field)
		}
		all = append(all, field...)
	}
	return all
}

// What is kept of a source that is too long (Sun et al. 2019, "How to Fine-Tune BERT for Text
// Classification?", compare the three).
const (
	KeepStart = "start"
	KeepEnd   = "end"
	KeepBoth  = "both" // the halves of what fits: the start and the end
)

// cutSource returns a copy of source, shortened as data.source_keep says such that it fits with the
// special tokens around it.
func (f *Format) cutSource(source []int) []int {
	special := 3 // begin, length class and answer; or length class and end
	if f.tag >= 0 {
		special++
	}
	fits, limit := len(source), f.sourceLimit()
	if limit > 0 {
		fits = min(fits, max(0, limit-special))
	}
	end := 0 // tokens kept of the end of a source that is too long
	switch {
	case fits == len(source):
	case f.config.SourceKeep == KeepEnd:
		end = fits
	case f.config.SourceKeep == KeepBoth:
		end = fits / 2
	}
	return slices.Concat(source[:fits-end], source[len(source)-end:])
}

// sourceLimit returns the maximal number of tokens of a source, special tokens included; 0 means no
// limit. In one sequence a quarter of the context is reserved for the answer, in training too,
// because the length of a generated answer is not known beforehand.
func (f *Format) sourceLimit() int {
	limit := f.Limit
	if !f.config.Encoder {
		limit = f.Limit * 3 / 4
	}
	if most := f.config.MaxSource; most > 0 && (limit == 0 || f.config.Encoder || most < limit) {
		limit = most
	}
	return limit
}

// lengthClass returns the token of the class of an answer of n tokens, if length control is on.
func (f *Format) lengthClass(n int) []int {
	if !f.config.LengthControl {
		return nil
	}
	bound := lengthBounds[len(lengthBounds)-1]
	for _, b := range lengthBounds {
		if n <= b {
			bound = b
			break
		}
	}
	id, _ := f.tokenizer.Special(lengthToken(bound)) // NewFormat has checked that it exists
	return []int{id}
}
