package record

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"euryale/data/textfile"
)

// The formats of records, as in data.format. "text" is running text, or a table of tab-separated columns.
const (
	auto      = "auto"
	plainText = "text"
	jsonLines = "jsonl"
	commas    = "csv"
	columnar  = "parquet"
)

// Formats are the values of data.format.
var Formats = []string{auto, plainText, jsonLines, commas, columnar}

// suffixes are the extensions of each format.
var suffixes = map[string]string{".jsonl": jsonLines, ".ndjson": jsonLines, ".csv": commas, ".parquet": columnar}

// Suffixes returns the extensions of files of records; each may be followed by .gz or .zst.
func Suffixes() []string { return []string{".jsonl", ".ndjson", ".csv", ".parquet"} }

// headSize is the number of bytes by which a format is recognized.
const headSize = 64 << 10

// file is an open file of records.
type file struct {
	rows
	note string         // what a user should know about it
	text *textfile.File // nil for Parquet
}

func (f *file) close() error {
	err := f.rows.close()
	if f.text != nil {
		err = errors.Join(err, f.text.Close())
	}
	return err
}

// open opens a file of records; it returns nil if the file is text or a table of tab-separated columns.
func open(path string, c Config) (*file, error) {
	if c.Format == plainText {
		return nil, nil
	}
	t, err := textfile.Open(path)
	if other := (*textfile.NotTextError)(nil); c.Format == columnar || errors.As(err, &other) && other.Format == textfile.Parquet {
		if t != nil {
			t.Close()
		}
		p, err := newParquetRows(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return &file{rows: p}, nil
	}
	if err != nil {
		return nil, err
	}
	f, err := openText(t, path, c)
	if f == nil || err != nil {
		t.Close()
	}
	return f, err
}

// openText opens the records of a text file.
func openText(t *textfile.File, path string, c Config) (*file, error) {
	r := bufio.NewReaderSize(t, headSize)
	peeked, err := r.Peek(headSize)
	if err != nil && err != io.EOF {
		return nil, err
	}
	head, whole := string(peeked), err == io.EOF
	format := recognize(path, head, whole, c)
	if format == plainText {
		return nil, nil
	}
	if err := t.Refuse(); c.Invalid == "refuse" && err != nil {
		return nil, err
	}
	f := &file{text: t, note: t.EncodingNote()}
	switch {
	case format == jsonLines && arrayStart(head) != "":
		f.rows = newJSONArray(r, head)
		return f, nil
	case format == jsonLines:
		f.rows = newJSONRows(r, head)
		return f, nil
	}
	f.rows, err = newCSVRows(r, head)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// recognize returns the format of a text file: by its content, or by its name where the content says
// nothing else.
func recognize(path, head string, whole bool, c Config) string {
	if c.Format != auto && c.Format != "" {
		return c.Format
	}
	if isJSONLines(head, whole) || arrayStart(head) != "" {
		return jsonLines
	}
	first, _, _ := strings.Cut(head, "\n")
	if !c.RunningText && strings.Contains(first, "\t") {
		return plainText
	}
	if names := csvNames(head, whole); names != nil {
		if l, err := find(names, c); l != nil && err == nil {
			return commas
		}
	}
	format := suffixes[filepath.Ext(textfile.TrimCompression(path))]
	if format == "" || format == columnar || strings.TrimSpace(head) == "" {
		return plainText
	}
	return format
}

// partOf returns the name of the part that the name of a file has as a word, as train-00000.parquet has; ""
// if there is none, or several.
func partOf(path string, parts func(word string) (string, bool)) string {
	words := strings.FieldsFunc(strings.ToLower(filepath.Base(path)), func(r rune) bool { return strings.ContainsRune("-_.", r) })
	var found []string
	for _, word := range words {
		if part, ok := parts(word); ok && !slices.Contains(found, part) {
			found = append(found, part)
		}
	}
	if len(found) == 1 {
		return found[0]
	}
	return ""
}
