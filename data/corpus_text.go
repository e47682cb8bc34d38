package data

import "errors"

// textParts is a text as tokens, cut in two by position.
type textParts struct {
	tokens     *Tokens
	split      int // tokens of the training part
	sequential bool
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

func (p *textParts) close() error { return p.tokens.Close() }
