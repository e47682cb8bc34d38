package store

import "sync/atomic"

// IDs is a sequence of ids held in two bytes each, or four where the vocabulary needs
// them: in memory or mapped from a token file.
type IDs struct {
	narrow []uint16
	wide   []uint32

	// Of mapped tokens only:
	unmap  func() error
	evict  func()       // drops the pages read so far from memory
	copies atomic.Int64 // since they were dropped
}

const (
	// narrowVocab is the largest vocabulary whose ids fit in two bytes.
	narrowVocab = 1 << 16
	// evictAfter bounds what stays in memory of a mapped file: a copy of a window brings in
	// 64 KB or so, the pages around it included.
	evictAfter = 512
)

// NewIDs returns an empty sequence for ids below vocab.
func NewIDs(vocab int) *IDs {
	if vocab <= narrowVocab {
		return &IDs{narrow: []uint16{}}
	}
	return &IDs{wide: []uint32{}}
}

// Len is the number of tokens.
func (t *IDs) Len() int { return len(t.narrow) + len(t.wide) }

// Copy fills dst with the ids from position at on.
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
	if t.evict != nil && t.copies.Add(1)%evictAfter == 0 {
		t.evict()
	}
}

// Close gives a mapped file back; the tokens must not be read afterwards.
func (t *IDs) Close() error {
	if t.unmap == nil {
		return nil
	}
	unmap := t.unmap
	t.narrow, t.wide, t.unmap, t.evict = nil, nil, nil, nil
	return unmap()
}

// Append adds ids, which the tokenizer keeps below the vocabulary.
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
