package task

import (
	"fmt"
	"strings"
)

// Rows are those of a table, taken apart for its task, part by part.
type Rows struct {
	config    Config
	from      string // the table's file, for messages
	pairs     [3][]pair
	dialogues [3][][]turn
}

// ReadRows takes the rows of a table apart.
func ReadRows(t *Table, c Config) (r *Rows, err error) {
	r = &Rows{config: c, from: t.from}
	if c.Task == "dialogue" {
		r.dialogues, err = readDialogues(t, c)
	} else {
		r.pairs, err = readPairs(t, c)
	}
	return r, err
}

// Text is what a tokenizer is made from: a part, line by line.
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

// Specials lists the special tokens that the rows need.
func (r *Rows) Specials() []string { return Specials(r.config, speakers(r.dialogues)) }

// Encode turns one part into tokens.
func (r *Rows) Encode(f *Format, part int) ([]Item, error) {
	var items []Item
	for _, p := range r.pairs[part] {
		fields := make([][]int, len(p.fields))
		for i, field := range p.fields {
			ids, err := r.ids(f, p.line, field)
			if err != nil {
				return nil, err
			}
			fields[i] = ids
		}
		answer, err := r.ids(f, p.line, p.answer)
		if err != nil {
			return nil, err
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
			ids, err := r.ids(f, t.line, t.text)
			if err != nil {
				return nil, err
			}
			encoded[i] = encodedTurn{role, ids}
		}
		items = append(items, Item{turns: encoded})
	}
	return items, nil
}

// ids encodes a cell of a line.
func (r *Rows) ids(f *Format, line int, text string) ([]int, error) {
	ids, err := f.tokenizer.Encode(text)
	if err != nil {
		return nil, fmt.Errorf("%s:%d: %w", r.from, line, err)
	}
	return ids, nil
}

// Examples lists what each part has to generate.
func (r *Rows) Examples() (show [3][]Example) {
	for part := range show {
		at := map[string]int{} // the example of a source
		for _, p := range r.pairs[part] {
			source := strings.Join(p.fields, "\t")
			if i, ok := at[source]; ok && source != "" {
				show[part][i].Alternatives = append(show[part][i].Alternatives, p.answer)
				continue
			}
			at[source] = len(show[part])
			show[part] = append(show[part], Example{Source: source, Reference: p.answer})
		}
		for _, turns := range r.dialogues[part] {
			show[part] = append(show[part], r.replies(turns)...)
		}
	}
	return show
}

// replies lists the turns of a dialogue that a model is asked for.
func (r *Rows) replies(turns []turn) []Example {
	var all []Example
	var before strings.Builder
	for i, t := range turns {
		if i > 0 && (r.config.Reply == "" || t.speaker == r.config.Reply) {
			all = append(all, Example{Source: before.String() + t.speaker + ":", Reference: t.text})
		}
		fmt.Fprintf(&before, "%s: %s\n", t.speaker, t.text)
	}
	return all
}
