package tokenizer

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// Tokenizer turns text into ids and back. The tokenizers of this package are immutable and safe for
// concurrent use.
type Tokenizer interface {
	// Kind returns the kind as in tokenizer.json: "char", "byte", "word", "bpe", "llama" or
	// "huggingface".
	Kind() string
	// Vocab returns the number of ids, special tokens included. Ids are 0 to Vocab()−1.
	Vocab() int
	// Encode returns the ids of a whole text. They start with the token of Begin, if there is one.
	// The name of a special token in text is encoded as plain text. A text that the vocabulary
	// cannot express is an *UnknownError with the first unknown character and its byte offset.
	Encode(text string) ([]int, error)
	// EncodeNext returns the ids of text that follows other tokens: the rest of a text after its
	// first part, a field or an answer after a special token. It neither adds the token of Begin
	// nor a space. If a is not empty and ends at the end of a character,
	//
	//	Decode(append(Encode(a), EncodeNext(b)...)) == a + b
	//
	// and if a ends at the end of a word (see EachChunk), the ids are those of Encode(a + b),
	// except that a vocabulary of SentencePiece may have pieces that cross the end of a word. The ids
	// of the empty text are none. Errors are those of Encode.
	//
	// A word tokenizer keeps words and ends of lines, but no other white space: if a and b end and
	// begin with characters of words, these are two words, and the text of the ids is that of
	// a + " " + b (see PartEnd).
	EncodeNext(text string) ([]int, error)
	// Begin returns the token that begins every whole text, such as <s> of llama2.c. Some tokenizers
	// then also put a space before the text. ok is false if there is no such token: then Encode and
	// EncodeNext are the same.
	Begin() (id int, ok bool)
	// Decode returns the text of ids: Decode(Encode(x)) == x and Decode(EncodeNext(x)) == x for
	// every string of bytes that can be encoded. Special tokens decode to their names, except that
	// the token of Begin at the start of ids, and the space after it, have no text. An id outside
	// the vocabulary is an error.
	//
	// The text of a word tokenizer has one space where x has white space within a line, none at the
	// beginning and the end of a line, and <unk> for each unknown word; its ids are again Encode(x).
	//
	// A file of Hugging Face's can have steps that lose something of x, which its decoded text then
	// lacks: normalizers such as NFC and Lowercase, white space beside an added token that strips it,
	// a character that is the unknown token, ▁ for a space, and a space that begins a text to which a
	// space would be added.
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

// JoinsSpaces reports whether t encodes a word together with the space before it: whether it has pieces
// of a space and other characters.
func JoinsSpaces(t Tokenizer) bool {
	for id := range t.Vocab() {
		piece := string(t.Piece(id))
		if special, ok := t.Special(piece); ok && special == id {
			continue
		}
		if len(piece) > 1 && piece[0] == ' ' {
			return true
		}
	}
	return false
}
