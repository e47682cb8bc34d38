package record

import (
	"errors"
	"fmt"
	"strings"
)

// Record is one record of a file.
type Record struct {
	Line   int      // in the file, from 1; of Parquet the row
	Source []string // of Layout.Source
	Target []string // of Layout.Target
	Key    []string // of Layout.Key
	Split  string   // "" if the layout has none
	Turns  []Turn   // of a dialogue
}

// Turn is one message of a dialogue.
type Turn struct{ Speaker, Text string }

// BadError is a record that cannot be read. The next one can.
type BadError struct {
	Line   int
	Reason error
}

func (e *BadError) Error() string { return fmt.Sprintf("%d: %v", e.Line, e.Reason) }
func (e *BadError) Unwrap() error { return e.Reason }

// row is a record as its format has it.
type row interface {
	// text returns the text of a column; ok is false if the record has none.
	text(column string) (value string, ok bool, err error)
	// turns returns the messages of a dialogue.
	turns(l *Layout) ([]Turn, error)
}

// rows are the rows of an open file.
type rows interface {
	names() []string                    // of the columns
	open(l *Layout) error               // before the first call of next
	next() (r row, line int, err error) // io.EOF at the end; a *BadError if the next row can be read all the same
	close() error
}

// read returns the record of a row.
func (l *Layout) read(r row, line int) (rec Record, err error) {
	rec.Line = line
	if rec.Source, err = texts(r, l.Source, false); err != nil {
		return rec, err
	}
	if rec.Target, err = texts(r, l.Target, len(l.Target) == 1 || l.Kind == TurnRows); err != nil {
		return rec, err
	}
	if len(l.Target) > 1 && strings.TrimSpace(strings.Join(rec.Target, "")) == "" {
		return rec, fmt.Errorf("%s are empty", strings.Join(l.Target, ", "))
	}
	if rec.Key, err = texts(r, l.Key, false); err != nil {
		return rec, err
	}
	if l.Split {
		if rec.Split, _, err = r.text(splitColumn); err != nil {
			return rec, err
		}
	}
	if l.Kind == Dialogues {
		rec.Turns, err = r.turns(l)
	}
	return rec, err
}

// each calls f with all texts of a record, until it returns an error.
func (r *Record) each(f func(text string) error) error {
	for _, texts := range [][]string{r.Source, r.Target, r.Key, {r.Split}} {
		for _, text := range texts {
			if err := f(text); err != nil {
				return err
			}
		}
	}
	for _, t := range r.Turns {
		if err := errors.Join(f(t.Speaker), f(t.Text)); err != nil {
			return err
		}
	}
	return nil
}

// texts returns the texts of columns. If whole is set, a missing or empty one is an error.
func texts(r row, columns []string, whole bool) ([]string, error) {
	var all []string
	for _, column := range columns {
		text, ok, err := r.text(column)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s: %w", column, err)
		case !ok && whole:
			return nil, fmt.Errorf("there is no %s", column)
		case whole && strings.TrimSpace(text) == "":
			return nil, fmt.Errorf("%s is empty", column)
		}
		all = append(all, text)
	}
	return all, nil
}

// longestSpeaker is the length of the longest name of a speaker in bytes: longer ones are not names.
const longestSpeaker = 64

// checkTurns trims the texts of a dialogue, drops empty ones of the system, and returns what is wrong with
// the others.
func checkTurns(turns []Turn) ([]Turn, error) {
	kept := turns[:0]
	for i, t := range turns {
		t.Text = strings.TrimSpace(t.Text)
		switch {
		case t.Speaker == "" || len(t.Speaker) > longestSpeaker || strings.ContainsAny(t.Speaker, "\n:<>|"):
			return nil, fmt.Errorf("message %d has %.70q for the name of a speaker", i+1, t.Speaker)
		case t.Text == "" && t.Speaker == "system":
			continue
		case t.Text == "":
			return nil, fmt.Errorf("message %d (%s) has no text", i+1, t.Speaker)
		}
		kept = append(kept, t)
	}
	if len(kept) == 0 {
		return nil, errors.New("the dialogue has no messages")
	}
	return kept, nil
}
