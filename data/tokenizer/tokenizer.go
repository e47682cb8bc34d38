package tokenizer

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// Tokenizer turns text into ids and back. The tokenizers of this package are immutable and safe for
// concurrent use.
type Tokenizer interface {
	// Kind returns the kind as in tokenizer.json: "char", "byte", "bpe" or "llama".
	Kind() string
	// Vocab returns the number of ids, special tokens included. Ids are 0 to Vocab()−1.
	Vocab() int
	// Encode returns the ids of text. The name of a special token in text is encoded as plain
	// text. A text that the vocabulary cannot express is an *UnknownError with the first unknown
	// character and its byte offset.
	Encode(text string) ([]int, error)
	// Decode returns the text of ids: Decode(Encode(x)) == x for every string of bytes that can
	// be encoded. Special tokens decode to their names. An id outside the vocabulary is an error.
	Decode(ids []int) (string, error)
	// Piece returns the bytes of an id, which need not be valid UTF-8, or nil if id is outside the
	// vocabulary. The caller may keep and change them.
	Piece(id int) []byte
	// Special returns the id of a special token such as "<|end|>".
	Special(name string) (int, bool)
	// Save writes the tokenizer to path as tokenizer.json, atomically.
	Save(path string) error
}

// UnknownError is the error of a text with a character that is not in the vocabulary.
type UnknownError struct {
	Piece  string // the character, or a single byte that is not valid UTF-8
	Offset int    // of the character in the text, in bytes
}

func (e *UnknownError) Error() string {
	const remedy = "train the tokenizer on text that has it, or use one that covers all bytes (byte, bpe)"
	r, size := utf8.DecodeRuneInString(e.Piece)
	if r == utf8.RuneError && size == 1 {
		return fmt.Sprintf("byte 0x%02x at byte offset %d is not valid UTF-8 and not in the vocabulary: %s",
			e.Piece[0], e.Offset, remedy)
	}
	return fmt.Sprintf("character %q (%U) at byte offset %d is not in the vocabulary: %s", e.Piece, r, e.Offset, remedy)
}

// BytesPerToken returns the mean number of bytes per token of text (its compression). An empty text
// is an error.
func BytesPerToken(t Tokenizer, text string) (float64, error) {
	if text == "" {
		return 0, errors.New("bytes per token: the text is empty")
	}
	ids, err := t.Encode(text)
	if err != nil {
		return 0, fmt.Errorf("bytes per token: %w", err)
	}
	return float64(len(text)) / float64(len(ids)), nil
}
