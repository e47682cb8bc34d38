package constraint

import (
	"fmt"
	"os"
	"strings"
	"unicode/utf8"
)

// Rhymes are the tones and the rhyme classes of characters, as in the 平水韵.
type Rhymes struct{ readings map[rune]reading }

// reading is what a character can be read as: in its level tones, in its oblique ones, or both.
type reading struct {
	level, oblique bool
	rhymes         classes // of its level tones
}

// classes is a set of rhyme classes.
type classes [2]uint64

// maxClasses is the most rhyme classes of level tones; the 平水韵 has 30.
const maxClasses = 128

func (c classes) and(d classes) classes { return classes{c[0] & d[0], c[1] & d[1]} }

// chars returns the characters of the table.
func (t *Rhymes) chars() string {
	var b strings.Builder
	for r := range t.readings {
		b.WriteRune(r)
	}
	return b.String()
}

// ReadRhymes reads a table of rhymes. Each line has a tone, a rhyme class and its characters, separated
// by tabs:
//
//	平	东	东同铜桐筒童
//	仄	董	董动孔总笼
//
// The tone is 平, or one of 仄上去入, which are oblique. A character with several readings is in several
// lines. Empty lines and lines that begin with # are comments.
func ReadRhymes(path string) (*Rhymes, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	t := &Rhymes{map[rune]reading{}}
	known := map[string]int{}
	for i, line := range strings.Split(strings.TrimPrefix(string(text), "\ufeff"), "\n") {
		line = strings.TrimRight(line, "\r")
		if line == "" || line[0] == '#' {
			continue
		}
		if err := t.add(line, known); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", path, i+1, err)
		}
	}
	if len(t.readings) == 0 {
		return nil, fmt.Errorf("%s: the table has no characters", path)
	}
	return t, nil
}

// add reads a line. Known are the classes of level tones so far.
func (t *Rhymes) add(line string, known map[string]int) error {
	fields := strings.Split(line, "\t")
	if len(fields) != 3 || !utf8.ValidString(line) {
		return fmt.Errorf("%q: want a tone, a rhyme class and its characters, separated by tabs", brief(line))
	}
	level := fields[0] == "平"
	if !level && (utf8.RuneCountInString(fields[0]) != 1 || !strings.Contains("仄上去入", fields[0])) {
		return fmt.Errorf("there is no tone %q: want 平, 仄, 上, 去 or 入", fields[0])
	}
	class, ok := known[fields[1]]
	if level && !ok {
		if class = len(known); class == maxClasses {
			return fmt.Errorf("class %q is one too many: want at most %d of level tone", fields[1], maxClasses)
		}
		known[fields[1]] = class
	}
	for _, r := range fields[2] {
		of := t.readings[r]
		of.level, of.oblique = of.level || level, of.oblique || !level
		if level {
			of.rhymes[class/64] |= 1 << (class % 64)
		}
		t.readings[r] = of
	}
	return nil
}
