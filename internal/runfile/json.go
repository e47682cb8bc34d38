package runfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// JSONError returns an error of encoding/json in terms of the file: an error about a value of the
// wrong type names its key and JSON types, not Go's field and types.
func JSONError(err error) error {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return err
	}
	key := wrong.Field
	if key == "" {
		key = "the value"
	}
	return fmt.Errorf("%s is a JSON %s, want %s", key, wrong.Value, kindName(wrong.Type))
}

// kindName returns the name of a type in terms of JSON.
func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	}
	return "a " + t.Kind().String()
}
