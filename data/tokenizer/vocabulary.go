package tokenizer

import (
	"fmt"
	"slices"
	"strings"
)

// vocabulary implements Tokenizer for all kinds: a table of pieces, the names of the special tokens
// among them, and an encoder that turns text into ids of the table.
type vocabulary struct {
	encoder
	pieces   []string       // the bytes of each id
	specials map[string]int // ids the encoder never produces, by name; pieces[id] is the name
}

// encoder is the part of a tokenizer that depends on its kind.
type encoder interface {
	kind() string
	// encode appends the ids of text to ids, without the opening id and its space.
	encode(ids []int, text string) ([]int, error)
	// opening returns the id that begins every whole text, or −1 if there is none.
	opening() int
	// describe sets the fields of tokenizer.json that only this kind has.
	describe(f *jsonFile)
}

// starter is an encoder that puts a space before every whole text, which begins with opening.
type starter interface {
	// start returns text with that space.
	start(text string) string
}

// wholeText returns what a whole text is encoded as.
func wholeText(e encoder, text string) string {
	if s, ok := e.(starter); ok {
		return s.start(text)
	}
	return text
}

// startsWithSpace reports whether e puts a space before a whole text.
func startsWithSpace(e encoder) bool { return wholeText(e, "a") == " a" }

func newVocabulary(e encoder, pieces []string) *vocabulary {
	return &vocabulary{encoder: e, pieces: pieces, specials: map[string]int{}}
}

// WithSpecials returns a copy of t with additional special tokens, such as "<|end|>". Their ids follow
// the vocabulary, in the order of names; a name that is already a special token of t keeps its id.
// Encode never produces special tokens; use their ids, which Special returns.
//
// It panics if t is not a tokenizer of this package, or if a name is empty.
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
	if _, ok := more.encoder.(*parsingEncoder); ok {
		more.encoder = parseSpecials(more.encoder, more.specials)
	}
	return &more
}

func (v *vocabulary) Kind() string { return v.kind() }

// String returns the kind and the number of ids in a line, and not the vocabulary.
func (v *vocabulary) String() string {
	return fmt.Sprintf("tokenizer %s, %d ids", v.Kind(), v.Vocab())
}

func (v *vocabulary) Vocab() int { return len(v.pieces) }

func (v *vocabulary) Encode(text string) ([]int, error) {
	begin, ok := v.Begin()
	if !ok {
		return v.EncodeNext(text)
	}
	return v.encode([]int{begin}, wholeText(v.encoder, text))
}

func (v *vocabulary) EncodeNext(text string) ([]int, error) {
	return v.encode([]int{}, text)
}

func (v *vocabulary) Begin() (id int, ok bool) {
	id = v.opening()
	return id, id >= 0
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
	j := newJoiner(v)
	for _, id := range ids {
		text.WriteString(j.text(id, v.pieces[id]))
	}
	return text.String(), nil
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

// isSpecial reports for each id whether it is special.
func (v *vocabulary) isSpecial() []bool {
	special := make([]bool, len(v.pieces))
	for _, id := range v.specials {
		special[id] = true
	}
	return special
}
