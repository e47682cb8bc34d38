package task

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"euryale/data/textfile"
)

// maxLine is the length of the longest line of a table in bytes; a file with a longer one is rejected.
const maxLine = 16 << 20

// Table is a table of text cells, read from a file of tab-separated values or generated.
type Table struct {
	from   string   // name of the file, for messages
	header []string // names of the columns, if the first line begins with '#'; else nil
	rows   []row
	named  bool   // a column was found by its name
	places places // files, for messages about rows
	What   string // the records that it was read from, such as "200 dialogues (messages)"

	messages bool     // the rows are messages: the column "opening" is the key of a dialogue
	splits   bool     // the column "split" may be empty
	Notes    []string // what a user should know about the file
	Skipped  int      // number of ragged rows left out
	Bytes    int64    // of text
}

// row is one line of a table.
type row struct {
	line  int
	cells []string
}

// NewTable returns an empty table, to be filled with Add.
func NewTable(from string, header ...string) *Table {
	return &Table{from: from, header: header, places: places{{from, 0}}}
}

// Add appends a row.
func (t *Table) Add(cells ...string) { t.add(len(t.rows)+1, cells) }

// add appends the row of a line.
func (t *Table) add(line int, cells []string) {
	t.rows = append(t.rows, row{line, cells})
	for _, cell := range cells {
		t.Bytes += int64(len(cell)) + 1
	}
}

// Size returns the number of rows.
func (t *Table) Size() int { return len(t.rows) }

// ReadTable reads a TSV file, as textfile.Open does.
func ReadTable(path string, c Config) (*Table, error) {
	f, err := textfile.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := f.Refuse(); c.Invalid == "refuse" && err != nil {
		return nil, err
	}
	t, err := parseTable(f, path, c)
	if err == nil && f.Note() != "" {
		t.Notes = append(t.Notes, f.Note())
	}
	if err == nil && len(t.rows) == 0 {
		err = fmt.Errorf("%s: the table has no rows", path)
	}
	return t, err
}

// parseTable reads the rows of r. Each row must have as many cells as the header or, without a header,
// as the first row.
func parseTable(r io.Reader, from string, c Config) (*Table, error) {
	t := &Table{from: from, places: places{{from, 0}}}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	want := 0
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSuffix(lines.Text(), "\r")
		t.Bytes += int64(len(lines.Bytes())) + 1
		if err := refuseInvalid(text, c); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", from, n, err)
		}
		if n == 1 && strings.HasPrefix(text, "#") {
			t.header = strings.Split(strings.TrimSpace(strings.TrimPrefix(text, "#")), "\t")
			want = len(t.header)
			continue
		}
		if text == "" {
			continue
		}
		cells := strings.Split(text, "\t")
		if want == 0 {
			want = len(cells)
		}
		if len(cells) != want {
			if err := t.ragged(c, n, fmt.Sprintf("%d columns where %d are expected", len(cells), want)); err != nil {
				return nil, err
			}
			continue
		}
		t.rows = append(t.rows, row{n, cells})
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return nil, fmt.Errorf("%s: a line is longer than %d MB: the file is not a table of tab-separated columns", from, maxLine>>20)
	}
	return t, lines.Err()
}

// HeaderNote says that the first line was not read as a row, unless the configuration uses its names.
func (t *Table) HeaderNote() string {
	if t.header == nil || t.named {
		return ""
	}
	return fmt.Sprintf("line 1 of %s begins with # and was read as the names of the columns (%s): to use it as a row, put a line of names before it, such as #source<tab>target",
		t.from, strings.Join(t.header, ", "))
}

// refuseInvalid applies data.invalid to a line.
func refuseInvalid(line string, c Config) error {
	if c.Invalid != "refuse" {
		return nil
	}
	if i, err := textfile.FirstInvalid(line); i >= 0 {
		return &textfile.OffsetError{Offset: int64(i), Err: err}
	}
	return nil
}

// ragged applies data.ragged to a row with a missing cell or text.
func (t *Table) ragged(c Config, line int, what string) error {
	if c.Ragged == "skip" {
		t.Skipped++
		return nil
	}
	return fmt.Errorf("%s: %s: correct the row, or skip such rows with data.ragged = \"skip\"", t.places.at(line), what)
}

// columns returns the indices of the columns in spec, such as "1" or "form,title": numbers from 1 or
// names. key is the configuration key of spec, for errors.
func (t *Table) columns(key, spec string) ([]int, error) {
	if spec == "" {
		return nil, nil
	}
	var found []int
	for name := range strings.SplitSeq(spec, ",") {
		i, err := t.column(strings.TrimSpace(name))
		if err != nil {
			return nil, fmt.Errorf("data.%s is %q: %w", key, spec, err)
		}
		found = append(found, i)
	}
	return found, nil
}

// nameOf returns the name of a single column of the header, or "".
func (t *Table) nameOf(spec string) string {
	if i, err := t.column(spec); err == nil && t.header != nil {
		return t.header[i]
	}
	return ""
}

// column returns the index of a column. The name may omit a suffix in parentheses: "long description"
// finds "long description (input)".
func (t *Table) column(name string) (int, error) {
	width := len(t.header)
	if width == 0 && len(t.rows) > 0 {
		width = len(t.rows[0].cells)
	}
	if n, err := strconv.Atoi(name); err == nil {
		if n == 2 && width == 1 {
			return 0, fmt.Errorf("%s has one column: columns are separated by tabs, not by commas or spaces", t.from)
		}
		if n < 1 || n > width {
			return 0, fmt.Errorf("%s has columns 1 to %d", t.from, width)
		}
		return n - 1, nil
	}
	for i, h := range t.header {
		if short, _, _ := strings.Cut(h, " ("); name == h || name == short {
			t.named = true
			return i, nil
		}
	}
	if t.header == nil {
		return 0, fmt.Errorf("%s has no header (a first line that begins with #): use column numbers from 1 to %d", t.from, width)
	}
	return 0, fmt.Errorf("%s has no column %q: its columns are %s", t.from, name, strings.Join(t.header, ", "))
}
