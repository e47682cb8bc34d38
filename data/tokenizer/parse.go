package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// parseSaved checks tokenizer.json, which is known to be valid JSON, and returns its tokenizer.
func parseSaved(text []byte) (Tokenizer, error) {
	var f jsonFile
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return nil, jsonError(text, err)
	}
	if f.Version != formatVersion {
		return nil, fmt.Errorf("version %d is not supported: this program reads version %d", f.Version, formatVersion)
	}
	if f.Checksum != f.sum() {
		return nil, errors.New("checksum does not match: the file was changed after it was saved; restore it, or make the tokenizer again")
	}
	v, err := f.vocabulary()
	if err != nil {
		return nil, err
	}
	v.encoder, err = f.encoder(v.pieces, v.isSpecial())
	return v, err
}

// vocabulary returns the vocabulary of the file, without its encoder.
func (f *jsonFile) vocabulary() (*vocabulary, error) {
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

// encoder returns the encoder that the file describes.
func (f *jsonFile) encoder(pieces []string, special []bool) (encoder, error) {
	switch f.Kind {
	case "char":
		return newCharEncoder(pieces, special), checkChars(pieces, special)
	case "byte":
		return byteEncoder{}, checkBytes(pieces, special)
	case "bpe":
		return bpeFromFile(f, pieces, special)
	case "word":
		return newWords(f.Split, pieces, special)
	case "llama":
		return newLlama(f.Scores, pieces, special)
	case kindImported:
		return importedFromFile(f, pieces, special)
	}
	return nil, fmt.Errorf("kind %q is not supported: it must be char, byte, word, bpe, llama or huggingface", f.Kind)
}
