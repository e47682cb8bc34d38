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

// maxLine bounds a line of a table: a longer one means that the file is no table.
const maxLine = 16 << 20

// Table is rows of tab-separated cells, as read from a file or generated.
type Table struct {
	from    string   // the file, for messages
	header  []string // names of the columns, from a first line that begins with '#'; nil if there is none
	rows    []row
	Skipped int // ragged rows left out
	Bytes   int64
}

// row is one line of a table.
type row struct {
	line  int
	cells []string
}

// NewTable is a table without rows, to be generated.
func NewTable(from string, header ...string) *Table { return &Table{from: from, header: header} }

// Add appends a generated row.
func (t *Table) Add(cells ...string) {
	t.rows = append(t.rows, row{len(t.rows) + 1, cells})
	for _, cell := range cells {
		t.Bytes += int64(len(cell)) + 1
	}
}

// Size is the number of rows.
func (t *Table) Size() int { return len(t.rows) }

// ReadTable reads a TSV file, through gzip if it is named .gz.
func ReadTable(path string, c Config) (*Table, error) {
	f, err := textfile.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t, err := parseTable(f, path, c)
	if err == nil && len(t.rows) == 0 {
		err = fmt.Errorf("%s: the table has no rows", path)
	}
	return t, err
}

// parseTable reads the rows of r. Every row must have as many cells as the header, or as the
// first row.
func parseTable(r io.Reader, from string, c Config) (*Table, error) {
	t := &Table{from: from}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	want := 0
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSuffix(lines.Text(), "\r")
		if n == 1 {
			text = strings.TrimPrefix(text, "\ufeff") // the mark some programs put before UTF-8
		}
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
		return nil, fmt.Errorf("%s: a line is longer than %d MB: this is no table of tab-separated columns", from, maxLine>>20)
	}
	return t, lines.Err()
}

// refuseInvalid applies the policy data.invalid to one line.
func refuseInvalid(line string, c Config) error {
	if c.Invalid != "refuse" {
		return nil
	}
	if i, err := textfile.FirstInvalid(line); i >= 0 {
		return &textfile.OffsetError{Offset: int64(i), Err: err}
	}
	return nil
}

// ragged applies the policy data.ragged to a row that lacks something.
func (t *Table) ragged(c Config, line int, what string) error {
	if c.Ragged == "skip" {
		t.Skipped++
		return nil
	}
	return fmt.Errorf("%s:%d: %s: mend the row, or leave such rows out with data.ragged = \"skip\"", t.from, line, what)
}

// columns finds columns by number from 1 or by name, given as "1" or "form,title".
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

// column finds one column. A header such as "long description (input)" may be asked for without
// what is in parentheses.
func (t *Table) column(name string) (int, error) {
	width := len(t.header)
	if width == 0 && len(t.rows) > 0 {
		width = len(t.rows[0].cells)
	}
	if n, err := strconv.Atoi(name); err == nil {
		if n < 1 || n > width {
			return 0, fmt.Errorf("%s has columns 1 to %d", t.from, width)
		}
		return n - 1, nil
	}
	for i, h := range t.header {
		if short, _, _ := strings.Cut(h, " ("); name == h || name == short {
			return i, nil
		}
	}
	if t.header == nil {
		return 0, fmt.Errorf("%s names no columns in a first line that begins with #: give numbers from 1 to %d", t.from, width)
	}
	return 0, fmt.Errorf("%s has no column %q: it has %s", t.from, name, strings.Join(t.header, ", "))
}
