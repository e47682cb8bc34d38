package task

import (
	"slices"
	"strconv"
	"strings"

	"euryale/data/record"
)

// assistants are the speakers whose turns are the targets of dialogues from messages, if data.reply is
// empty: the first of them who speaks.
var assistants = []string{"assistant", "gpt"}

// instructors are speakers of messages who take no turns: none of the others answers them.
var instructors = []string{"system", "developer", "tool"}

// openingColumn has the first text of a dialogue from messages. Dialogues with the same one stay in one part.
const openingColumn = dialogueColumns

// PartWord returns the name of the part that a word names.
func PartWord(word string) (part string, ok bool) {
	i, err := ParsePart(word)
	if err != nil {
		return "", false
	}
	return PartName(i), true
}

// ReadRecords reads a set of records as a table. It returns the configuration with the names of the columns
// and, of messages, the speaker who replies.
func ReadRecords(s *record.Set, c Config) (*Table, Config, error) {
	l := s.Layout
	t := &Table{from: s.Name, named: true, messages: l.Kind == record.Dialogues}
	switch l.Kind {
	case record.Pairs:
		t.header = slices.Concat(l.Source, l.Target)
	default:
		t.header = []string{dialogueColumn: "id", turnColumn: "turn", speakerColumn: "speaker", textColumn: "text"}
		if t.messages {
			t.header = append(t.header, "opening")
		}
	}
	t.header = append(t.header, l.Key...)
	t.splits = l.Split || s.Parts != nil
	if t.splits {
		t.header = append(t.header, "split")
	}
	count, last := 0, 0
	err := s.Each(func(i int, r record.Record) error {
		for len(t.places) <= i {
			t.places = append(t.places, place{s.Files[len(t.places)], last})
		}
		last = max(last, t.places[i].before+r.Line)
		rest := r.Key
		if t.splits {
			rest = append(slices.Clone(r.Key), s.Part(i, r))
		}
		count++
		for _, cells := range recordCells(l, r, count) {
			t.add(t.places[i].before+r.Line, append(cells, rest...))
		}
		return nil
	})
	if err != nil {
		return nil, c, err
	}
	t.What = l.Describe(count)
	t.Notes = slices.Clone(s.Notes)
	if note := s.Skipped.Note(); note != "" {
		t.Notes = append(t.Notes, note)
	}
	return t, t.configured(l, c), nil
}

// recordCells returns the rows of a record, without its key and its part. Number n identifies a dialogue.
func recordCells(l *record.Layout, r record.Record, n int) [][]string {
	switch l.Kind {
	case record.Pairs:
		source := slices.Clone(r.Source)
		for i := range source {
			if len(source) > 1 { // prompts have tabs between fields
				source[i] = strings.ReplaceAll(source[i], "\t", "    ")
			}
		}
		return [][]string{append(source, r.Target...)}
	case record.TurnRows:
		return [][]string{slices.Clone(r.Target)}
	}
	opening := r.Turns[0].Text
	if i := slices.IndexFunc(r.Turns, func(t record.Turn) bool { return !slices.Contains(instructors, t.Speaker) }); i >= 0 {
		opening = r.Turns[i].Text
	}
	rows := make([][]string, len(r.Turns))
	for i, turn := range r.Turns {
		rows[i] = []string{strconv.Itoa(n), strconv.Itoa(i), turn.Speaker, turn.Text, opening}
	}
	return rows
}

// configured returns c with the names of the columns and the speaker who replies.
func (t *Table) configured(l *record.Layout, c Config) Config {
	if l.Kind == record.Pairs {
		c.Source, c.Target = strings.Join(l.Source, ","), strings.Join(l.Target, ",")
	}
	c.Key = strings.Join(l.Key, ",")
	if t.messages && c.Reply == "" {
		for _, name := range assistants {
			if slices.ContainsFunc(t.rows, func(r row) bool { return r.cells[speakerColumn] == name }) {
				c.Reply = name
				break
			}
		}
	}
	return c
}

// place is a file of a table, and the number of lines before it.
type place struct {
	file   string
	before int
}

// places are the files of a table in the order of their rows.
type places []place

// at returns the file and the line of a row.
func (p places) at(line int) string {
	i := len(p) - 1
	for i > 0 && p[i].before >= line {
		i--
	}
	return p[i].file + ":" + strconv.Itoa(line-p[i].before)
}
