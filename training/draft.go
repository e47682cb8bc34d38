package training

import (
	"bytes"
	"fmt"
	"path/filepath"

	"euryale/data/tokenizer"
	"euryale/generation"
	"euryale/models"
	"euryale/training/rundir"
)

// CheckDraft returns an error if the model of the run in draft cannot guess tokens for that of the run in
// dir: see generation.Speculation. It reads no weights.
func CheckDraft(dir, draft string) error {
	return checkBeside(dir, draft, "draft", generation.CheckSpeculation)
}

// CheckEnsemble returns an error if the probabilities of the run in other cannot be averaged with those of the run in
// dir: see generation.Generator. It reads no weights.
func CheckEnsemble(dir, other string) error {
	return checkBeside(dir, other, "run", func(m, of models.Model) error {
		if err := generation.CheckEnsemble(m, of); err != nil {
			return fmt.Errorf("%s is not of an ensemble with %s: %w", other, dir, err)
		}
		return nil
	})
}

// checkBeside checks that a run that generates beside the one in dir has its tokenizer and its task, and what else is
// asked of the models.
func checkBeside(dir, other, role string, check func(m, other models.Model) error) error {
	c, tk, err := openConfig(dir, nil)
	if err != nil {
		return err
	}
	d, others, err := openConfig(other, nil)
	if err != nil {
		return err
	}
	if err := sameTokens(tk, others); err != nil {
		return fmt.Errorf("the %s %s has another tokenizer than %s: %w; train it with -tokenizer %s", role, other, dir, err, filepath.Join(dir, rundir.Tokenizer))
	}
	if c.Data.Task != d.Data.Task {
		return fmt.Errorf("the %s %s was trained on the task %q, and %s on %q: choose one of the same task", role, other, d.Data.Task, dir, c.Data.Task)
	}
	return check(c.Model, d.Model)
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
