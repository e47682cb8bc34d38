package data

import (
	"errors"

	"euryale/data/store"
	"euryale/data/task"
	"euryale/data/textfile"
	"euryale/data/tokenizer"
)

// textParts is a text as tokens, cut in two by position.
type textParts struct {
	tokens     *store.IDs
	split      int // tokens of the training part
	sequential bool
	hide       *masking // of data.task "mask", or nil
}

// openText prepares running text.
func openText(text textfile.Source, c Config, tk tokenizer.Config, known tokenizer.Tokenizer, opts Options) (*Corpus, error) {
	job := &textJob{Config: c, tk: tk, known: known, opts: opts, text: text, limit: heldInMemory}
	tok, tokens, h, err := job.open()
	if err != nil {
		return nil, err
	}
	parts := &textParts{tokens: tokens, split: int(h.Split), sequential: c.Order == "sequential"}
	if c.Task == "mask" {
		tok = tokenizer.WithSpecials(tok, task.Specials(c.task(), nil)...)
		parts.hide = newMasking(tok)
	}
	info := Info{Bytes: int64(h.Bytes), Train: parts.split, Valid: tokens.Len() - parts.split}
	return &Corpus{c, tok, info, parts}, nil
}

func (p *textParts) train(batch, context int, seed uint64) (Batcher, error) {
	deal := newRandomWindows
	if p.sequential {
		deal = newContinuingWindows
	}
	b, err := deal(stretch{p.tokens, 0, p.split}, batch, context, seed)
	return p.hidden(b, seed), err
}

func (p *textParts) valid(batch, context int) (Batcher, error) {
	b, err := newEvaluationWindows(stretch{p.tokens, p.split, p.tokens.Len()}, batch, context, p.sequential)
	return p.hidden(b, 0), err
}

// hidden hides tokens of the windows, if that is the task.
func (p *textParts) hidden(b Batcher, seed uint64) Batcher {
	if p.hide == nil || b == nil {
		return b
	}
	return &maskedWindows{b, *p.hide, seed}
}

func (p *textParts) examples(string) ([]task.Example, error) {
	return nil, errors.New("plain text has no examples of source and answer: data.task pairs, dialogue and summary have")
}

func (p *textParts) written(part, tokens int, tk tokenizer.Tokenizer) (string, error) {
	begins := [...]int{task.TrainPart: 0, task.ValidPart: p.split, task.TestPart: p.tokens.Len(), task.TestPart + 1: p.tokens.Len()}
	n := begins[part+1] - begins[part]
	if tokens > 0 {
		n = min(n, tokens)
	}
	ids := make([]int, n)
	p.tokens.Copy(ids, begins[part])
	return tk.Decode(ids)
}

func (p *textParts) close() error { return p.tokens.Close() }
