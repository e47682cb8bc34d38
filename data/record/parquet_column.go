//go:build !browser

package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
)

// parquetValue is a value of a column; null is absent.
type parquetValue struct {
	text string
	null bool
}

// parquetRow is a row of a Parquet file.
type parquetRow struct {
	values          map[string][]parquetValue
	roles, contents []parquetValue
}

// size returns the bytes of the row.
func (r *parquetRow) size() (n int) {
	for _, values := range r.values {
		for _, v := range values {
			n += len(v.text)
		}
	}
	for _, v := range r.contents {
		n += len(v.text)
	}
	return n
}

func (r *parquetRow) text(column string) (string, bool, error) {
	values := r.values[column]
	if len(values) != 1 || values[0].null {
		return "", false, nil
	}
	return values[0].text, true, nil
}

func (r *parquetRow) turns(l *Layout) ([]Turn, error) {
	if written, ok, _ := r.text(l.Message.List); ok {
		return jsonTurns(json.RawMessage(written), l)
	}
	if len(r.roles) != len(r.contents) {
		return nil, fmt.Errorf("it has %d roles and %d contents", len(r.roles), len(r.contents))
	}
	var all []Turn
	for i, role := range r.roles {
		if len(r.roles) == 1 && role.null && r.contents[i].null {
			break // an empty list is one null
		}
		all = append(all, Turn{role.text, r.contents[i].text})
	}
	return checkTurns(all)
}

// columnReader reads a column row by row.
type columnReader struct {
	name   string
	pages  parquet.Pages
	page   parquet.Page
	reader parquet.ValueReader
	buf    [64]parquet.Value
	held   []parquet.Value // of buf, not yet returned
}

// next returns the values of the next row: one, or those of a list.
func (c *columnReader) next() (values []parquetValue, err error) {
	for {
		if len(c.held) == 0 {
			if err := c.fill(); err == io.EOF && len(values) > 0 {
				return values, nil
			} else if err != nil {
				return nil, err
			}
		}
		v := c.held[0]
		if len(values) > 0 && v.RepetitionLevel() == 0 {
			return values, nil
		}
		c.held = c.held[1:]
		values = append(values, parquetValue{valueText(v), v.IsNull()})
		if len(values) > maxRecord/64 {
			return nil, errors.New("a list is too long")
		}
	}
}

// valueText returns a copy of a text, or a number as it is written.
func valueText(v parquet.Value) string {
	switch v.Kind() {
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return string(v.ByteArray())
	}
	if v.IsNull() {
		return ""
	}
	return v.String()
}

// fill reads values, from the next page if there are no more in this one.
func (c *columnReader) fill() error {
	for {
		if c.reader == nil {
			if c.page != nil {
				parquet.Release(c.page) // next has copied its values
				c.page = nil
			}
			page, err := c.pages.ReadPage()
			if err != nil {
				return err
			}
			c.page, c.reader = page, page.Values()
		}
		n, err := c.reader.ReadValues(c.buf[:])
		c.held = c.buf[:n]
		if err != nil && err != io.EOF {
			return err
		}
		if err == io.EOF || n == 0 {
			c.reader = nil
		}
		if n > 0 {
			return nil
		}
	}
}

// close closes the column.
func (c *columnReader) close() error { return c.pages.Close() }
