package record

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// csvRows reads comma-separated values (RFC 4180) whose first record has the names of the columns. A
// semicolon may separate them, if the names have it and no comma.
type csvRows struct {
	csv    *csv.Reader
	limit  *recordLimit
	header []string
	at     map[string]int
	line   int // of the last record
}

// csvRow is a record of a CSV file.
type csvRow struct {
	cells []string
	at    map[string]int
}

func newCSVRows(r io.Reader, head string) (*csvRows, error) {
	limit := &recordLimit{r: r}
	limit.allow()
	c := &csvRows{csv: csvReader(limit, head), limit: limit, at: map[string]int{}, line: 1}
	header, err := c.csv.Read()
	if err == io.EOF {
		return nil, errors.New("the file is empty")
	}
	if err != nil {
		return nil, fmt.Errorf("line 1, which has the names of the columns: %w", csvCause(err))
	}
	for i, name := range header {
		name = strings.TrimSpace(name)
		if _, ok := c.at[name]; ok && name != "" {
			return nil, fmt.Errorf("line 1 has the name %q twice: it must have the names of the columns", name)
		}
		c.at[name] = i
		c.header = append(c.header, name)
	}
	return c, nil
}

// csvReader returns a reader with the separator that the first line of head has.
func csvReader(r io.Reader, head string) *csv.Reader {
	c := csv.NewReader(r)
	if first, _, _ := strings.Cut(head, "\n"); strings.Contains(first, ";") && !strings.Contains(first, ",") {
		c.Comma = ';'
	}
	return c
}

// csvNames returns the names of the columns if head is the beginning of a CSV file: if its first records
// have equal numbers of fields, two or more.
func csvNames(head string, whole bool) []string {
	r := csvReader(strings.NewReader(head), head)
	header, err := r.Read()
	if err != nil || len(header) < 2 {
		return nil
	}
	const least = 4 // records that tell
	for n := range least {
		if _, err := r.Read(); err == io.EOF && n > 0 {
			break
		} else if err != nil {
			return nil
		}
		if !whole && r.InputOffset() > int64(len(head)/2) {
			break // the rest may be cut off within a field
		}
	}
	names := make([]string, len(header))
	for i, name := range header {
		names[i] = strings.TrimSpace(name)
		if names[i] == "" || slices.Contains(names[:i], names[i]) {
			return nil
		}
	}
	return names
}

func (c *csvRows) names() []string    { return c.header }
func (c *csvRows) open(*Layout) error { return nil }
func (c *csvRows) close() error       { return nil }

// next returns the next record.
func (c *csvRows) next() (row, int, error) {
	c.limit.allow()
	cells, err := c.csv.Read()
	var wrong *csv.ParseError
	switch {
	case errors.Is(err, csv.ErrFieldCount):
		line, _ := c.csv.FieldPos(0)
		return nil, line, &BadError{line, fmt.Errorf("%d fields where %d are expected", len(cells), len(c.header))}
	case errors.As(err, &wrong) && wrong.Err != io.EOF:
		return nil, wrong.StartLine, &BadError{wrong.StartLine, csvCause(err)}
	case err == io.EOF:
		return nil, c.line, err
	case err != nil:
		return nil, c.line, fmt.Errorf("after line %d: %w", c.line, err)
	}
	c.line, _ = c.csv.FieldPos(0)
	return csvRow{cells, c.at}, c.line, nil
}

// csvCause returns what is wrong with a record.
func csvCause(err error) error {
	var wrong *csv.ParseError
	if errors.As(err, &wrong) {
		return fmt.Errorf("byte %d of line %d: %w", wrong.Column, wrong.Line, wrong.Err)
	}
	return err
}

func (r csvRow) text(column string) (string, bool, error) {
	i, ok := r.at[column]
	if !ok {
		return "", false, nil
	}
	return r.cells[i], true, nil
}

func (r csvRow) turns(l *Layout) ([]Turn, error) {
	text, _, _ := r.text(l.Message.List)
	return jsonTurns(json.RawMessage(strings.TrimSpace(text)), l)
}

// recordLimit is a reader that fails when a record is too long, as when a quote is not closed.
type recordLimit struct {
	r    io.Reader
	left int
}

// allow begins a record.
func (l *recordLimit) allow() { l.left = maxRecord }

// Read reads at most as many bytes as a record may have.
func (l *recordLimit) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, fmt.Errorf("a record is longer than %d MB (is a quote not closed?)", maxRecord>>20)
	}
	n, err := l.r.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}
