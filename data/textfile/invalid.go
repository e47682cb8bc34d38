package textfile

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// FirstInvalid returns the offset of the first byte of text that is not valid UTF-8 or is NUL, and an
// error that describes it; −1 and nil if there is none. NUL is valid UTF-8, but a sign of another
// encoding.
func FirstInvalid(text string) (int, error) {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == 0:
			return i, errors.New("a NUL byte: the file is not text, or UTF-16 (convert it to UTF-8)")
		case r == utf8.RuneError && size == 1 && isSurrogate(text[i:]):
			return i, errors.New("a lone surrogate, which is not valid UTF-8 (convert the file again from its source)")
		case r == utf8.RuneError && size == 1:
			return i, fmt.Errorf("byte 0x%02x is not valid UTF-8 (convert the file, or keep such bytes with data.invalid = \"keep\")", text[i])
		}
		i += size
	}
	return -1, nil
}

// CountInvalid returns the number of bytes of text that FirstInvalid finds, each a character of its own.
func CountInvalid(text string) (n int64) {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == 0 || r == utf8.RuneError && size == 1 {
			n++
		}
		i += size
	}
	return n
}

// isSurrogate reports whether text begins with an encoded surrogate, U+D800 to U+DFFF: half of a
// UTF-16 pair.
func isSurrogate(text string) bool {
	return len(text) >= 3 && text[0] == 0xed && text[1] >= 0xa0 && text[1] <= 0xbf && text[2]&0xc0 == 0x80
}

// OffsetError is an error at a byte offset of a text. EachChunk adds the file.
type OffsetError struct {
	Offset int64
	Err    error
}

func (e *OffsetError) Error() string { return fmt.Sprintf("byte offset %d: %v", e.Offset, e.Err) }
