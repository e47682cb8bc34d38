package training

import (
	"bytes"
	"fmt"
	"path/filepath"

	"euryale/data/tokenizer"
	"euryale/generation"
	"euryale/training/rundir"
)

// CheckDraft returns an error if the model of the run in draft cannot guess tokens for that of the run in
// dir: see generation.Speculation. It reads no weights.
func CheckDraft(dir, draft string) error {
	c, tk, err := openConfig(dir, nil)
	if err != nil {
		return err
	}
	d, drafts, err := openConfig(draft, nil)
	if err != nil {
		return err
	}
	if err := sameTokens(tk, drafts); err != nil {
		return fmt.Errorf("the draft %s has another tokenizer than %s: %w; train the draft with -tokenizer %s", draft, dir, err, filepath.Join(dir, rundir.Tokenizer))
	}
	if c.Data.Task != d.Data.Task {
		return fmt.Errorf("the draft %s was trained on the task %q, and %s on %q: choose a draft of the same task", draft, d.Data.Task, dir, c.Data.Task)
	}
	return generation.CheckSpeculation(c.Model, d.Model)
}

// sameTokens returns an error that says in what two tokenizers differ.
func sameTokens(tk, other tokenizer.Tokenizer) error {
	if tk.Vocab() != other.Vocab() {
		return fmt.Errorf("%d tokens, not %d", other.Vocab(), tk.Vocab())
	}
	for id := range tk.Vocab() {
		if !bytes.Equal(tk.Piece(id), other.Piece(id)) {
			return fmt.Errorf("token %d is %q, not %q", id, other.Piece(id), tk.Piece(id))
		}
	}
	return nil
}
