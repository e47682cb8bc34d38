package generation

// wholePrompts reads the prompts of a model without a graph, whose predictions follow from the last tokens alone.
type wholePrompts struct {
	slots
	gen *Generator
	to  Stepper
	one Stepper
}

func (w *wholePrompts) take(j *job, _ int) (bool, error) {
	if w.slots[0] != nil {
		return false, nil
	}
	w.slots[0], j.unread = j, j.Prompt.Tokens
	return true, nil
}

func (w *wholePrompts) read() (ready []*job, tokens int, err error) {
	j := w.slots[0]
	if j == nil {
		return nil, 0, nil
	}
	if j.scorer != nil {
		n := min(len(j.unread), pieceTokens)
		at := len(j.Prompt.Tokens) - len(j.unread)
		if at == 0 {
			if err := w.one.Truncate(0, 0); err != nil {
				return nil, 0, err
			}
		}
		logits, err := w.one.Read(j.unread[:n])
		if err != nil {
			return nil, 0, err
		}
		j.failed = j.score(w.gen, at, n, logits)
		if j.unread = j.unread[n:]; len(j.unread) > 0 {
			return nil, n, nil
		}
	}
	logits, err := w.one.Begin(0, j.Prompt)
	j.logits, w.slots[0] = append(j.logits[:0], logits...), nil
	return []*job{j}, len(j.Prompt.Tokens), err
}

func (w *wholePrompts) move(j *job, i int) error {
	_, err := w.to.Begin(i, j.Prompt)
	return err
}

func (w *wholePrompts) keep(int) {}
