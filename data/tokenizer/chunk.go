package tokenizer

import (
	"cmp"
	"errors"
	"io"
	"unicode"
	"unicode/utf8"
)

// EachChunk reads r to its end and calls f with its text in chunks of at most size bytes. A chunk ends
// at a certain end of a word, so that encoding chunk by chunk gives the ids of the whole text: before a
// space that follows another character, else before a line break that follows a letter or a digit. Many
// tokenizers join punctuation and line breaks, so that a line break after any other character is the
// next choice. If size bytes have no such place, the chunk ends after the last complete character.
func EachChunk(r io.Reader, size int, f func(chunk string) error) error {
	buf := make([]byte, size)
	kept := 0
	for {
		n, err := io.ReadFull(r, buf[kept:])
		full := buf[:kept+n]
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			if len(full) == 0 {
				return nil
			}
			return f(string(full))
		case err != nil:
			return err
		}
		cut := lastWordEnd(full)
		if err := f(string(full[:cut])); err != nil {
			return err
		}
		kept = copy(buf, full[cut:])
	}
}

// lastWordEnd returns the last offset at which a word ends, whatever text follows.
func lastWordEnd(text []byte) int {
	afterLetter, afterOther := 0, 0
	for i := len(text) - 1; i > 0; i-- {
		if text[i] != ' ' && (text[i] != '\n' || afterLetter > 0) {
			continue
		}
		r, _ := utf8.DecodeLastRune(text[:i])
		switch {
		case unicode.IsSpace(r):
		case text[i] == ' ':
			return i
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			afterLetter = i
		case afterOther == 0:
			afterOther = i
		}
	}
	if end := cmp.Or(afterLetter, afterOther); end > 0 {
		return end
	}
	// There is no certain end of a word: exclude a character that may be incomplete.
	if end := wholeChars(text); end > 0 {
		return end
	}
	return len(text)
}
