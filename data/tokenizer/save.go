package tokenizer

import (
	"fmt"
	"io"

	"euryale/internal/runfile"
)

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

// file returns the content of tokenizer.json for v.
func (v *vocabulary) file() *jsonFile {
	f := &jsonFile{Format: formatName, Version: formatVersion, Kind: v.kind(), Specials: map[string]int{}}
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
