package data

import (
	"fmt"
	"slices"
	"strings"

	"euryale/data/task"
	"euryale/data/tokenizer"
)

// taskParts is the dataset of a table.
type taskParts struct {
	format    *task.Format
	items     [3][]task.Item    // the rows as tokens, by part
	reference [3][]task.Example // the rows as text, by part
	buckets   int
	noise     task.Noise
	rows      *task.Rows // the rows that samples with noise are drawn from; nil: there is no noise
}

// samples returns the training samples of a part for a context length.
func (p *taskParts) samples(context, part int) []task.Sample {
	return p.format.Samples(p.items[part], context, part == task.TrainPart)
}

// batches returns the batches of a part. The training and the validation part share their shapes; a test
// part has its own.
func (p *taskParts) batches(part, batch, context int) (*Buckets, error) {
	if err := checkContext(context); err != nil {
		return nil, err
	}
	parts := [][]task.Sample{task.TrainPart: p.samples(context, task.TrainPart), task.ValidPart: p.samples(context, task.ValidPart)}
	if part == task.TestPart {
		parts = [][]task.Sample{task.TestPart: p.samples(context, task.TestPart)}
	}
	b, err := newBuckets(slices.Concat(parts...), parts[part], batch, p.buckets, context)
	if err != nil {
		return nil, fmt.Errorf("%s part: %w", task.PartName(part), err)
	}
	return b, nil
}

// checkContext refuses a context without place for a source and an answer.
func checkContext(context int) error {
	if context < task.SmallestContext {
		return fmt.Errorf("a context of %d tokens is too small for a source and an answer: use %d or more",
			context, task.SmallestContext)
	}
	return nil
}

func (p *taskParts) train(batch, context int, seed uint64) (Batcher, error) {
	if p.rows != nil {
		return p.noisy(batch, context, seed)
	}
	b, err := p.batches(task.TrainPart, batch, context)
	if err != nil {
		return nil, err
	}
	b.seed, b.shuffled = seed, true
	return b, nil
}

// noisy returns the batches of the training part with noise.
func (p *taskParts) noisy(batch, context int, seed uint64) (Batcher, error) {
	if err := checkContext(context); err != nil {
		return nil, err
	}
	draw, err := task.NewNoisy(p.rows, p.format, p.items[task.TrainPart], p.noise, context)
	if err != nil {
		return nil, err
	}
	b, err := newNoisyBuckets(draw, p.samples(context, task.ValidPart), batch, p.buckets, context, seed)
	if err != nil {
		return nil, fmt.Errorf("%s part: %w", task.PartName(task.TrainPart), err)
	}
	return b, nil
}

func (p *taskParts) evaluate(part, batch, context int) (Batcher, error) {
	b, err := p.batches(part, batch, context)
	if err != nil {
		return nil, err
	}
	return b, nil
}

func (p *taskParts) examples(part string) ([]task.Example, error) {
	i, err := task.ParsePart(part)
	if err != nil {
		return nil, err
	}
	return p.reference[i], nil
}

func (p *taskParts) text(part, tokens int, tk tokenizer.Tokenizer) (string, error) {
	var b strings.Builder
	left := tokens
	write := func(ids []int) error {
		if tokens > 0 {
			ids = ids[:min(len(ids), max(0, left))]
			left -= len(ids)
		}
		text, err := tk.Decode(ids)
		if text != "" {
			b.WriteString(text + "\n")
		}
		return err
	}
	for _, it := range p.items[part] {
		for _, ids := range p.format.Answers(it) {
			if err := write(ids); err != nil {
				return "", err
			}
		}
	}
	return b.String(), nil
}

func (p *taskParts) close() error { return nil }

// openTable tokenizes a table for its task.
func openTable(t *task.Table, c Config, tk tokenizer.Config, known tokenizer.Tokenizer, opts Options) (*Corpus, error) {
	rows, info, err := readRows(t, c, c.task())
	if err != nil {
		return nil, err
	}
	tok, err := rowsTokenizer([]*task.Rows{rows}, tk, known, opts)
	if err != nil {
		return nil, err
	}
	parts, err := encodeRows(rows, c, c.task(), tok, &info)
	if err != nil {
		return nil, err
	}
	return &Corpus{c, tok, info, parts}, nil
}

// readRows parses the rows of a table, filters them, and describes them but for the numbers of tokens.
func readRows(t *task.Table, c Config, of task.Config) (*task.Rows, Info, error) {
	info := Info{Bytes: t.Bytes, Records: t.What, Notes: t.Notes}
	rows, err := task.ReadRows(t, of)
	if err != nil {
		return nil, info, err
	}
	if note := t.HeaderNote(); note != "" && registry[c.Name].file == "" && generators[c.Name] == nil {
		info.Notes = append(info.Notes, note)
	}
	if t.Skipped > 0 {
		info.Notes = append(info.Notes, fmt.Sprintf("%d ragged rows skipped", t.Skipped))
	}
	dropped, notes, err := rows.Filter(c.filter())
	info.Dropped, info.Notes = dropped, slices.Concat(info.Notes, notes, rows.Notes())
	return rows, info, err
}

// encodeRows tokenizes rows in the format of their task, and counts their targets in info.
func encodeRows(rows *task.Rows, c Config, of task.Config, tok tokenizer.Tokenizer, info *Info) (*taskParts, error) {
	format, err := task.NewFormat(of, tok)
	if err != nil {
		return nil, err
	}
	parts := &taskParts{format: format, reference: rows.Examples(), buckets: c.Buckets, noise: c.noise()}
	if !parts.noise.IsNone() {
		parts.rows = rows
	}
	for part := range parts.items {
		if parts.items[part], err = rows.Encode(format, part); err != nil {
			return nil, err
		}
	}
	info.Train = format.CountTargets(parts.items[task.TrainPart])
	info.Valid = format.CountTargets(parts.items[task.ValidPart])
	info.Test = format.CountTargets(parts.items[task.TestPart])
	return parts, nil
}

// rowsTokenizer returns known, or else the tokenizer that tk configures, with the special tokens of
// the tables' tasks. A character vocabulary covers all parts; words and merges are those of the training part.
func rowsTokenizer(tables []*task.Rows, tk tokenizer.Config, known tokenizer.Tokenizer, opts Options) (t tokenizer.Tokenizer, err error) {
	text := func(part int) string {
		var b strings.Builder
		for _, r := range tables {
			b.WriteString(r.Text(part))
		}
		return b.String()
	}
	switch {
	case known != nil:
		t = known
	case tk.Kind == "" || tk.Kind == "char":
		t = tokenizer.NewChar(text(task.TrainPart) + text(task.ValidPart) + text(task.TestPart))
	case tk.Kind == "bpe":
		t, err = trainMerges(strings.NewReader(text(task.TrainPart)), tk.Vocab, opts.Log)
	case tk.Kind == "word":
		t, err = countWords(tk, func(add func(string)) error {
			add(text(task.TrainPart))
			return nil
		})
	default:
		t, err = readyTokenizer(tk.Kind)
	}
	if err != nil {
		return nil, err
	}
	t = tk.Apply(t)
	for _, r := range tables {
		t = tokenizer.WithSpecials(t, r.Specials()...)
	}
	return t, nil
}
