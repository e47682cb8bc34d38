package data

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"euryale/internal/runfile"
)

const (
	tokenizerFormat  = "euryale-tokenizer"
	tokenizerVersion = 1
)

// tokenizerFile is tokenizer.json. Pieces are text; a backslash in them is written \\
// and a byte that is not valid UTF-8 \xNN, so that every piece is kept exactly.
type tokenizerFile struct {
	Format   string         `json:"format"`
	Version  int            `json:"version"`
	Kind     string         `json:"kind"`
	Split    string         `json:"split,omitempty"`  // bpe: how text is cut into words
	Specials map[string]int `json:"specials"`         // escaped name → id
	Pieces   []string       `json:"pieces"`           // by id, escaped
	Merges   []string       `json:"merges,omitempty"` // bpe: "left right" in order, spaces in pieces as \x20
	Scores   []float32      `json:"scores,omitempty"` // llama: by id
	Checksum string         `json:"checksum"`         // SHA-256 of this object without white space and with checksum ""
}

// Save writes tokenizer.json.
func (v *vocabulary) Save(path string) error {
	text, err := marshalPlain(v.file(), " ")
	if err == nil {
		err = runfile.WriteAtomic(path, func(w io.Writer) error {
			_, err := w.Write(text)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("save tokenizer: %w", err)
	}
	return nil
}

// file is what tokenizer.json says of v.
func (v *vocabulary) file() *tokenizerFile {
	f := &tokenizerFile{Format: tokenizerFormat, Version: tokenizerVersion, Kind: v.kind(), Specials: map[string]int{}}
	for name, id := range v.specials {
		f.Specials[escapePiece(name)] = id
	}
	f.Pieces = make([]string, len(v.pieces))
	for id, piece := range v.pieces {
		f.Pieces[id] = escapePiece(piece)
	}
	v.describe(f)
	f.Checksum = f.sum()
	return f
}

// sum is the checksum the content of f ought to have.
func (f *tokenizerFile) sum() string {
	plain := *f
	plain.Checksum = ""
	text, err := marshalPlain(&plain, "")
	if err != nil {
		return "" // only a score that is no number cannot be written; Save reports it
	}
	return fmt.Sprintf("sha256:%x", sha256.Sum256(text))
}

// marshalPlain writes JSON for people: "<" stays "<".
func marshalPlain(v any, indent string) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	err := enc.Encode(v)
	return buf.Bytes(), err
}

// parseTokenizer checks tokenizer.json, which is known to be JSON, and makes its tokenizer.
func parseTokenizer(text []byte) (Tokenizer, error) {
	var f tokenizerFile
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return nil, jsonError(text, err)
	}
	if f.Version != tokenizerVersion {
		return nil, fmt.Errorf("version %d is not one this program reads (%d)", f.Version, tokenizerVersion)
	}
	if f.Checksum != f.sum() {
		return nil, errors.New("checksum does not match: the file was changed after it was saved, restore it or make the tokenizer again")
	}
	v, err := f.vocabulary()
	if err != nil {
		return nil, err
	}
	v.encoder, err = f.encoder(v.pieces, v.isSpecial())
	return v, err
}

// vocabulary is the table of pieces and specials, without its encoder.
func (f *tokenizerFile) vocabulary() (*vocabulary, error) {
	v := newVocabulary(nil, make([]string, len(f.Pieces)))
	var err error
	for id, escaped := range f.Pieces {
		if v.pieces[id], err = unescapePiece(escaped); err != nil {
			return nil, fmt.Errorf("pieces[%d]: %w", id, err)
		}
	}
	owner := make(map[int]string, len(f.Specials))
	for escaped, id := range f.Specials {
		name, err := unescapePiece(escaped)
		if err != nil {
			return nil, fmt.Errorf("specials: %w", err)
		}
		if id < 0 || id >= len(v.pieces) || v.pieces[id] != name || name == "" {
			return nil, fmt.Errorf("specials: %q has id %d, which is not the id of that piece", name, id)
		}
		if other, ok := owner[id]; ok {
			return nil, fmt.Errorf("specials: %q and %q have the same id %d", other, name, id)
		}
		owner[id] = name
		v.specials[name] = id
	}
	return v, nil
}

// encoder makes the encoder that the file describes for these pieces.
func (f *tokenizerFile) encoder(pieces []string, special []bool) (encoder, error) {
	switch f.Kind {
	case "char":
		return newCharEncoder(pieces, special), checkChars(pieces, special)
	case "byte":
		return byteEncoder{}, checkBytes(pieces, special)
	case "bpe":
		return bpeFromFile(f, pieces, special)
	case "llama":
		return newLlama(f.Scores, pieces, special)
	}
	return nil, fmt.Errorf("kind %q is not one this program reads (char, byte, bpe, llama)", f.Kind)
}

// escapePiece writes bytes as valid UTF-8 that unescapePiece reads back.
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
				return "", fmt.Errorf("%q has a bad escape: after a backslash come a backslash or xNN", escaped)
			}
			b.WriteByte(byte(c))
			rest = after[3:]
		default:
			return "", fmt.Errorf("%q has a bad escape: after a backslash come a backslash or xNN", escaped)
		}
	}
}
