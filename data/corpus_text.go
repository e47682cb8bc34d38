package data

import "errors"

// textParts is a text as tokens, cut in two by position.
type textParts struct {
	tokens     *idSequence
	split      int // tokens of the training part
	sequential bool
}

// openText prepares running text.
func openText(text textSource, c Config, tk TokenizerConfig, known Tokenizer, opts Options) (*Corpus, error) {
	job := &textJob{Config: c, tk: tk, known: known, opts: opts, text: text, limit: heldInMemory}
	tokenizer, tokens, h, err := job.open()
	if err != nil {
		return nil, err
	}
	split := int(h.Split)
	info := Info{Bytes: int64(h.Bytes), Train: split, Valid: tokens.Len() - split}
	return &Corpus{c, tokenizer, info, &textParts{tokens, split, c.Order == "sequential"}}, nil
}

func (p *textParts) train(batch, context int, seed uint64) (Batcher, error) {
	s := stretch{p.tokens, 0, p.split}
	if p.sequential {
		return newContinuingWindows(s, batch, context, seed)
	}
	return newRandomWindows(s, batch, context, seed)
}

func (p *textParts) valid(batch, context int) (Batcher, error) {
	s := stretch{p.tokens, p.split, p.tokens.Len()}
	return newEvaluationWindows(s, batch, context, p.sequential)
}

func (p *textParts) examples(string) ([]Example, error) {
	return nil, errors.New("plain text has no examples of source and answer: data.task pairs, dialogue and summary have")
}

func (p *textParts) written(part, tokens int, tk Tokenizer) (string, error) {
	begins := [...]int{trainPart: 0, validPart: p.split, testPart: p.tokens.Len(), testPart + 1: p.tokens.Len()}
	n := begins[part+1] - begins[part]
	if tokens > 0 {
		n = min(n, tokens)
	}
	ids := make([]int, n)
	p.tokens.Copy(ids, begins[part])
	return tk.Decode(ids)
}

func (p *textParts) close() error { return p.tokens.Close() }
