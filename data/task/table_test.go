package task

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

func FuzzParseTable(f *testing.F) {
	f.Add([]byte("# a\tb\nx\ty\r\n\nz\t\n"), true)
	f.Add([]byte("a\tb\nc\n\xff\x00\td"), false)
	f.Fuzz(func(t *testing.T, text []byte, refuse bool) {
		c := Config{Ragged: "skip", Invalid: "keep"}
		if refuse {
			c = Config{Ragged: "refuse", Invalid: "refuse"}
		}
		table, err := parseTable(bytes.NewReader(text), "x.tsv", c)
		if err != nil {
			assert.Contains(t, err.Error(), "x.tsv:")
			return
		}
		for _, r := range table.rows {
			assert.Len(t, r.cells, len(table.rows[0].cells))
			if refuse {
				assert.True(t, utf8.ValidString(strings.Join(r.cells, "")))
			}
		}
	})
}

func TestHugeLineIsRejected(t *testing.T) {
	_, err := parseTable(strings.NewReader("a\tb\n"+strings.Repeat("x", maxLine+1)), "rows.tsv", Config{})
	assert.ErrorContains(t, err, "rows.tsv: a line is longer than 16 MB")
}
