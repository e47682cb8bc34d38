package task

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
)

// The parts of a corpus. Only tables with a split column have a test part.
const (
	TrainPart = iota
	ValidPart
	TestPart
)

// partNames are the words of a split column, part by part.
var partNames = [][]string{
	{"train", "training"},
	{"valid", "validation", "val", "dev"},
	{"test"},
}

// PartName is the name of a part.
func PartName(part int) string { return partNames[part][0] }

// ParsePart returns the part of that name.
func ParsePart(name string) (int, error) {
	for part, names := range partNames {
		if slices.Contains(names, strings.ToLower(name)) {
			return part, nil
		}
	}
	return 0, fmt.Errorf("%q is no part of a corpus: the parts are train, valid and test", name)
}

// splitter deals rows into parts: as the table's split column says, else by a hash of the key,
// so that equal keys come together and a row added later moves no other.
type splitter struct {
	column int // of the split column, or −1
	key    []int
	share  float64
}

// newSplitter finds the columns; key is used where data.key is empty.
func newSplitter(t *Table, c Config, key []int) (*splitter, error) {
	s := &splitter{column: slices.Index(t.header, "split"), key: key, share: c.Split}
	given, err := t.columns("key", c.Key)
	if given != nil {
		s.key = given
	}
	return s, err
}

// part returns the part of a row.
func (s *splitter) part(t *Table, r row) (int, error) {
	if s.column >= 0 {
		part, err := ParsePart(r.cells[s.column])
		if err != nil {
			return 0, fmt.Errorf("%s:%d: split column: %w", t.from, r.line, err)
		}
		return part, nil
	}
	sum := sha256.Sum256([]byte(strings.Join(pick(r.cells, s.key), "\t")))
	if float64(binary.LittleEndian.Uint64(sum[:8])) < s.share*math.MaxUint64 {
		return TrainPart, nil
	}
	return ValidPart, nil
}

// pick returns some of the cells.
func pick(cells []string, columns []int) []string {
	picked := make([]string, len(columns))
	for i, column := range columns {
		picked[i] = cells[column]
	}
	return picked
}
