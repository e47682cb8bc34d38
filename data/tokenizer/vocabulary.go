package tokenizer

import (
	"fmt"
	"slices"
	"strings"
)

// vocabulary is every tokenizer of this package: a table of pieces, the names of the
// special ones among them, and an encoder that turns text into ids of the table.
type vocabulary struct {
	encoder
	pieces   []string       // the bytes of each id
	specials map[string]int // ids the encoder never produces, by name; pieces[id] is the name
}

// encoder is what tells one kind of tokenizer from another.
type encoder interface {
	kind() string
	// encode appends the ids of text to ids.
	encode(ids []int, text string) ([]int, error)
	// opening is the id that begins every encoded text, with a space that is not in the
	// text after it, or −1.
	opening() int
	// describe adds to the file what the pieces alone do not say.
	describe(f *jsonFile)
}

func newVocabulary(e encoder, pieces []string) *vocabulary {
	return &vocabulary{encoder: e, pieces: pieces, specials: map[string]int{}}
}

// WithSpecials returns a tokenizer that encodes as t does and also has special tokens of
// these names, such as "<|end|>": their ids follow the vocabulary in the order given. A
// name that is a special token of t already keeps its id. Encode never produces special
// tokens; they are placed by id, found with Special. t itself is left as it was.
//
// It panics if t is not a tokenizer of this package, or a name is empty.
func WithSpecials(t Tokenizer, names ...string) Tokenizer {
	base, ok := t.(*vocabulary)
	if !ok {
		panic(fmt.Sprintf("tokenizer.WithSpecials: %T is not a tokenizer of this package", t))
	}
	more := *base
	more.pieces = slices.Clone(base.pieces)
	more.specials = make(map[string]int, len(base.specials)+len(names))
	for name, id := range base.specials {
		more.specials[name] = id
	}
	for _, name := range names {
		if name == "" {
			panic("tokenizer.WithSpecials: a special token needs a name")
		}
		if _, ok := more.specials[name]; !ok {
			more.specials[name] = len(more.pieces)
			more.pieces = append(more.pieces, name)
		}
	}
	return &more
}

func (v *vocabulary) Kind() string { return v.kind() }

func (v *vocabulary) Vocab() int { return len(v.pieces) }

func (v *vocabulary) Encode(text string) ([]int, error) {
	return v.encode([]int{}, text)
}

func (v *vocabulary) Decode(ids []int) (string, error) {
	var text strings.Builder
	size := 0
	for i, id := range ids {
		if id < 0 || id >= len(v.pieces) {
			return "", fmt.Errorf("decode: id %d at position %d is outside the vocabulary of %d", id, i, len(v.pieces))
		}
		size += len(v.pieces[id])
	}
	text.Grow(size)
	for i, id := range ids {
		text.WriteString(placed(v.pieces[id], i, ids[0] == v.opening()))
	}
	return text.String(), nil
}

// placed is the text that a piece stands for as the i-th of a sequence. The id that opens
// a text is silent, and the space that the encoder put after it is taken away again.
func placed(piece string, i int, opened bool) string {
	switch {
	case opened && i == 0:
		return ""
	case opened && i == 1:
		return strings.TrimPrefix(piece, " ")
	}
	return piece
}

func (v *vocabulary) Piece(id int) []byte {
	if id < 0 || id >= len(v.pieces) {
		return nil
	}
	return []byte(v.pieces[id])
}

func (v *vocabulary) Special(name string) (int, bool) {
	id, ok := v.specials[name]
	return id, ok
}

// isSpecial tells which ids are special.
func (v *vocabulary) isSpecial() []bool {
	special := make([]bool, len(v.pieces))
	for _, id := range v.specials {
		special[id] = true
	}
	return special
}
