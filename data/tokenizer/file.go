package tokenizer

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"euryale/internal/runfile"
)

const (
	formatName    = "euryale-tokenizer"
	formatVersion = 1
)

// jsonFile is the content of tokenizer.json. In pieces a backslash is written \\ and a byte that is
// not valid UTF-8 \xNN, so that every piece is stored exactly.
type jsonFile struct {
	Format   string         `json:"format"`
	Version  int            `json:"version"`
	Kind     string         `json:"kind"`
	Split    string         `json:"split,omitempty"`  // bpe, word: the rule that splits text into words
	Specials map[string]int `json:"specials"`         // escaped name → id
	Pieces   []string       `json:"pieces"`           // by id, escaped
	Merges   []string       `json:"merges,omitempty"` // bpe: "left right" in order, spaces in pieces as \x20
	Scores   []float32      `json:"scores,omitempty"` // llama: by id
	// HuggingFace is the file of Hugging Face's that a tokenizer of kind huggingface is.
	HuggingFace json.RawMessage `json:"huggingface,omitempty"`
	Checksum    string          `json:"checksum"` // SHA-256 of this object without white space and with checksum ""
}

// sum returns the checksum of f.
func (f *jsonFile) sum() string {
	plain := *f
	plain.Checksum = ""
	text, err := marshalPlain(&plain, "")
	if err != nil {
		return "" // a NaN or infinite score; Save returns the error
	}
	return fmt.Sprintf("sha256:%x", sha256.Sum256(text))
}

// marshalPlain returns JSON without HTML escapes: "<" stays "<".
func marshalPlain(v any, indent string) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	err := enc.Encode(v)
	return buf.Bytes(), err
}

// jsonError adds the line to an error of package json.
func jsonError(text []byte, err error) error {
	var syntax *json.SyntaxError
	var typed *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("line %d: %w", 1+bytes.Count(text[:min(int(syntax.Offset), len(text))], []byte("\n")), err)
	case errors.As(err, &typed):
		return fmt.Errorf("line %d: %w", 1+bytes.Count(text[:min(int(typed.Offset), len(text))], []byte("\n")), runfile.JSONError(err))
	}
	return err
}

// escapePiece encodes the bytes of a piece as valid UTF-8; unescapePiece decodes them.
func escapePiece(piece string) string {
	var b strings.Builder
	for i := 0; i < len(piece); {
		r, size := utf8.DecodeRuneInString(piece[i:])
		switch {
		case r == '\\':
			b.WriteString(`\\`)
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, piece[i])
		default:
			b.WriteString(piece[i : i+size])
		}
		i += size
	}
	return b.String()
}

func unescapePiece(escaped string) (string, error) {
	var b strings.Builder
	for rest := escaped; ; {
		before, after, found := strings.Cut(rest, `\`)
		b.WriteString(before)
		switch {
		case !found:
			return b.String(), nil
		case strings.HasPrefix(after, `\`):
			b.WriteByte('\\')
			rest = after[1:]
		case len(after) >= 3 && after[0] == 'x':
			c, err := strconv.ParseUint(after[1:3], 16, 8)
			if err != nil {
				return "", fmt.Errorf("%q has a bad escape: a backslash must be followed by a backslash or xNN", escaped)
			}
			b.WriteByte(byte(c))
			rest = after[3:]
		default:
			return "", fmt.Errorf("%q has a bad escape: a backslash must be followed by a backslash or xNN", escaped)
		}
	}
}
