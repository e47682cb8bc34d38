// Package card describes a run by what was measured of it: a model card (Mitchell et al. 2019,
// https://arxiv.org/abs/1810.03993), as a page in English and Chinese and as the README.md of an export.
package card

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"euryale/internal/runfile"
)

// Dir is the directory of a run that holds its sections, one file each.
const Dir = "measured"

// Text is a text in English and Chinese.
type Text struct {
	En string `json:"en"`
	Zh string `json:"zh"`
}

// Same returns a text that is the same in both languages, such as a name or a number.
func Same(text string) Text { return Text{text, text} }

// Section is a measurement of a run, as a part of its card.
type Section struct {
	Name     string             `json:"name"` // of letters, digits and hyphens, such as "minimal-pairs": the file has it
	Title    Text               `json:"title"`
	Summary  Text               `json:"summary"`           // what was found, in one or two sentences
	Columns  []Text             `json:"columns,omitempty"` // heads of the table; the first is that of the labels
	Rows     []Row              `json:"rows,omitempty"`
	Pictures []Picture          `json:"pictures,omitempty"`
	Notes    []Text             `json:"notes,omitempty"` // method, its source, and what the figures do not say
	Command  string             `json:"command"`         // that measured it
	Values   map[string]float64 `json:"values,omitempty"`
	Model    string             `json:"model"` // fingerprint of the weights that were measured
}

// Row is a line of a section's table.
type Row struct {
	Label Text     `json:"label"`
	Cells []string `json:"cells"` // as many as the section has columns after the first
}

// Picture is an SVG with its caption.
type Picture struct {
	SVG     string `json:"svg"` // an element, without an XML declaration
	Caption Text   `json:"caption"`
}

var validName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// check returns an error if the section cannot be shown.
func (s *Section) check() error {
	if !validName.MatchString(s.Name) {
		return fmt.Errorf("section name %q: want letters a to z, digits and single hyphens", s.Name)
	}
	if s.Title.En == "" || s.Title.Zh == "" {
		return fmt.Errorf("section %s: the title lacks a language", s.Name)
	}
	for i, r := range s.Rows {
		if len(r.Cells) != len(s.Columns)-1 {
			return fmt.Errorf("section %s, row %d: %d cells, where the table has %d columns with the labels", s.Name, i+1, len(r.Cells), len(s.Columns))
		}
	}
	for i, p := range s.Pictures {
		if !strings.HasPrefix(p.SVG, "<svg") {
			return fmt.Errorf("section %s, picture %d: want an svg element", s.Name, i+1)
		}
	}
	return nil
}

// Save writes the section to the directory of a run, in place of an earlier one of its name.
func (s *Section) Save(run string) error {
	if err := s.check(); err != nil {
		return err
	}
	dir := filepath.Join(run, Dir)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	return runfile.WriteAtomic(filepath.Join(dir, s.Name+".json"), func(w io.Writer) error {
		j := json.NewEncoder(w)
		j.SetIndent("", " ")
		j.SetEscapeHTML(false)
		return j.Encode(s)
	})
}

// Load reads the sections of a run, in the order of their names. A run without any is no error.
func Load(run string) (all []Section, err error) {
	dir := filepath.Join(run, Dir)
	files, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	for _, f := range files {
		path := filepath.Join(dir, f.Name())
		if filepath.Ext(path) != ".json" {
			continue
		}
		s, err := load(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w: delete the file, or measure again", path, err)
		}
		all = append(all, *s)
	}
	return all, err
}

// maxSection is the size of the largest file of a section in bytes.
const maxSection = 16 << 20

func load(path string) (*Section, error) {
	raw, err := runfile.ReadBounded(path, maxSection)
	if err != nil {
		return nil, err
	}
	var s Section
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, runfile.JSONError(err)
	}
	if want := strings.TrimSuffix(filepath.Base(path), ".json"); s.Name != want {
		return nil, fmt.Errorf("it has the section %q", s.Name)
	}
	return &s, s.check()
}
