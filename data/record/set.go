package record

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"euryale/data/textfile"
)

// Set is a number of files with records of one layout.
type Set struct {
	Name    string // of the file or the directory, for messages
	Files   []string
	Layout  *Layout
	Parts   []string // the part that each file's name says; nil if they say none
	Notes   []string // what a user should know about the files
	Skipped Skipped  // of the last call of Each

	config Config
}

// Skipped counts the records that could not be read.
type Skipped struct {
	Count int
	First []string // file, line and reason of the first of them
}

// mostShown is the number of bad records that are shown.
const mostShown = 3

// Open finds the records of a file or a directory; nil if it is text or a table of tab-separated columns.
// parts returns the part of a corpus that a word names.
func Open(path string, c Config, parts func(word string) (string, bool)) (*Set, error) {
	files, notes, err := list(path, c)
	if len(files) == 0 || err != nil {
		return nil, err
	}
	s := &Set{Name: path, Files: files, Notes: notes, config: c}
	for _, name := range files {
		if err := s.add(name); err != nil {
			return nil, err
		}
		if s.Layout == nil {
			return nil, nil
		}
	}
	s.setParts(parts)
	return s, nil
}

// add finds the layout of the first file, and checks that the others are such files.
func (s *Set) add(name string) error {
	f, err := open(name, s.config)
	if err != nil {
		return err
	}
	if f == nil {
		if s.Layout != nil {
			return fmt.Errorf("%s is not a file of records, as %s is: move it to another directory", name, s.Files[0])
		}
		return nil
	}
	defer f.close()
	if f.note != "" {
		s.Notes = append(s.Notes, f.note)
	}
	if s.Layout != nil {
		return nil
	}
	if len(f.names()) == 0 {
		if _, _, err := f.next(); err != nil && err != io.EOF {
			return fmt.Errorf("%s is not JSON Lines, though it is named or set so: line %w", name, err)
		}
		return fmt.Errorf("%s has no columns", name)
	}
	c := s.config
	switch f.rows.(type) {
	case *csvRows, *parquetRows:
		c.ordered = true
	}
	s.Layout, err = find(f.names(), c)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if s.Layout == nil {
		return misfit(name, f.names(), s.config)
	}
	return nil
}

// setParts sets the parts that the names of the files say, if there are training files and others.
func (s *Set) setParts(parts func(word string) (string, bool)) {
	found := make([]string, len(s.Files))
	for i, name := range s.Files {
		found[i] = partOf(name, parts)
		if found[i] == "" {
			return
		}
	}
	if slices.Contains(found, "train") && slices.ContainsFunc(found, func(p string) bool { return p != "train" }) {
		s.Parts = found
	}
}

// Key identifies how the records are read.
func (s *Set) Key() string {
	return fmt.Sprintf("records|%+v|%q|%s|%s", *s.Layout, s.Parts, s.config.Format, s.config.Ragged)
}

// Part returns the name of the part of a record of file i; "" if it has none.
func (s *Set) Part(i int, r Record) string {
	if r.Split != "" || s.Parts == nil {
		return r.Split
	}
	if s.Parts[i] == "train" && !slices.Contains(s.Parts, "valid") {
		return "" // some of them are for validation
	}
	return s.Parts[i]
}

// list returns the files of records at path; none if it is text.
func list(path string, c Config) (files, notes []string, err error) {
	if textfile.IsFile(path) {
		return []string{path}, nil, nil
	}
	if c.Format == plainText {
		return nil, nil, nil
	}
	files, notes, err = textfile.ListRecords(path, c.RunningText, Suffixes())
	return files, notes, err
}

// Each calls f with each record, file by file, and counts those that cannot be read. With data.ragged =
// "refuse" these are errors. i is the index of the file. Errors name file and line.
func (s *Set) Each(f func(i int, r Record) error) error {
	s.Skipped = Skipped{}
	found := false
	for i := range s.Files {
		err := s.eachOf(i, func(r Record) error { found = true; return f(i, r) })
		if err != nil {
			return err
		}
	}
	if !found {
		what := "it is empty"
		if len(s.Skipped.First) > 0 {
			what = strings.Join(s.Skipped.First, "; ")
		}
		return fmt.Errorf("%s has no records of %s (%s): %s", s.Name, s.Layout.Kind, s.Layout.Names(), what)
	}
	return nil
}

// eachOf calls f with each record of a file.
func (s *Set) eachOf(i int, f func(r Record) error) error {
	name := s.Files[i]
	file, err := open(name, s.config)
	if err != nil {
		return err
	}
	if file == nil {
		return fmt.Errorf("%s was changed while it was read", name)
	}
	defer file.close()
	if err := file.open(s.Layout); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for {
		r, err := s.next(file)
		bad := (*BadError)(nil)
		switch {
		case err == io.EOF:
			return nil
		case errors.As(err, &bad):
			if err := s.skip(name, bad); err != nil {
				return err
			}
			continue
		case err != nil:
			return fmt.Errorf("%s: %w", name, err)
		}
		err = s.checkBytes(&r)
		if err == nil {
			err = f(r)
		}
		if err != nil {
			return fmt.Errorf("%s:%d: %w", name, r.Line, err)
		}
	}
}

// next returns the next record of a file; a *BadError if it cannot be read.
func (s *Set) next(f *file) (Record, error) {
	r, line, err := f.next()
	if err != nil {
		return Record{}, err
	}
	rec, err := s.Layout.read(r, line)
	if err != nil {
		err = &BadError{line, err}
	}
	return rec, err
}

// skip counts a bad record; with data.ragged = "refuse" it is an error.
func (s *Set) skip(name string, bad *BadError) error {
	if s.config.Ragged == "refuse" {
		return fmt.Errorf("%s:%w: correct it, or skip such records with data.ragged = \"skip\"", name, bad)
	}
	s.Skipped.Count++
	if len(s.Skipped.First) < mostShown {
		s.Skipped.First = append(s.Skipped.First, fmt.Sprintf("%s:%v", name, bad))
	}
	return nil
}

// checkBytes returns an error if data.invalid is "refuse" and a text of the record has bytes that are not
// UTF-8.
func (s *Set) checkBytes(r *Record) error {
	if s.config.Invalid != "refuse" {
		return nil
	}
	return r.each(func(text string) error {
		i, err := textfile.FirstInvalid(text)
		if i < 0 {
			return nil
		}
		return &textfile.OffsetError{Offset: int64(i), Err: err}
	})
}

// Note says how many records could not be read, and why; "" if all could.
func (s Skipped) Note() string {
	if s.Count == 0 {
		return ""
	}
	note := fmt.Sprintf("%d records cannot be read and were skipped", s.Count)
	if len(s.First) > 0 {
		note += ": " + strings.Join(s.First, "; ")
	}
	if len(s.First) > 0 && s.Count > len(s.First) {
		note += "; …"
	}
	return note
}

// Describe names the records and their columns, such as "200 dialogues (messages)".
func (l *Layout) Describe(n int) string {
	kind := l.Kind
	if n == 1 {
		kind = strings.TrimSuffix(kind, "s")
	}
	return fmt.Sprintf("%d %s (%s)", n, kind, l.Names())
}
