package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// jsonArray reads the objects of a JSON array, one at a time.
type jsonArray struct {
	d     *json.Decoder
	limit *recordLimit
	keys  []string
	n     int // of the last object
}

// arrayStart returns what follows the bracket of an array of objects; "" if text is none.
func arrayStart(text string) string {
	rest, ok := strings.CutPrefix(strings.TrimSpace(text), "[")
	if rest = strings.TrimSpace(rest); !ok || len(firstKeys(rest)) == 0 {
		return ""
	}
	return rest
}

// newJSONArray returns the objects of the array of r; their names are the keys of those in head.
func newJSONArray(r io.Reader, head string) *jsonArray {
	keys := keySet{}
	start := arrayStart(head)
	for _, key := range firstKeys(start) {
		keys[key] = true
	}
	d := json.NewDecoder(strings.NewReader("[" + start))
	for _, err := d.Token(); err == nil && d.More(); {
		var object jsonObject
		if err = d.Decode(&object); err == nil {
			keys.add("", object)
		}
	}
	limit := &recordLimit{r: r}
	limit.allow()
	return &jsonArray{d: json.NewDecoder(limit), limit: limit, keys: keys.sorted()}
}

func (j *jsonArray) names() []string { return j.keys }
func (j *jsonArray) close() error    { return nil }

// open reads the bracket.
func (j *jsonArray) open(*Layout) error {
	_, err := j.d.Token()
	return err
}

// next returns the next object; its line is its number in the array.
func (j *jsonArray) next() (row, int, error) {
	j.limit.allow()
	if !j.d.More() {
		if _, err := j.d.Token(); err != nil {
			return nil, j.n, j.broken(err)
		}
		return nil, j.n, io.EOF
	}
	j.n++
	var element json.RawMessage
	if err := j.d.Decode(&element); err != nil {
		return nil, j.n, j.broken(err)
	}
	object, err := parseRow(element)
	if err != nil {
		return nil, j.n, &BadError{j.n, err}
	}
	return object, j.n, nil
}

// broken returns the error that ends the array.
func (j *jsonArray) broken(err error) error {
	if err == io.EOF {
		err = errors.New("the array has no end")
	}
	return fmt.Errorf("object %d: %w", j.n, err)
}
