package store

import (
	"sync/atomic"

	"euryale/internal/mapped"
)

// IDs is a list of token ids of two bytes each, or four for a large vocabulary, in memory or mapped
// from a token file.
type IDs struct {
	narrow []uint16
	wide   []uint32

	file   *mapped.File // nil in memory
	copies atomic.Int64 // number of calls of Copy
}

const (
	// narrowVocab is the largest vocabulary whose ids fit in two bytes.
	narrowVocab = 1 << 16
	// evictAfter is the number of copies after which the pages of a mapped file are dropped, to
	// bound the resident memory: each copy of a window makes about 64 KB resident, the neighbouring
	// pages included.
	evictAfter = 512
)

// NewIDs returns an empty list for ids below vocab.
func NewIDs(vocab int) *IDs {
	if vocab <= narrowVocab {
		return &IDs{narrow: []uint16{}}
	}
	return &IDs{wide: []uint32{}}
}

// Len returns the number of tokens.
func (t *IDs) Len() int { return len(t.narrow) + len(t.wide) }

// Copy fills dst with the ids that begin at position at.
func (t *IDs) Copy(dst []int, at int) {
	if t.wide != nil {
		for i, id := range t.wide[at : at+len(dst)] {
			dst[i] = int(id)
		}
	} else {
		for i, id := range t.narrow[at : at+len(dst)] {
			dst[i] = int(id)
		}
	}
	if t.file != nil && t.copies.Add(1)%evictAfter == 0 {
		t.file.Drop()
	}
}

// Close unmaps a mapped file; the ids must not be read afterwards.
func (t *IDs) Close() error {
	if t.file == nil {
		return nil
	}
	file := t.file
	t.narrow, t.wide, t.file = nil, nil, nil
	return file.Close()
}

// Append appends ids, which must be below the size of the vocabulary. It never fails.
func (t *IDs) Append(ids []int) error {
	for _, id := range ids {
		if t.wide != nil {
			t.wide = append(t.wide, uint32(id))
		} else {
			t.narrow = append(t.narrow, uint16(id))
		}
	}
	return nil
}
