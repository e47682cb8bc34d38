package task

import (
	"fmt"
	"slices"
	"strings"
)

// Notes says what a user should know about the rows: sources that stand in two parts, rows whose source and answer are
// exchanged, columns that do not have the language of their name, and summaries that are longer than their texts.
func (r *Rows) Notes() (notes []string) {
	for _, note := range []string{r.noteRepeats(), r.noteExchanged(), r.noteColumns(), r.noteLonger()} {
		if note != "" {
			notes = append(notes, note)
		}
	}
	return notes
}

// keys returns what must not stand in two parts: sources of pairs, whole dialogues.
func (r *Rows) keys(part int) (all []string) {
	for _, p := range r.pairs[part] {
		if source := strings.Join(p.fields, "\t"); strings.TrimSpace(source) != "" {
			all = append(all, source)
		}
	}
	for _, turns := range r.dialogues[part] {
		var b strings.Builder
		for _, t := range turns {
			b.WriteString(t.speaker + "\t" + t.text + "\n")
		}
		all = append(all, b.String())
	}
	return all
}

// noteRepeats counts sources of a held-out part that an earlier part has too.
func (r *Rows) noteRepeats() string {
	seen := map[string]int{} // the first part that has a source
	var counts [3][3]int
	for part := range r.pairs {
		for _, key := range r.keys(part) {
			first, known := seen[key]
			if !known {
				seen[key] = part
			} else if first != part {
				counts[first][part]++
			}
		}
	}
	var found []string
	for first := range counts {
		for part, n := range counts[first] {
			if n > 0 {
				found = append(found, fmt.Sprintf("%d rows of the %s part repeat a source of the %s part", n, PartTitle(part), PartTitle(first)))
			}
		}
	}
	if found == nil {
		return ""
	}
	remedy := "leave data.key empty so that rows with the same source stay in one part"
	if r.config.Task == "dialogue" {
		remedy = "name a column in data.key that such dialogues share"
		for i := range found {
			found[i] = strings.NewReplacer("rows of", "dialogues of", "repeat a source of", "repeat one of").Replace(found[i])
		}
	}
	return fmt.Sprintf("%s: what is measured on them is not measured on unseen text; correct the split column, or %s", strings.Join(found, ", "), remedy)
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
