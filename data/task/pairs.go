package task

import (
	"fmt"
	"slices"
	"strings"
)

// Example is a source with its reference answers, for evaluation.
type Example struct {
	Source       string   // argument of Format.Prompt and Format.Source
	Reference    string   // the answer of the corpus
	Alternatives []string // its other answers to the same source
}

// pair is a row with a source and an answer.
type pair struct {
	line   int
	fields []string
	answer string
}

// readPairs reads the source and target columns of a table, by part.
func readPairs(t *Table, c Config) (parts [3][]pair, err error) {
	source, err := t.columns("source", c.Source)
	if err != nil {
		return parts, err
	}
	target, err := t.columns("target", c.Target)
	if err != nil {
		return parts, err
	}
	split, err := newSplitter(t, c, source)
	if err != nil {
		return parts, err
	}
	if split.column >= 0 && (slices.Contains(source, split.column) || slices.Contains(target, split.column)) {
		return parts, fmt.Errorf("%s: column %d is the split column, not text: set data.source and data.target to other columns",
			t.from, split.column+1)
	}
	if len(split.key) == 0 {
		split.key = target
	}
	for _, r := range t.rows {
		answer := strings.Join(pick(r.cells, target), " ")
		if strings.TrimSpace(answer) == "" {
			if err := t.ragged(c, r.line, "the answer is empty"); err != nil {
				return parts, err
			}
			continue
		}
		part, err := split.part(t, r)
		if err != nil {
			return parts, err
		}
		parts[part] = append(parts[part], pair{r.line, pick(r.cells, source), answer})
	}
	return parts, nil
}
