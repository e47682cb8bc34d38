package task

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
)

// The parts of a corpus. There is a test part if data.test is set, or if a table has a split column.
const (
	TrainPart = iota
	ValidPart
	TestPart
)

// partNames are the accepted names of each part in a split column; the first is the name of the part.
var partNames = [][]string{
	{"train", "training"},
	{"valid", "validation", "val", "dev"},
	{"test"},
}

// PartName returns the name of a part.
func PartName(part int) string { return partNames[part][0] }

// PartTitle returns what messages call a part: "training", "validation" or "test".
func PartTitle(part int) string { return [...]string{"training", "validation", "test"}[part] }

// ParsePart returns the part with the given name.
func ParsePart(name string) (int, error) {
	for part, names := range partNames {
		if slices.Contains(names, strings.ToLower(name)) {
			return part, nil
		}
	}
	return 0, fmt.Errorf("there is no part %q: the parts are train, valid and test", name)
}

// splitter assigns rows to parts: by the split column of the table, or else by a hash of the key, so
// that rows with equal keys are in the same part and an added row does not move others.
type splitter struct {
	column   int     // index of the split column, or −1
	key      []int   // indices of the key columns
	fraction float64 // of the rows, for training
	test     float64 // fraction of the rows for the test part
}

// newSplitter returns the splitter of a table; key are the key columns if data.key is empty.
func newSplitter(t *Table, c Config, key []int) (*splitter, error) {
	s := &splitter{column: slices.Index(t.header, "split"), key: key, fraction: c.Split, test: c.Test}
	t.named = t.named || s.column >= 0
	if s.column >= 0 && c.Test > 0 {
		return nil, fmt.Errorf("data.test is %v, but %s has a split column, which names the test part: leave data.test at 0", c.Test, t.from)
	}
	given, err := t.columns("key", c.Key)
	if given != nil {
		s.key = given
	}
	return s, err
}

// part returns the part of a row.
func (s *splitter) part(t *Table, r row) (int, error) {
	if s.column >= 0 && !(t.splits && r.cells[s.column] == "") {
		part, err := ParsePart(r.cells[s.column])
		if err != nil {
			return 0, fmt.Errorf("%s: split column: %w", t.places.at(r.line), err)
		}
		return part, nil
	}
	sum := sha256.Sum256([]byte(strings.Join(pick(r.cells, s.key), "\t")))
	switch at := float64(binary.LittleEndian.Uint64(sum[:8])); {
	case at < s.fraction*math.MaxUint64:
		return TrainPart, nil
	case at >= (1-s.test)*math.MaxUint64 && s.test > 0:
		return TestPart, nil
	}
	return ValidPart, nil
}

// pick returns the cells of the given columns.
func pick(cells []string, columns []int) []string {
	picked := make([]string, len(columns))
	for i, column := range columns {
		picked[i] = cells[column]
	}
	return picked
}
