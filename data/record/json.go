package record

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"euryale/data/textfile"
)

// maxRecord is the length of the longest record in bytes; longer ones are not read.
const maxRecord = 16 << 20

// jsonRows reads JSON Lines: an object in each line.
type jsonRows struct {
	r    *bufio.Reader
	keys []string
	line int
	buf  []byte
}

// jsonObject is an object of JSON Lines.
type jsonObject map[string]json.RawMessage

// newJSONRows returns the rows of r; their names are the keys of the objects of head.
func newJSONRows(r *bufio.Reader, head string) *jsonRows {
	keys := keySet{}
	for line := range strings.SplitSeq(head, "\n") {
		object, _ := parseObject([]byte(line))
		keys.add("", object)
	}
	if len(keys) == 0 {
		for _, key := range firstKeys(head) {
			keys[key] = true
		}
	}
	return &jsonRows{r: r, keys: keys.sorted()}
}

// keySet is a set of keys.
type keySet map[string]bool

func (k keySet) sorted() []string { return slices.Sorted(maps.Keys(k)) }

// add adds the keys of an object and, with dots, of the objects in it.
func (k keySet) add(prefix string, object jsonObject) {
	for key, value := range object {
		k[prefix+key] = true
		if inner, err := parseObject(value); err == nil && strings.Count(prefix, ".") < 3 {
			k.add(prefix+key+".", inner)
		}
	}
}

func parseObject(text []byte) (object jsonObject, err error) {
	if text = bytes.TrimSpace(text); len(text) == 0 || text[0] != '{' {
		return nil, errors.New("not a JSON object")
	}
	err = json.Unmarshal(text, &object)
	return object, err
}

// firstKeys returns the keys of an object whose end may be cut off; none if text is no such object.
func firstKeys(text string) (keys []string) {
	d := json.NewDecoder(strings.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	for d.More() {
		t, err := d.Token()
		key, ok := t.(string)
		if err != nil || !ok {
			return keysBefore(keys, err)
		}
		keys = append(keys, key)
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return keysBefore(keys, err)
		}
	}
	return keys
}

// keysBefore returns keys if err is the end of the text, and none if the text is not JSON.
func keysBefore(keys []string, err error) []string {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return keys
	}
	return nil
}

// isJSONLines reports whether the first lines of head are JSON objects. Whole says that head is the
// whole file.
func isJSONLines(head string, whole bool) bool {
	lines := strings.Split(strings.TrimLeft(head, " \t\r\n"), "\n")
	if len(lines) == 1 && !whole {
		return len(firstKeys(lines[0])) > 0
	}
	if !whole {
		lines = lines[:len(lines)-1]
	}
	found := 0
	for _, line := range lines[:min(len(lines), 3)] {
		if strings.TrimSpace(line) == "" {
			continue
		}
		if object, err := parseObject([]byte(line)); err != nil || len(object) == 0 {
			return false
		}
		found++
	}
	return found > 0
}

func (j *jsonRows) names() []string    { return j.keys }
func (j *jsonRows) open(*Layout) error { return nil }
func (j *jsonRows) close() error       { return nil }

// next returns the object of the next line that is not empty.
func (j *jsonRows) next() (row, int, error) {
	for {
		text, err := j.readLine()
		if err != nil {
			return nil, j.line, err
		}
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		object, err := parseRow(text)
		if err != nil {
			return nil, j.line, &BadError{j.line, err}
		}
		return object, j.line, nil
	}
}

// parseRow parses an object, which must be valid UTF-8: the JSON package replaces other bytes.
func parseRow(text []byte) (jsonObject, error) {
	if i, err := textfile.FirstInvalid(string(text)); i >= 0 {
		return nil, fmt.Errorf("column %d: %w", i+1, err)
	}
	return parseObject(text)
}

// readLine returns the next line; a longer one than maxRecord is a *BadError.
func (j *jsonRows) readLine() ([]byte, error) {
	j.buf = j.buf[:0]
	j.line++
	long := false
	for {
		part, err := j.r.ReadSlice('\n')
		if len(j.buf)+len(part) > maxRecord {
			long, j.buf = true, j.buf[:0]
		}
		if !long {
			j.buf = append(j.buf, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == io.EOF && (long || len(j.buf) > 0):
		case err != nil:
			return nil, err
		}
		if long {
			return nil, &BadError{j.line, fmt.Errorf("the line is longer than %d MB", maxRecord>>20)}
		}
		return j.buf, nil
	}
}

// value returns the value of a key, or of a path of keys with dots between them; nil if there is none.
func (o jsonObject) value(path string) json.RawMessage {
	if value, ok := o[path]; ok {
		return value
	}
	for i := range path {
		if path[i] != '.' {
			continue
		}
		if inner, err := parseObject(o[path[:i]]); err == nil {
			if value := inner.value(path[i+1:]); value != nil {
				return value
			}
		}
	}
	return nil
}

func (o jsonObject) text(column string) (string, bool, error) { return jsonText(o.value(column)) }

// jsonText returns a string, or a number or Boolean as it is written.
func jsonText(value json.RawMessage) (text string, ok bool, err error) {
	switch {
	case len(value) == 0 || string(value) == "null":
		return "", false, nil
	case value[0] == '[':
		return "", false, errors.New("a list, not text")
	case value[0] == '{':
		return "", false, errors.New("an object, not text")
	case value[0] == '"':
		err = json.Unmarshal(value, &text)
		return text, err == nil, err
	}
	return string(value), true, nil
}

func (o jsonObject) turns(l *Layout) ([]Turn, error) { return jsonTurns(o.value(l.Message.List), l) }

// jsonTurns returns the messages of a list, which may also be written as a string of JSON.
func jsonTurns(value json.RawMessage, l *Layout) ([]Turn, error) {
	if len(value) > 0 && value[0] == '"' {
		var written string
		if err := json.Unmarshal(value, &written); err != nil {
			return nil, err
		}
		value = json.RawMessage(strings.TrimSpace(written))
	}
	if len(value) == 0 || value[0] != '[' {
		return nil, fmt.Errorf("%s is not a list of messages", l.Message.List)
	}
	var list []jsonObject
	if err := json.Unmarshal(value, &list); err != nil {
		return nil, fmt.Errorf("%s is not a list of messages: %w", l.Message.List, err)
	}
	all := make([]Turn, len(list))
	for i, message := range list {
		var err error
		if all[i].Speaker, _, err = message.text(l.Message.Role); err == nil {
			all[i].Text, err = contentText(message.value(l.Message.Content))
		}
		if err != nil {
			return nil, fmt.Errorf("message %d: %w", i+1, err)
		}
	}
	return checkTurns(all)
}

// contentText returns the content of a message: a string, or a list of parts of type "text".
func contentText(value json.RawMessage) (string, error) {
	if len(value) == 0 || value[0] != '[' {
		text, _, err := jsonText(value)
		return text, err
	}
	var parts []struct {
		Type string
		Text string
	}
	if err := json.Unmarshal(value, &parts); err != nil {
		return "", errors.New("its content is neither text nor a list of parts with text")
	}
	var b strings.Builder
	for _, p := range parts {
		if p.Type != "text" {
			return "", fmt.Errorf("its content has a part of type %q, which is not text", p.Type)
		}
		b.WriteString(p.Text)
	}
	return b.String(), nil
}
