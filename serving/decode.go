package serving

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"euryale/internal/near"
)

// maxDepth is how deep arrays and objects of a request may be nested.
const maxDepth = 64

// decode reads the body of a request, which must be one object of v's fields.
func (s *Server) decode(w http.ResponseWriter, r *http.Request, v any) *apiError {
	tooLarge := &http.MaxBytesError{Limit: s.limits.Body}
	var body []byte
	var err error = tooLarge
	if r.ContentLength <= s.limits.Body { // else it says so before it sends the body, which need not come
		body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, s.limits.Body))
	}
	switch {
	case errors.As(err, &tooLarge):
		return newError(http.StatusRequestEntityTooLarge, "request_too_large", "", "the body has more than the %d bytes that this server reads", tooLarge.Limit)
	case err != nil:
		return newError(http.StatusRequestTimeout, "", "", "the body cannot be read: %v", err)
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // else the request ends at that of the body
	return parse(body, v)
}

// parse reads a JSON object into v.
func parse(body []byte, v any) *apiError {
	switch {
	case len(bytes.TrimSpace(body)) == 0:
		return invalid("", "the body is empty, want a JSON object")
	case !utf8.Valid(body):
		return invalid("", "the body is not valid UTF-8")
	case depth(body) > maxDepth:
		return invalid("", "the body has arrays and objects nested more than %d deep", maxDepth)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return decodeError(err, v)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return invalid("", "the body has more than one JSON object")
	}
	return nil
}

// depth returns how deep the arrays and objects of a JSON text are nested, strings aside.
func depth(text []byte) (most int) {
	n, inString := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			n++
			most = max(most, n)
		case c == '}' || c == ']':
			n--
		}
	}
	return most
}

// decodeError says what is wrong with the JSON of v.
func decodeError(err error, v any) *apiError {
	kind, syntax, api := (*json.UnmarshalTypeError)(nil), (*json.SyntaxError)(nil), (*apiError)(nil)
	switch {
	case errors.As(err, &api):
		return api
	case errors.As(err, &kind):
		if kind.Field == "" {
			return invalid("", "the body is a JSON %s, want an object", kind.Value)
		}
		name := kind.Field
		for _, embedded := range []string{"sampling.", "constraints."} {
			name = strings.TrimPrefix(name, embedded)
		}
		return invalid(name, "%s: want %s, and it is a %.40s", name, wanted(kind.Type), kind.Value)
	case errors.As(err, &syntax):
		return invalid("", "the body is not JSON: byte %d: %v", syntax.Offset, syntax)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return invalid("", "the body is not JSON: it ends too early")
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		name = strings.Trim(name, `"`)
		name = name[:min(len(name), 80)]
		return invalid(name, "there is no parameter %q: did you mean %s?", name, near.Name(name, fieldsOf(reflect.TypeOf(v).Elem())))
	}
	return invalid("", "%v", err)
}

// wanted names a type in the words of JSON.
func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "an array"
	case reflect.Map, reflect.Struct:
		return "an object"
	case reflect.Int, reflect.Int64:
		return "an integer"
	}
	return fmt.Sprintf("a %s", t)
}

// fieldsOf returns the names of a struct's fields in JSON.
func fieldsOf(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			names = append(names, fieldsOf(f.Type)...)
		} else {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			names = append(names, name)
		}
	}
	return names
}
