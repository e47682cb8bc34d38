package task

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Rows holds the parsed rows of a table, by part: pairs or dialogues.
type Rows struct {
	config    Config
	places    places // the table's files, for messages
	messages  bool   // the dialogues are lists of messages
	pairs     [3][]pair
	dialogues [3][][]turn

	sourceName, answerName string // the names of the columns, if the table has names
}

// ReadRows parses the rows of a table for its task.
func ReadRows(t *Table, c Config) (r *Rows, err error) {
	r = &Rows{config: c, places: t.places, messages: t.messages}
	if c.Task == "dialogue" {
		r.dialogues, err = readDialogues(t, c)
	} else {
		r.pairs, err = readPairs(t, c)
		r.sourceName, r.answerName = t.nameOf(c.Source), t.nameOf(c.Target)
	}
	return r, err
}

// Text returns the text of a part, a field on each line. Tokenizers are made from it.
func (r *Rows) Text(part int) string {
	var b strings.Builder
	for _, p := range r.pairs[part] {
		for _, field := range append(p.fields, p.answer) {
			b.WriteString(field)
			b.WriteByte('\n')
		}
	}
	for _, turns := range r.dialogues[part] {
		for _, t := range turns {
			b.WriteString(t.text)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// Specials returns the special tokens that the rows need.
func (r *Rows) Specials() []string {
	names := speakers(r.dialogues)
	if r.messages { // the first two speakers answer each other
		slices.SortStableFunc(names, func(a, b string) int {
			return cmp.Compare(slices.Index(instructors, a), slices.Index(instructors, b))
		})
	}
	return Specials(r.config, names)
}

// Encode tokenizes the rows of a part.
func (r *Rows) Encode(f *Format, part int) ([]Item, error) {
	var items []Item
	for _, p := range r.pairs[part] {
		e, fields := f.newEncoder(), make([][]int, len(p.fields))
		for i, field := range p.fields {
			ids, err := e.source(field)
			if err != nil {
				return nil, r.at(p.line, err)
			}
			fields[i] = ids
		}
		answer, err := e.answer(p.answer)
		if err != nil {
			return nil, r.at(p.line, err)
		}
		items = append(items, Item{Source: f.join(fields), Answer: answer})
	}
	for _, turns := range r.dialogues[part] {
		encoded := make([]encodedTurn, len(turns))
		for i, t := range turns {
			role, err := f.role(t.speaker)
			if err != nil {
				return nil, err
			}
			ids, err := f.tokenizer.EncodeNext(t.text)
			if err != nil {
				return nil, r.at(t.line, err)
			}
			encoded[i] = encodedTurn{role, ids}
		}
		items = append(items, Item{turns: encoded})
	}
	return items, nil
}

// at returns the error of a cell, with its line.
func (r *Rows) at(line int, err error) error { return fmt.Errorf("%s: %w", r.places.at(line), err) }

// Examples returns the sources and reference answers of each part. Rows with the same source become
// one example.
func (r *Rows) Examples() (all [3][]Example) {
	for part := range all {
		at := map[string]int{} // index of the example of a source
		for _, p := range r.pairs[part] {
			source := strings.Join(p.fields, "\t")
			if i, ok := at[source]; ok && source != "" {
				all[part][i].Alternatives = append(all[part][i].Alternatives, p.answer)
				continue
			}
			at[source] = len(all[part])
			all[part] = append(all[part], Example{Source: source, Reference: p.answer})
		}
		for _, turns := range r.dialogues[part] {
			all[part] = append(all[part], r.replies(turns)...)
		}
	}
	return all
}

// replies returns an example for each target turn of a dialogue; the source is the turns before it.
func (r *Rows) replies(turns []turn) []Example {
	var all []Example
	var before strings.Builder
	for i, t := range turns {
		if i > 0 && (r.config.Reply == "" || r.config.Reply == AllSpeakers || t.speaker == r.config.Reply) {
			all = append(all, Example{Source: before.String() + t.speaker + ":", Reference: t.text})
		}
		fmt.Fprintf(&before, "%s: %s\n", t.speaker, strings.ReplaceAll(t.text, "\n", "\n"+continued))
	}
	return all
}
