package data

import (
	"fmt"
	"strings"

	"euryale/data/record"
	"euryale/data/store"
	"euryale/data/task"
	"euryale/data/tokenizer"
)

// documentEnds are the tokens that end a document, by preference: of a tokenizer that has none of them, the
// last is added.
var documentEnds = []string{"<|endoftext|>", "</s>", task.EndToken}

// documentChunk is the default of documents.chunk.
const documentChunk = 1 << 20

// documents is a text of documents, which are the records of a set. Those of the training part come first,
// if the records or their files name their part.
type documents struct {
	set    *record.Set
	parted bool // the records name their parts
	chunk  int  // bytes of a document that are encoded at a time

	count   int   // documents
	trained int64 // bytes of the documents of the training part
	unused  int   // records of the test part
}

func newDocuments(s *record.Set) *documents {
	return &documents{set: s, parted: s.Layout.Split || s.Parts != nil, chunk: documentChunk}
}

// withEnd returns a tokenizer that has a token for the end of a document, and that token.
func withEnd(t tokenizer.Tokenizer) (tokenizer.Tokenizer, int) {
	for _, name := range documentEnds {
		if id, ok := t.Special(name); ok {
			return t, id
		}
	}
	t = tokenizer.WithSpecials(t, task.EndToken)
	id, _ := t.Special(task.EndToken)
	return t, id
}

// piece is a part of a text.
type piece struct {
	text   string
	offset int64 // of its first byte in the whole text
	base   int64 // of the first byte of its document
	end    int64 // of the end of its document; −1 in running text
}

// first reports whether the text or the document begins with the piece.
func (p piece) first() bool { return p.offset == p.base }

// last reports whether a document ends with the piece.
func (p piece) last() bool { return p.offset+int64(len(p.text)) == p.end }

// each calls f with each document in pieces, which end at the end of a word. Errors name file and line.
func (d *documents) each(f func(p piece) error) error {
	var offset int64
	count := [3]int{}
	pass := func(wanted int) error {
		count[task.TestPart] = 0
		return d.set.Each(func(i int, r record.Record) error {
			part, err := d.part(i, r)
			if part == wanted || part == task.TestPart {
				count[part]++
			}
			if err != nil || part != wanted {
				return err
			}
			offset, err = d.eachPiece(documentText(r), offset, f)
			return err
		})
	}
	if err := pass(task.TrainPart); err != nil {
		return err
	}
	if d.parted {
		trained := offset
		if err := pass(task.ValidPart); err != nil {
			return err
		}
		d.trained = trained
	}
	d.count, d.unused = count[task.TrainPart]+count[task.ValidPart], count[task.TestPart]
	if d.count == 0 {
		return fmt.Errorf("%s has no records of the training or the validation part", d.set.Name)
	}
	return nil
}

// eachPiece calls f with the pieces of a document that begins at offset, and returns the offset of its end.
func (d *documents) eachPiece(text string, offset int64, f func(p piece) error) (int64, error) {
	base, end := offset, offset+int64(len(text))
	if len(text) <= d.chunk {
		return end, f(piece{text, base, base, end})
	}
	err := tokenizer.EachChunk(strings.NewReader(text), d.chunk, func(chunk string) error {
		err := f(piece{chunk, offset, base, end})
		offset += int64(len(chunk))
		return err
	})
	return end, err
}

// part returns the part of a record; those that name none are for training.
func (d *documents) part(i int, r record.Record) (int, error) {
	name := ""
	if d.parted {
		name = d.set.Part(i, r)
	}
	if name == "" {
		return task.TrainPart, nil
	}
	part, err := task.ParsePart(name)
	if err != nil {
		err = fmt.Errorf("split column: %w", err)
	}
	return part, err
}

// documentText returns the text of a record: its parts that are not empty, each on a line of its own.
func documentText(r record.Record) string {
	var parts []string
	for _, part := range r.Target {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "\n")
}

// notes says which records were not used. Of tokens from the cache it is known how many, but not which.
func (d *documents) notes(h *store.Header) (notes []string) {
	skipped := d.set.Skipped
	skipped.Count = int(h.Skipped)
	if note := skipped.Note(); note != "" {
		notes = append(notes, note)
	}
	if h.Unused > 0 {
		notes = append(notes, fmt.Sprintf("%d records of the test part are left out", h.Unused))
	}
	return notes
}
