package task

import (
	"fmt"
	"slices"
	"strings"
)

// Notes says what a user should know about the rows: dialogues that stand in two parts, rows whose source and answer are
// exchanged, columns that do not have the language of their name, and summaries that are longer than their texts.
func (r *Rows) Notes() (notes []string) {
	for _, note := range []string{r.noteRepeats(), r.noteExchanged(), r.noteColumns(), r.noteLonger()} {
		if note != "" {
			notes = append(notes, note)
		}
	}
	return notes
}

// noteRepeats counts dialogues of a held-out part that stand in the training part too: those of the same turns, under
// another name. Repeated sources of pairs are counted by Filter.
func (r *Rows) noteRepeats() string {
	known := map[string]bool{}
	for _, turns := range r.dialogues[TrainPart] {
		known[joined(turns)] = true
	}
	var found []string
	for _, part := range []int{ValidPart, TestPart} {
		n := 0
		for _, turns := range r.dialogues[part] {
			if known[joined(turns)] {
				n++
			}
		}
		if n > 0 {
			found = append(found, fmt.Sprintf("%d of the %d dialogues of the %s part", n, len(r.dialogues[part]), PartTitle(part)))
		}
	}
	if found == nil {
		return ""
	}
	return strings.Join(found, " and ") + " are in the training part too: what is measured on them is not measured on unseen text; correct the split column, or name a column in data.key that such dialogues share"
}

// joined returns the turns of a dialogue as one text.
func joined(turns []turn) string {
	var b strings.Builder
	for _, t := range turns {
		b.WriteString(t.speaker + "\t" + t.text + "\n")
	}
	return b.String()
}

// sides returns the writing systems of the sources and of the answers of all parts, and the lines.
func (r *Rows) sides() (sources, answers, lines []int) {
	for part := range r.pairs {
		for _, p := range r.pairs[part] {
			sources, answers, lines = append(sources, scriptOf(strings.Join(p.fields, " "))), append(answers, scriptOf(p.answer)), append(lines, p.line)
		}
	}
	return sources, answers, lines
}

// noteExchanged counts rows in which source and answer have each other's writing system.
func (r *Rows) noteExchanged() string {
	sources, answers, lines := r.sides()
	from, to := mainScript(sources), mainScript(answers)
	if from < 0 || to < 0 || from == to {
		return ""
	}
	var wrong []int
	for i := range lines {
		if sources[i] == to && answers[i] == from {
			wrong = append(wrong, lines[i])
		}
	}
	if wrong == nil {
		return ""
	}
	return fmt.Sprintf("in %d of %d rows source and answer seem to be exchanged: the source has %s and the answer %s, unlike most rows; the first is %s",
		len(wrong), len(lines), scripts[to].name, scripts[from].name, r.places.at(slices.Min(wrong)))
}

// noteColumns compares the writing systems of source and answer with the languages that name their columns.
func (r *Rows) noteColumns() string {
	sources, answers, _ := r.sides()
	for _, side := range []struct {
		what, key, column string
		have              int
	}{{"source", "data.source", r.sourceName, mainScript(sources)}, {"answer", "data.target", r.answerName, mainScript(answers)}} {
		want := namedScript(side.column)
		if want < 0 || side.have < 0 || want == side.have || want == kanaScript && side.have == 0 {
			continue
		}
		return fmt.Sprintf("the %s (%s) is the column %q, and has %s: the columns of the table seem to be exchanged", side.what, side.key, side.column, scripts[side.have].name)
	}
	return ""
}

// noteLonger says that most summaries are longer than what they summarize.
func (r *Rows) noteLonger() string {
	if r.config.Task != "summary" || r.config.Source == "" {
		return ""
	}
	longer, all := 0, 0
	for part := range r.pairs {
		for _, p := range r.pairs[part] {
			all++
			if len(p.answer) > len(strings.Join(p.fields, " ")) {
				longer++
			}
		}
	}
	if longer*2 <= all {
		return ""
	}
	return fmt.Sprintf("%d of %d summaries are longer than their source: data.source and data.target seem to be exchanged", longer, all)
}
