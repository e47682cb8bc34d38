package questions

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"euryale/data/textfile"
	"euryale/internal/runfile"
)

// The kinds of questions.
const (
	Pair   = "pairs"   // the likelier of two sentences
	Choice = "choices" // the likeliest of several texts after a context
	Cloze  = "cloze"   // the last word of a text
)

// Question is a question with its right answer.
type Question struct {
	Kind    string
	Place   string   // "file:line"
	Group   string   // phenomenon or category; may be empty
	Context string   // empty of pairs
	Answers []string // the sentences of a pair; of a cloze the word alone
	Right   int      // the index of the right answer
}

// maxLine is the length of the longest line of a file in bytes.
const maxLine = 1 << 20

// Read reads the questions of a file of JSON Lines, or of all files of a directory. All must be of one
// kind. Notes say what a user should know of the files. Errors name file and line.
func Read(path string) (all []Question, notes []string, err error) {
	files, notes, err := textfile.ListRecords(path, false, []string{".jsonl", ".json"})
	if err != nil {
		return nil, nil, err
	}
	if len(files) == 0 {
		files = []string{path}
	}
	for _, name := range files {
		f, err := textfile.Open(name)
		if err != nil {
			return nil, nil, err
		}
		got, err := read(f, name)
		if note := f.Note(); note != "" {
			notes = append(notes, note)
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, nil, err
		}
		all = append(all, got...)
	}
	if len(all) == 0 {
		return nil, nil, fmt.Errorf("%s has no questions: want an object of JSON on each line", path)
	}
	for _, q := range all {
		if q.Kind != all[0].Kind {
			return nil, nil, fmt.Errorf("%s is of kind %s, and %s of kind %s: give one kind at a time", all[0].Place, all[0].Kind, q.Place, q.Kind)
		}
	}
	return all, notes, nil
}

// read reads the questions of a file.
func read(r io.Reader, name string) (all []Question, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	n := 1
	for ; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		place := fmt.Sprintf("%s:%d", name, n)
		q, err := parse(lines.Bytes())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", place, err)
		}
		q.Place = place
		all = append(all, q)
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return nil, fmt.Errorf("%s:%d: the line is longer than %d MB: want one question on each", name, n, maxLine>>20)
	}
	return all, lines.Err()
}

// entry is a line of a file. Keys of several names mean the same.
type entry struct {
	Good  *string `json:"good"`
	Bad   *string `json:"bad"`
	Good2 *string `json:"sentence_good"` // of BLiMP
	Bad2  *string `json:"sentence_bad"`

	Context *string         `json:"context"`
	Choices []string        `json:"choices"`
	Answer  json.RawMessage `json:"answer"` // a number from 0, or the text of a choice
	Word    *string         `json:"word"`
	Text    *string         `json:"text"` // of LAMBADA: the last word is the answer

	Phenomenon string `json:"phenomenon"`
	Category   string `json:"category"`
	Term       string `json:"linguistics_term"` // of BLiMP
	UID        string `json:"UID"`              // of BLiMP: the paradigm
	Paradigm   string `json:"paradigm"`
	Field      string `json:"field"`
}

// parse reads a line.
func parse(line []byte) (Question, error) {
	if !utf8.Valid(line) {
		return Question{}, errors.New("the line is not valid UTF-8")
	}
	var e entry
	if err := json.Unmarshal(line, &e); err != nil {
		return Question{}, fmt.Errorf("not an object of JSON: %w", runfile.JSONError(err))
	}
	q := Question{Group: first(e.Phenomenon, e.Category, e.Term, e.UID, e.Paradigm, e.Field)}
	good, bad := either(e.Good, e.Good2), either(e.Bad, e.Bad2)
	switch {
	case good != nil && bad != nil:
		q.Kind, q.Answers = Pair, []string{*good, *bad}
	case good != nil || bad != nil:
		return q, errors.New("a pair lacks a sentence: want sentence_good and sentence_bad, or good and bad")
	case e.Choices != nil:
		return q.choice(&e)
	case e.Word != nil && e.Context != nil:
		q.Kind, q.Context, q.Answers = Cloze, *e.Context, []string{*e.Word}
	case e.Text != nil:
		q.Kind = Cloze
		at := strings.LastIndexFunc(strings.TrimSpace(*e.Text), unicode.IsSpace)
		if at < 0 {
			return q, errors.New("the text has no space before its last word: give context and word")
		}
		text := strings.TrimSpace(*e.Text)
		q.Context, q.Answers = strings.TrimRightFunc(text[:at], unicode.IsSpace), []string{text[at:]}
	default:
		return q, errors.New("want sentence_good and sentence_bad, or context, choices and answer, or context and word, or text")
	}
	return q, q.check()
}

// choice fills in a multiple choice.
func (q Question) choice(e *entry) (Question, error) {
	q.Kind, q.Answers, q.Right = Choice, e.Choices, -1
	if e.Context != nil {
		q.Context = *e.Context
	}
	var number int
	var text string
	switch {
	case e.Answer == nil:
		return q, errors.New("answer is missing: want the number of the right choice, from 0, or its text")
	case json.Unmarshal(e.Answer, &number) == nil:
		q.Right = number
	case json.Unmarshal(e.Answer, &text) == nil:
		for i, c := range q.Answers {
			if c == text {
				q.Right = i
			}
		}
		if q.Right < 0 {
			return q, fmt.Errorf("answer %q is none of the choices", text)
		}
	default:
		return q, fmt.Errorf("answer is %s: want the number of the right choice, from 0, or its text", e.Answer)
	}
	if len(q.Answers) < 2 {
		return q, fmt.Errorf("%d choices: want at least two", len(q.Answers))
	}
	if q.Right < 0 || q.Right >= len(q.Answers) {
		return q, fmt.Errorf("answer is %d: want from 0 to %d", q.Right, len(q.Answers)-1)
	}
	return q, q.check()
}

// check returns an error if answers are empty or equal. White space at the end of the context moves to the
// answers, where tokenizers expect it.
func (q *Question) check() error {
	if q.Kind == Cloze && strings.TrimSpace(q.Context) == "" {
		return errors.New("the context is empty")
	}
	context := strings.TrimRightFunc(q.Context, unicode.IsSpace)
	space := q.Context[len(context):]
	q.Context = context
	seen := map[string]int{}
	for i, a := range q.Answers {
		if strings.TrimSpace(a) == "" {
			return fmt.Errorf("%s is empty", q.name(i))
		}
		if j, twice := seen[a]; twice {
			return fmt.Errorf("%s and %s are the same: %q", q.name(j), q.name(i), a)
		}
		seen[a] = i
		q.Answers[i] = space + a
	}
	return nil
}

// name returns what messages call an answer.
func (q *Question) name(i int) string {
	switch q.Kind {
	case Pair:
		return []string{"the good sentence", "the bad sentence"}[i]
	case Choice:
		return fmt.Sprintf("choice %d", i)
	}
	return "the word"
}

func either(a, b *string) *string {
	if a != nil {
		return a
	}
	return b
}

// first returns the first text that is not empty.
func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
