package tokenizer

import (
	"fmt"
	"slices"
)

// NewByte returns the tokenizer whose ids are the 256 byte values.
func NewByte() Tokenizer {
	return newVocabulary(byteEncoder{}, bytePieces())
}

// bytePieces returns the 256 single-byte pieces in order.
func bytePieces() []string {
	pieces := make([]string, 256)
	for b := range pieces {
		pieces[b] = string([]byte{byte(b)})
	}
	return pieces
}

type byteEncoder struct{}

func (byteEncoder) kind() string { return "byte" }

func (byteEncoder) encode(ids []int, text string) ([]int, error) {
	ids = slices.Grow(ids, len(text))
	for i := range len(text) {
		ids = append(ids, int(text[i]))
	}
	return ids, nil
}

func (byteEncoder) opening() int { return -1 }

func (byteEncoder) describe(*jsonFile) {}

// checkBytes returns an error if pieces do not begin with the 256 bytes in order, or if they have
// other than special tokens after them.
func checkBytes(pieces []string, special []bool) error {
	for id, piece := range pieces {
		if id < 256 && (special[id] || piece != string([]byte{byte(id)})) {
			return fmt.Errorf("piece %d is %q, not byte 0x%02x", id, piece, id)
		}
		if id >= 256 && !special[id] {
			return fmt.Errorf("piece %d (%q) is neither a byte nor a special token", id, piece)
		}
	}
	if len(pieces) < 256 {
		return fmt.Errorf("there are %d pieces, fewer than the 256 bytes", len(pieces))
	}
	return nil
}
