package task

import ()

// Sample is one lane of a task's batch, before padding.
type Sample struct {
	Source  []int // for an encoder
	Tokens  []int
	Targets []int // as many; −1 where nothing is asked
	Cut     bool  // a source or an answer did not fit
}

// pairSample lays out a source and its answer for the model's shape.
func (f *Format) pairSample(source, answer []int) Sample {
	n := len(source)
	source = f.cutSource(source)
	class := f.lengthClass(len(answer))
	var s Sample
	if f.config.Encoder {
		s = f.answerSample(append(append(source, class...), f.end), f.begin, answer)
	} else {
		s = f.sequenceSample(f.prompt(source, class), answer)
	}
	s.Cut = s.Cut || len(source) < n
	return s
}

// answerSample is for an encoder–decoder model: the decoder reads begin and the answer, and is
// asked for the answer and its end.
func (f *Format) answerSample(source []int, begin int, answer []int) Sample {
	tokens := append([]int{begin}, answer...)
	targets := append(append([]int(nil), answer...), f.end)
	n := f.fitting(len(tokens))
	return Sample{source, tokens[:n], targets[:n], n < len(tokens)}
}

// sequenceSample is for a decoder-only model: prompt and answer are one sequence, and the
// answer and its end are asked for; in training the prompt too, if data.learn_source is on.
func (f *Format) sequenceSample(prompt, answer []int) Sample {
	all := append(append(prompt, answer...), f.end)
	targets := append([]int(nil), all[1:]...)
	if !f.config.LearnSource || !f.learning {
		for i := range len(prompt) - 1 {
			targets[i] = -1
		}
	}
	n := f.fitting(len(targets))
	return Sample{nil, all[:n], targets[:n], n < len(targets)}
}

// prompt is what precedes an answer in one sequence. The caller may append to it.
func (f *Format) prompt(source, class []int) []int {
	all := append([]int{f.begin}, source...)
	return append(append(all, class...), f.answer)
}

// fitting is how many of n tokens the context holds.
func (f *Format) fitting(n int) int {
	if f.Limit == 0 {
		return n
	}
	return min(n, f.Limit)
}

// join puts the field token between the fields of a source.
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

// cutSource shortens a source at its end, where a text matters least, and leaves room for the
// special tokens around it. The rest is a copy.
func (f *Format) cutSource(source []int) []int {
	const around = 3 // begin, length class and answer; or length class and end
	if room := f.sourceRoom(); room > 0 && len(source) > room-around {
		source = source[:max(0, room-around)]
	}
	return append([]int(nil), source...)
}

// sourceRoom is how many tokens a source may take, special ones included; 0 means any number. One
// that shares the sequence leaves a quarter of it for the answer, which a model that is asked has
// not got yet.
func (f *Format) sourceRoom() int {
	room := f.Limit
	if !f.config.Encoder {
		room = f.Limit * 3 / 4
	}
	if most := f.config.MaxSource; most > 0 && (room == 0 || f.config.Encoder || most < room) {
		room = most
	}
	return room
}

// lengthClass is the token of an answer's length, if length control is on.
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
	id, _ := f.tokenizer.Special(lengthToken(bound)) // NewFormat has seen that it is there
	return []int{id}
}
