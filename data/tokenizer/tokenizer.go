package tokenizer

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// Tokenizer turns text into ids and back. Every tokenizer of this package is immutable
// and may be used by several goroutines at once.
type Tokenizer interface {
	// Kind is the family, the word that stands in tokenizer.json: "char", "byte", "bpe"
	// or "llama".
	Kind() string
	// Vocab is the number of ids, which run from 0; special tokens are counted.
	Vocab() int
	// Encode returns the ids of text. Special tokens written out in text are encoded as
	// the plain text they are. A text the vocabulary cannot express is an *UnknownError
	// that names the first offender and its byte offset.
	Encode(text string) ([]int, error)
	// Decode is the inverse, for every string of bytes that could be encoded:
	// Decode(Encode(x)) == x. Special tokens decode to their names. An id outside the
	// vocabulary is an error.
	Decode(ids []int) (string, error)
	// Piece is the bytes of one id, not always valid UTF-8 by themselves, and nil for an
	// id outside the vocabulary. The caller may keep and change them.
	Piece(id int) []byte
	// Special returns the id of a special token such as "<|end|>".
	Special(name string) (int, bool)
	// Save writes the tokenizer to path as tokenizer.json: whole, or not at all.
	Save(path string) error
}

// UnknownError reports a part of a text that a tokenizer has no id for.
type UnknownError struct {
	Piece  string // the character, or a single byte that is not valid UTF-8
	Offset int    // where it begins in the text, in bytes
}

func (e *UnknownError) Error() string {
	const remedy = "train the tokenizer on text that has it, or use one of all bytes (byte, bpe)"
	r, size := utf8.DecodeRuneInString(e.Piece)
	if r == utf8.RuneError && size == 1 {
		return fmt.Sprintf("byte 0x%02x at byte offset %d is not valid UTF-8 and not in the vocabulary: %s",
			e.Piece[0], e.Offset, remedy)
	}
	return fmt.Sprintf("character %q (%U) at byte offset %d is not in the vocabulary: %s", e.Piece, r, e.Offset, remedy)
}

// BytesPerToken is how many bytes of text one token of t stands for on average: the
// higher, the shorter the sequences a model sees. An empty text is an error.
func BytesPerToken(t Tokenizer, text string) (float64, error) {
	if text == "" {
		return 0, errors.New("bytes per token: the text is empty, give some text to measure on")
	}
	ids, err := t.Encode(text)
	if err != nil {
		return 0, fmt.Errorf("bytes per token: %w", err)
	}
	return float64(len(text)) / float64(len(ids)), nil
}
