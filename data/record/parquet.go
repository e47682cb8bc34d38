//go:build !browser

package record

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/parquet-go/parquet-go"

	"euryale/data/textfile"
)

// parquetRows reads the columns of a layout from a Parquet file, a page of each at a time.
type parquetRows struct {
	file    *os.File
	parquet *parquet.File
	columns []string // paths with dots between names
	values  []*columnReader
	list    struct{ role, content *columnReader }
	row     int
}

// newParquetRows opens a Parquet file. A compressed one is decompressed into a temporary file, since it is
// read from its end.
func newParquetRows(path string) (p *parquetRows, err error) {
	f, err := openPlain(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	p = &parquetRows{file: f}
	err = recovered(func() (err error) {
		if err := checkFooter(f, info.Size()); err != nil {
			return fmt.Errorf("not a whole Parquet file: %w", err)
		}
		p.parquet, err = parquet.OpenFile(f, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
		if err != nil {
			return fmt.Errorf("not a whole Parquet file: %w", err)
		}
		p.addColumns(p.parquet.Root(), nil)
		return nil
	})
	return p, err
}

// openPlain opens the file, or the temporary file of its decompressed bytes.
func openPlain(path string) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	magic := make([]byte, 4)
	if n, _ := f.ReadAt(magic, 0); string(magic[:n]) == "PAR1" || n < len(magic) {
		return f, nil // a shorter one is refused
	}
	f.Close()
	packed, err := textfile.OpenBytes(path)
	if err != nil {
		return nil, err
	}
	defer packed.Close()
	f, err = os.CreateTemp("", "euryale-*.parquet")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil { // it lasts as long as it is open
		f.Close()
		return nil, fmt.Errorf("%s: this system cannot read compressed Parquet files: decompress it: %w", path, err)
	}
	if _, err := io.Copy(f, packed); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// recovered calls f and returns a panic of the Parquet package as an error: the file is corrupt.
func recovered(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("corrupt Parquet file: %v", p)
		}
	}()
	return f()
}

// addColumns adds the paths of the columns below c, lists once.
func (p *parquetRows) addColumns(c *parquet.Column, path []string) {
	for _, child := range c.Columns() {
		at := append(path[:len(path):len(path)], child.Name())
		name := strings.Join(at, ".")
		p.columns = append(p.columns, name)
		if isList(child) {
			continue
		}
		p.addColumns(child, at)
	}
}

// isList reports whether a column has a list of values in each row: it, or its only child, is repeated.
func isList(c *parquet.Column) bool {
	children := c.Columns()
	return c.Repeated() || len(children) == 1 && children[0].Repeated()
}

func (p *parquetRows) names() []string { return p.columns }

func (p *parquetRows) close() error {
	var errs []error
	for _, v := range p.values {
		errs = append(errs, v.close())
	}
	for _, v := range []*columnReader{p.list.role, p.list.content} {
		if v != nil {
			errs = append(errs, v.close())
		}
	}
	return errors.Join(append(errs, p.file.Close())...)
}

// open opens the columns of a layout.
func (p *parquetRows) open(l *Layout) error {
	return recovered(func() error {
		for _, name := range l.all() {
			c := column(p.parquet.Root(), strings.Split(name, "."))
			if c == nil || !c.Leaf() || c.MaxRepetitionLevel() > 0 {
				return fmt.Errorf("column %s is not text", name)
			}
			if err := p.add(name, c); err != nil {
				return err
			}
		}
		if l.Kind != Dialogues {
			return nil
		}
		list := column(p.parquet.Root(), strings.Split(l.Message.List, "."))
		if list != nil && list.Leaf() && !isList(list) { // JSON in a string
			return p.add(l.Message.List, list)
		}
		role, content := inList(list, l.Message.Role), inList(list, l.Message.Content)
		if role == nil || content == nil {
			return fmt.Errorf("column %s is not a list of messages with %s and %s", l.Message.List, l.Message.Role, l.Message.Content)
		}
		for _, c := range []*parquet.Column{role, content} {
			if err := checkPages(p.file, p.parquet, c.Index()); err != nil {
				return err
			}
		}
		p.list.role, p.list.content = &columnReader{pages: role.Pages()}, &columnReader{pages: content.Pages()}
		return nil
	})
}

// add opens a column.
func (p *parquetRows) add(name string, c *parquet.Column) error {
	if err := checkPages(p.file, p.parquet, c.Index()); err != nil {
		return err
	}
	p.values = append(p.values, &columnReader{name: name, pages: c.Pages()})
	return nil
}

// column returns the column at a path, or nil.
func column(c *parquet.Column, path []string) *parquet.Column {
	for _, name := range path {
		if c = c.Column(name); c == nil {
			return nil
		}
	}
	return c
}

// inList returns the leaf of a name in the elements of a list, or nil. Writers name the groups between them
// differently.
func inList(c *parquet.Column, name string) *parquet.Column {
	if c == nil {
		return nil
	}
	if found := c.Column(name); found != nil && found.Leaf() && found.MaxRepetitionLevel() == 1 {
		return found
	}
	for _, child := range c.Columns() {
		if found := inList(child, name); found != nil {
			return found
		}
	}
	return nil
}

// next returns the next row.
func (p *parquetRows) next() (row, int, error) {
	r := &parquetRow{values: map[string][]parquetValue{}}
	if int64(p.row) == p.parquet.NumRows() {
		return nil, p.row, io.EOF
	}
	p.row++
	err := recovered(func() (err error) {
		for _, v := range p.values {
			if r.values[v.name], err = v.next(); err != nil {
				return err
			}
		}
		if p.list.role == nil {
			return nil
		}
		if r.roles, err = p.list.role.next(); err != nil {
			return err
		}
		r.contents, err = p.list.content.next()
		return err
	})
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the file ends here, before its last row")
	}
	if err != nil {
		return nil, p.row, fmt.Errorf("row %d: %w", p.row, err)
	}
	if r.size() > maxRecord {
		return nil, p.row, &BadError{p.row, fmt.Errorf("the row is longer than %d MB", maxRecord>>20)}
	}
	return r, p.row, nil
}
