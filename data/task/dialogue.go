package task

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// turn is one row of a dialogue.
type turn struct {
	line    int
	speaker string
	text    string
}

// The columns of a table of dialogues.
const (
	dialogueColumn = iota
	turnColumn
	speakerColumn
	textColumn
	dialogueColumns
)

// readDialogues groups rows of (id, turn, speaker, text) into dialogues, by part. The rows of a
// dialogue must be consecutive and in the order of their turns.
func readDialogues(t *Table, c Config) (parts [3][][]turn, err error) {
	if len(t.rows[0].cells) < dialogueColumns {
		return parts, fmt.Errorf("%s: %d columns: a table of dialogues has id, turn, speaker, text",
			t.places.at(t.rows[0].line), len(t.rows[0].cells))
	}
	key := dialogueColumn
	if t.messages {
		key = openingColumn
	}
	split, err := newSplitter(t, c, []int{key})
	if err != nil {
		return parts, err
	}
	ended := map[string]bool{}
	for begin := 0; begin < len(t.rows); {
		id := t.rows[begin].cells[dialogueColumn]
		end := begin + 1
		for end < len(t.rows) && t.rows[end].cells[dialogueColumn] == id {
			end++
		}
		if ended[id] {
			return parts, fmt.Errorf("%s: dialogue %s continues here, after another dialogue: sort the rows by dialogue",
				t.places.at(t.rows[begin].line), id)
		}
		ended[id] = true
		turns, err := t.turns(t.rows[begin:end], c)
		if err != nil {
			return parts, err
		}
		part, err := split.part(t, t.rows[begin])
		if err != nil {
			return parts, err
		}
		if len(turns) > 0 {
			parts[part] = append(parts[part], turns)
		}
		begin = end
	}
	return parts, nil
}

// turns returns the turns of the rows of one dialogue.
func (t *Table) turns(rows []row, c Config) ([]turn, error) {
	var turns []turn
	last := -1
	for _, r := range rows {
		number, err := strconv.Atoi(r.cells[turnColumn])
		what := ""
		switch {
		case err != nil || number <= last:
			what = fmt.Sprintf("turn %q does not follow turn %d", r.cells[turnColumn], last)
		case r.cells[speakerColumn] == "":
			what = "the speaker is empty"
		case strings.TrimSpace(r.cells[textColumn]) == "":
			what = "the text is empty"
		}
		if what != "" {
			if err := t.ragged(c, r.line, what); err != nil {
				return nil, err
			}
			continue
		}
		last = number
		turns = append(turns, turn{r.line, r.cells[speakerColumn], r.cells[textColumn]})
	}
	return turns, nil
}

// speakers returns the names of the speakers, in order of their first turns.
func speakers(parts [3][][]turn) []string {
	var names []string
	for _, dialogues := range parts {
		for _, turns := range dialogues {
			for _, t := range turns {
				if !slices.Contains(names, t.speaker) {
					names = append(names, t.speaker)
				}
			}
		}
	}
	return names
}
