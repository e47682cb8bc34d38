package data

import (
	"fmt"
	"slices"
	"strings"
)

// smallestContext is the least number of tokens in which a source and an answer make sense.
const smallestContext = 16

// taskParts is a table as tokens.
type taskParts struct {
	format  *Format
	items   [3][]item
	show    [3][]Example
	buckets int
}

// item is one row, or one dialogue, as tokens.
type item struct {
	source, answer []int
	turns          []encodedTurn
}

// samples lays out the items of a part for a context.
func (p *taskParts) samples(context, part int) []sample {
	f := *p.format
	f.Limit, f.learning = context, part == trainPart
	var all []sample
	for _, it := range p.items[part] {
		if it.turns != nil {
			all = append(all, f.dialogueSamples(it.turns)...)
		} else {
			all = append(all, f.pairSample(it.source, it.answer))
		}
	}
	return all
}

// batches deals the training or the validation part, in shapes that suit both.
func (p *taskParts) batches(part, batch, context int) (*Buckets, error) {
	if context < smallestContext {
		return nil, fmt.Errorf("a context of %d tokens is too small for a source and an answer: use %d or more", context, smallestContext)
	}
	parts := [][]sample{trainPart: p.samples(context, trainPart), validPart: p.samples(context, validPart)}
	b, err := newBuckets(slices.Concat(parts...), parts[part], batch, p.buckets, context)
	if err != nil {
		return nil, fmt.Errorf("%s part: %w", partNames[part][0], err)
	}
	return b, nil
}

func (p *taskParts) train(batch, context int, seed uint64) (Batcher, error) {
	b, err := p.batches(trainPart, batch, context)
	if err != nil {
		return nil, err
	}
	b.seed, b.shuffled = seed, true
	return b, nil
}

func (p *taskParts) valid(batch, context int) (Batcher, error) {
	b, err := p.batches(validPart, batch, context)
	if err != nil {
		return nil, err
	}
	return b, nil
}

func (p *taskParts) examples(part string) ([]Example, error) {
	i, err := partNamed(part)
	if err != nil {
		return nil, err
	}
	return p.show[i], nil
}

func (p *taskParts) written(part, tokens int, tk Tokenizer) (string, error) {
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
		err := write(it.answer)
		for i, t := range it.turns {
			if err == nil && p.format.learned(it.turns, i) {
				err = write(t.ids)
			}
		}
		if err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

func (p *taskParts) close() error { return nil }

// openTable prepares a table for its task.
func openTable(t *table, c Config, tk TokenizerConfig, known Tokenizer, opts Options) (*Corpus, error) {
	job := &tableJob{Config: c, table: t}
	if err := job.read(); err != nil {
		return nil, err
	}
	tokenizer, err := job.tokenizer(tk, known, opts)
	if err != nil {
		return nil, err
	}
	format, err := NewFormat(c, tokenizer)
	if err != nil {
		return nil, err
	}
	parts := &taskParts{format: format, show: job.examples(), buckets: c.Buckets}
	info := Info{Bytes: t.bytes}
	for part := range parts.items {
		if parts.items[part], err = job.encode(format, part); err != nil {
			return nil, err
		}
	}
	info.Train, info.Valid = parts.asked(trainPart), parts.asked(validPart)
	if t.skipped > 0 {
		info.Notes = append(info.Notes, fmt.Sprintf("%d ragged rows skipped", t.skipped))
	}
	return &Corpus{c, tokenizer, info, parts}, nil
}

// asked counts the tokens that a part asks for, where nothing is cut.
func (p *taskParts) asked(part int) int {
	n := 0
	for _, it := range p.items[part] {
		if it.turns == nil {
			n += len(it.answer) + 1
		}
		for i, t := range it.turns {
			if p.format.learned(it.turns, i) {
				n += len(t.ids) + 1
			}
		}
	}
	return n
}
