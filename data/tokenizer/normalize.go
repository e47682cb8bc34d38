package tokenizer

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// normalizer changes a text before it is encoded. What it drops is not restored when the ids are decoded.
// It is an error if the result has more than limit bytes.
type normalizer func(text string, limit int) (string, error)

// unicodeForms are the normalizers of Hugging Face that normalize as Unicode does.
var unicodeForms = map[string]norm.Form{"NFC": norm.NFC, "NFD": norm.NFD, "NFKC": norm.NFKC, "NFKD": norm.NFKD}

// lowercase replaces each character by its small letters, whatever stands around it: a capital sigma is
// never a final one. Bytes that are not valid UTF-8 are left as they are.
func lowercase(text string, _ int) (string, error) {
	var b strings.Builder
	b.Grow(len(text))
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError:
			b.WriteString(text[i : i+size])
		case r == 'İ': // the only letter with two small ones
			b.WriteString("i̇")
		default:
			b.WriteRune(unicode.ToLower(r))
		}
		i += size
	}
	return b.String(), nil
}

// replacer returns the normalizer that replaces what find finds by content.
func replacer(find finder, content string) normalizer {
	return func(text string, limit int) (string, error) {
		found, err := find(text)
		if err != nil || len(found) == 0 {
			return text, err
		}
		if len(text)+len(found)*len(content) > limit {
			return "", fmt.Errorf("replacing makes %d bytes longer than %d bytes", len(text), limit)
		}
		var b strings.Builder
		at := 0
		for _, span := range found {
			b.WriteString(text[at:span[0]])
			b.WriteString(content)
			at = span[1]
		}
		b.WriteString(text[at:])
		return b.String(), nil
	}
}
