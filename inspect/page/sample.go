package page

import (
	"io"
	"slices"

	"euryale/data"
	"euryale/inspect/view"
	"euryale/training"
)

// Sample returns up to n sequences of the validation part of the corpus that a run was trained on, or nil
// if the run names no corpus. Preparing the corpus may write to log, which may be nil.
func Sample(s *training.Saved, n int, log io.Writer) ([]view.Sequence, error) {
	if s.Config.Data.Name == "" {
		return nil, nil
	}
	corpus, err := data.Open(s.Config.Data, s.Config.Tokenizer, s.Tokenizer, data.Options{Log: log})
	if err != nil {
		return nil, err
	}
	defer corpus.Close()
	batches, err := corpus.Valid(1, s.Config.Model.Common().Context)
	if err != nil {
		return nil, err
	}
	var seqs []view.Sequence
	count := batches.Len()
	for i := range min(n, count) {
		var b data.Batch
		if err := batches.Batch(i*count/min(n, count), &b); err != nil {
			return nil, err
		}
		q := view.Sequence{Tokens: cut(b.Tokens), Source: cut(b.Source)}
		q.Targets = slices.Clone(b.Targets[:len(q.Tokens)])
		if len(q.Tokens) > 0 {
			seqs = append(seqs, q)
		}
	}
	return seqs, nil
}

// cut returns a copy of ids without the padding after them.
func cut(ids []int) []int {
	if end := slices.Index(ids, -1); end >= 0 {
		ids = ids[:end]
	}
	return slices.Clone(ids)
}
