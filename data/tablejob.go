package data

import (
	"fmt"
	"strings"
)

// tableJob is the preparation of a table.
type tableJob struct {
	Config
	table     *table
	pairs     [3][]pair
	dialogues [3][][]turn
}

// read takes the rows apart.
func (j *tableJob) read() (err error) {
	if j.Task == "dialogue" {
		j.dialogues, err = readDialogues(j.table, j.Config)
		return err
	}
	j.pairs, err = readPairs(j.table, j.Config)
	return err
}

// text is what a tokenizer is made from: a part, line by line.
func (j *tableJob) text(part int) string {
	var b strings.Builder
	for _, p := range j.pairs[part] {
		for _, field := range append(p.fields, p.answer) {
			b.WriteString(field)
			b.WriteByte('\n')
		}
	}
	for _, turns := range j.dialogues[part] {
		for _, t := range turns {
			b.WriteString(t.text)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// tokenizer returns the one that is known or asked for, with the special tokens of the task.
// Characters are those of all parts, merges come from the training part alone.
func (j *tableJob) tokenizer(tk TokenizerConfig, known Tokenizer, opts Options) (t Tokenizer, err error) {
	switch {
	case known != nil:
		t = known
	case tk.Kind == "" || tk.Kind == "char":
		t = NewChar(j.text(trainPart) + j.text(validPart) + j.text(testPart))
	case tk.Kind == "bpe":
		t, err = trainMerges(strings.NewReader(j.text(trainPart)), tk.Vocab, opts.Log)
	default:
		t, err = readyTokenizer(tk.Kind)
	}
	if err != nil {
		return nil, err
	}
	return WithSpecials(t, specials(j.Config, speakers(j.dialogues))...), nil
}

// encode turns one part into tokens.
func (j *tableJob) encode(f *Format, part int) ([]item, error) {
	var items []item
	for _, p := range j.pairs[part] {
		fields := make([][]int, len(p.fields))
		for i, field := range p.fields {
			ids, err := j.ids(f, p.line, field)
			if err != nil {
				return nil, err
			}
			fields[i] = ids
		}
		answer, err := j.ids(f, p.line, p.answer)
		if err != nil {
			return nil, err
		}
		items = append(items, item{source: f.join(fields), answer: answer})
	}
	for _, turns := range j.dialogues[part] {
		encoded := make([]encodedTurn, len(turns))
		for i, t := range turns {
			role, err := f.role(t.speaker)
			if err != nil {
				return nil, err
			}
			ids, err := j.ids(f, t.line, t.text)
			if err != nil {
				return nil, err
			}
			encoded[i] = encodedTurn{role, ids}
		}
		items = append(items, item{turns: encoded})
	}
	return items, nil
}

// ids encodes a cell of a line.
func (j *tableJob) ids(f *Format, line int, text string) ([]int, error) {
	ids, err := f.tokenizer.Encode(text)
	if err != nil {
		return nil, fmt.Errorf("%s:%d: %w", j.table.from, line, err)
	}
	return ids, nil
}

// examples lists what each part has to generate.
func (j *tableJob) examples() (show [3][]Example) {
	for part := range show {
		at := map[string]int{} // the example of a source
		for _, p := range j.pairs[part] {
			source := strings.Join(p.fields, "\t")
			if i, ok := at[source]; ok && source != "" {
				show[part][i].Alternatives = append(show[part][i].Alternatives, p.answer)
				continue
			}
			at[source] = len(show[part])
			show[part] = append(show[part], Example{Source: source, Reference: p.answer})
		}
		for _, turns := range j.dialogues[part] {
			show[part] = append(show[part], j.replies(turns)...)
		}
	}
	return show
}

// replies lists the turns of a dialogue that a model is asked for.
func (j *tableJob) replies(turns []turn) []Example {
	var all []Example
	var before strings.Builder
	for i, t := range turns {
		if i > 0 && (j.Reply == "" || t.speaker == j.Reply) {
			all = append(all, Example{Source: before.String() + t.speaker + ":", Reference: t.text})
		}
		fmt.Fprintf(&before, "%s: %s\n", t.speaker, t.text)
	}
	return all
}
