package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// kindImported is the kind of tokenizers that are a file of Hugging Face's with more than GPT-2's format
// can express.
const kindImported = "huggingface"

// importedEncoder encodes as a tokenizer.json of Hugging Face says: it reads added tokens, normalizes the
// text between them, splits it into words, and merges their characters or bytes.
//
// What stands at the start of a whole text, the begin token and a space, stands nowhere else: not after
// an added token either, where some versions of Hugging Face's library put a space too. Tokens that a
// post-processor adds after a text are not added.
type importedEncoder struct {
	source     json.RawMessage // the file
	size       int             // ids in the file
	begin      int             // the id that begins a whole text, or −1
	space      startSpace
	strip      bool                  // white space at the start of a whole text is dropped
	raw        *addedTokens          // added tokens that are not special, read in the text as it is
	normalized *addedTokens          // and in the normalized text
	flags      map[string]addedToken // all added tokens, with the special ones
	normalize  []normalizer
	split      []splitter
	model      *importedModel
}

// startSpace says when a space is put before a whole text.
type startSpace int

const (
	spaceNever  startSpace = iota
	spaceAlways            // Prepend
	spaceUnless            // Metaspace and ByteLevel: unless the text begins with a space
)

func (e *importedEncoder) kind() string { return kindImported }

func (e *importedEncoder) opening() int { return e.begin }

func (e *importedEncoder) describe(f *jsonFile) { f.HuggingFace = e.source }

// start returns text as a whole text begins: with a space before it, if the tokenizer adds one.
func (e *importedEncoder) start(text string) string {
	if e.strip {
		text = strings.TrimLeftFunc(text, unicode.IsSpace)
	}
	spaced := strings.HasPrefix(text, " ") || e.model.space != "" && strings.HasPrefix(text, e.model.space)
	if text == "" || e.space == spaceNever || e.space == spaceUnless && (spaced || e.raw.begins(text)) {
		return text
	}
	return " " + text
}

func (e *importedEncoder) encode(ids []int, text string) ([]int, error) {
	token := func(id int) { ids = append(ids, id) }
	err := e.raw.each(text, token, func(part string, offset int) error {
		normal, err := e.normal(part)
		if err != nil {
			return err
		}
		err = e.normalized.each(normal, token, func(rest string, _ int) error {
			words, err := e.words(rest)
			if err == nil {
				ids, err = e.model.encode(ids, words)
			}
			return err
		})
		if unknown := (*UnknownError)(nil); errors.As(err, &unknown) {
			unknown.Offset = offset + max(0, strings.Index(part, unknown.Piece))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// normal returns a text as the normalizers change it.
func (e *importedEncoder) normal(text string) (string, error) {
	for _, normalize := range e.normalize {
		var err error
		if text, err = normalize(text); err != nil {
			return "", fmt.Errorf("normalizer of the tokenizer: %w", err)
		}
	}
	return text, nil
}

// words returns the words of a normalized text, in the characters of the model.
func (e *importedEncoder) words(text string) ([]string, error) {
	words := []string{text}
	var split []string
	for _, step := range e.split {
		split = split[:0]
		for _, word := range words {
			if word == "" {
				continue
			}
			var err error
			if split, err = step(split, word); err != nil {
				return nil, fmt.Errorf("pre_tokenizer of the tokenizer: %w", err)
			}
		}
		words, split = split, words
	}
	return words, nil
}

// importedFromFile returns the encoder that tokenizer.json describes; pieces that follow those of the
// file are special tokens.
func importedFromFile(f *jsonFile, pieces []string, special []bool) (encoder, error) {
	t, err := parseHuggingFace(f.HuggingFace)
	if err != nil {
		return nil, err
	}
	v := t.(*vocabulary)
	n := len(v.pieces)
	if len(pieces) < n || !slices.Equal(pieces[:n], v.pieces) || !slices.Equal(special[:n], v.isSpecial()) {
		return nil, errors.New("pieces and specials are not those of the tokenizer in huggingface")
	}
	for id := n; id < len(pieces); id++ {
		if !special[id] {
			return nil, fmt.Errorf("piece %d (%q) is neither in huggingface nor a special token", id, pieces[id])
		}
	}
	return v.encoder, nil
}
