package task

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Filter says which pairs of the training part are dropped. Other parts stay as they are, so that what is
// measured on them can be compared.
type Filter struct {
	Ratio        float64 // longest ratio of lengths, as a factor of the corpus's median; 0: any
	Duplicates   bool    // pairs that stand before, or in another part
	SourceScript string  // script of most letters of a source, by its name in Unicode; "": any
	TargetScript string  // and of an answer
}

// Count is how many pairs a filter has dropped.
type Count struct {
	Name string // its key
	N    int
}

// Script returns the table of a script by its name in Unicode, as "latin" or "han", in any case.
func Script(name string) (*unicode.RangeTable, bool) {
	for known, table := range unicode.Scripts {
		if strings.EqualFold(known, name) {
			return table, true
		}
	}
	return nil, false
}

// isIn reports whether at least half of the letters of a text are in a script; a text without letters is in
// every script.
func isIn(text string, script *unicode.RangeTable) bool {
	letters, of := 0, 0
	for _, r := range text {
		if unicode.IsLetter(r) {
			letters++
			if unicode.Is(script, r) {
				of++
			}
		}
	}
	return 2*of >= letters
}

// Filter drops pairs of the training part, and returns how many by which filter, with notes of what a user should
// know. Each pair counts for the first filter that drops it.
func (r *Rows) Filter(f Filter) (dropped []Count, notes []string, err error) {
	all := len(r.pairs[TrainPart])
	keep := func(name string, is func(p pair) bool) {
		before := len(r.pairs[TrainPart])
		r.pairs[TrainPart] = slices.DeleteFunc(r.pairs[TrainPart], func(p pair) bool { return !is(p) })
		dropped = append(dropped, Count{name, before - len(r.pairs[TrainPart])})
	}
	notes = append(notes, r.swapNote(f)...)
	if script, ok := Script(f.SourceScript); ok {
		keep("source_script", func(p pair) bool { return isIn(p.source(), script) })
	}
	if script, ok := Script(f.TargetScript); ok {
		keep("target_script", func(p pair) bool { return isIn(p.answer, script) })
	}
	if f.Ratio > 0 && len(r.pairs[TrainPart]) > 0 {
		usual := medianRatio(r.pairs[TrainPart])
		keep("filter_ratio", func(p pair) bool { return math.Abs(p.ratio()-usual) <= math.Log(f.Ratio) })
	}
	if f.Duplicates {
		known := r.heldOut()
		keep("filter_duplicates", func(p pair) bool {
			key := p.key()
			again := known[key]
			known[key] = true
			return !again
		})
	} else {
		notes = append(notes, r.repeatNotes()...)
	}
	if all > 0 && len(r.pairs[TrainPart]) == 0 {
		return nil, nil, fmt.Errorf("the filters drop all %d pairs of the training part: %s%s", all, countsText(dropped), suffix(notes))
	}
	if len(dropped) > 0 {
		notes = append(notes, fmt.Sprintf("filters have dropped %d of %d pairs of the training part: %s", all-len(r.pairs[TrainPart]), all, countsText(dropped)))
	}
	return dropped, notes, nil
}

func suffix(notes []string) string {
	if len(notes) == 0 {
		return ""
	}
	return " (" + strings.Join(notes, "; ") + ")"
}

// countsText lists what filters have dropped.
func countsText(dropped []Count) string {
	var parts []string
	for _, c := range dropped {
		parts = append(parts, fmt.Sprintf("%s %d", c.Name, c.N))
	}
	return strings.Join(parts, ", ")
}

// source returns the fields of a pair as one text.
func (p pair) source() string { return strings.Join(p.fields, "\t") }

// key returns what equal pairs have in common.
func (p pair) key() string { return p.source() + "\n" + p.answer }

// ratio returns the logarithm of the length of the source by that of the answer, in characters.
func (p pair) ratio() float64 {
	return math.Log(float64(1+utf8.RuneCountInString(p.source())) / float64(1+utf8.RuneCountInString(p.answer)))
}

// medianRatio returns the median of the pairs' ratios.
func medianRatio(pairs []pair) float64 {
	ratios := make([]float64, len(pairs))
	for i, p := range pairs {
		ratios[i] = p.ratio()
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2]
}

// heldOut returns the keys of the pairs of the other parts.
func (r *Rows) heldOut() map[string]bool {
	known := map[string]bool{}
	for _, part := range []int{ValidPart, TestPart} {
		for _, p := range r.pairs[part] {
			known[p.key()] = true
		}
	}
	return known
}

// HeldOutIn returns how many pairs of the validation and test parts stand in the training part of other rows, with
// the answer as an answer or as a source.
func (r *Rows) HeldOutIn(other *Rows) (n int) {
	trained := map[string]bool{}
	for _, p := range other.pairs[TrainPart] {
		trained[p.key()] = true
	}
	for _, part := range []int{ValidPart, TestPart} {
		for _, p := range r.pairs[part] {
			if trained[p.key()] || trained[p.answer+"\n"+p.source()] {
				n++
			}
		}
	}
	return n
}

// swapNote warns if most pairs have the scripts of sources and answers exchanged.
func (r *Rows) swapNote(f Filter) []string {
	source, known := Script(f.SourceScript)
	target, both := Script(f.TargetScript)
	if !known || !both || source == target {
		return nil
	}
	swapped := 0
	for _, p := range r.pairs[TrainPart] {
		if !isIn(p.source(), source) && !isIn(p.answer, target) && isIn(p.source(), target) && isIn(p.answer, source) {
			swapped++
		}
	}
	if 2*swapped <= len(r.pairs[TrainPart]) {
		return nil
	}
	return []string{fmt.Sprintf("%d of %d sources are %s and their answers %s: are the columns swapped? Set data.source = %q and data.target = %q",
		swapped, len(r.pairs[TrainPart]), f.TargetScript, f.SourceScript, r.config.Target, r.config.Source)}
}

// repeatNotes says how many rows of the other parts have a source that is in the training part too.
func (r *Rows) repeatNotes() []string {
	sources, keys := map[string]bool{}, map[string]bool{}
	for _, p := range r.pairs[TrainPart] {
		sources[p.source()], keys[p.key()] = true, true
	}
	var notes []string
	for _, part := range []int{ValidPart, TestPart} {
		same, whole := 0, 0
		for _, p := range r.pairs[part] {
			switch {
			case p.source() == "":
			case keys[p.key()]:
				same, whole = same+1, whole+1
			case sources[p.source()]:
				same++
			}
		}
		if same > 0 {
			notes = append(notes, fmt.Sprintf("%d of the %d rows of the %s part have a source of the training part, %d of them with the same answer: data.filter_duplicates = true drops these from training; without a split column and data.key equal sources stay in one part",
				same, len(r.pairs[part]), PartTitle(part), whole))
		}
	}
	return notes
}
