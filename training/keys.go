package training

import (
	"fmt"
	"maps"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/BurntSushi/toml"

	"euryale/internal/near"
)

// keyError is what is wrong with the value of a key, or with the key itself.
type keyError struct {
	key  string // section.key
	text string
}

func (e *keyError) Error() string { return e.text }

func wrongValue(key string, v any, want string) error {
	return &keyError{key, fmt.Sprintf("%s is %s, want %s", key, shown(v), want)}
}

// fill decodes a section's values, and refuses keys that the section does not have and
// values of another type.
func fill(into any, section string, table map[string]any) error {
	known, err := keys(into)
	if err != nil {
		return err
	}
	for _, k := range slices.Sorted(maps.Keys(table)) {
		key := section + "." + k
		switch {
		case key == "model.name":
		case !slices.Contains(known, k):
			return &keyError{key, fmt.Sprintf("there is no key %s: did you mean %s.%s?", key, section, near.Name(k, known))}
		default:
			if err := decode(into, k, key, table[k]); err != nil {
				return err
			}
		}
	}
	return nil
}

// decode sets the field of a section's struct that has the name k.
func decode(into any, k, key string, v any) error {
	f := fieldOf(reflect.ValueOf(into).Elem(), k)
	if t, isTyped := v.(typed); isTyped {
		v = t.value
		if f.Kind() == reflect.String {
			v = t.text
		}
	}
	switch n, isInt := v.(int64); {
	case isInt && n < 0 && f.CanUint():
		return wrongValue(key, v, wanted(f))
	case isInt && f.CanFloat():
		v = float64(n)
	case (f.CanInt() || f.CanUint()) && isTooLarge(v):
		return &keyError{key, fmt.Sprintf("%s is %s, want a whole number of at most %d", key, v, uint64(math.MaxInt64))}
	}
	if err := checkValue(key, reflect.ValueOf(v)); err != nil {
		return err
	}
	text, err := toml.Marshal(map[string]any{k: v})
	if err == nil {
		_, err = toml.Decode(string(text), into)
	}
	if err != nil {
		return wrongValue(key, v, wanted(f))
	}
	return nil
}

// isTooLarge reports whether TOML took v for text because it is a whole number of more than
// 64 bits.
func isTooLarge(v any) bool {
	s, _ := v.(string)
	n, isNumber := new(big.Int).SetString(s, 10)
	return isNumber && !n.IsInt64()
}

// keys lists the keys of a section's struct.
func keys(section any) ([]string, error) {
	text, err := toml.Marshal(section)
	if err != nil {
		return nil, err
	}
	var m map[string]any
	if _, err := toml.Decode(string(text), &m); err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(m)), nil
}

// fieldOf returns the field of a section's struct that has the name k in TOML.
func fieldOf(section reflect.Value, k string) reflect.Value {
	for _, f := range reflect.VisibleFields(section.Type()) {
		if isKey(f) && tomlName(f) == k {
			return section.FieldByIndex(f.Index)
		}
	}
	return reflect.Value{}
}

// isKey reports whether a field of a section's struct is one of its keys.
func isKey(f reflect.StructField) bool {
	return f.IsExported() && !f.Anonymous && tomlName(f) != "-"
}

// tomlName returns a field's name in TOML: that of its tag, or its own.
func tomlName(f reflect.StructField) string {
	if name, _, _ := strings.Cut(f.Tag.Get("toml"), ","); name != "" {
		return name
	}
	return f.Name
}

// wanted says in words which values a field takes.
func wanted(f reflect.Value) string {
	switch {
	case f.CanInt():
		return "a whole number"
	case f.CanUint():
		return "a whole number, 0 or more"
	case f.CanFloat():
		return "a number"
	}
	switch f.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "text in quotes"
	case reflect.Slice, reflect.Array:
		return "a list, as [1, 2]"
	}
	return "a value of another type"
}

// largestUint returns the largest value of a field that TOML can hold: its whole numbers
// have 64 bits and a sign.
func largestUint(f reflect.Value) uint64 {
	return min(math.MaxInt64, uint64(math.MaxUint64)>>(64-f.Type().Bits()))
}

// checkKeys checks that each value of a section is one that a file can hold, and reads back
// as it is.
func checkKeys(section string, values any) error {
	v := reflect.Indirect(reflect.ValueOf(values))
	for _, f := range reflect.VisibleFields(v.Type()) {
		if !isKey(f) {
			continue
		}
		if err := checkValue(section+"."+tomlName(f), v.FieldByIndex(f.Index)); err != nil {
			return err
		}
	}
	return nil
}

// checkValue checks the value of a key, or an item of its list.
func checkValue(key string, v reflect.Value) error {
	switch {
	case v.CanUint() && v.Uint() > largestUint(v):
		return wrongValue(key, v.Uint(), fmt.Sprintf("at most %d", largestUint(v)))
	case v.CanFloat() && math.IsNaN(v.Float()):
		return wrongValue(key, v.Float(), "a number")
	case v.Kind() == reflect.String && !utf8.ValidString(v.String()):
		return wrongValue(key, v.String(), "text in UTF-8: rename the file, if it is one")
	case v.Kind() == reflect.Slice || v.Kind() == reflect.Array:
		for i := range v.Len() {
			if err := checkValue(fmt.Sprintf("%s[%d]", key, i), v.Index(i)); err != nil {
				return err
			}
		}
	case v.Kind() == reflect.Struct:
		return checkKeys(key, v.Interface())
	}
	return nil
}

// shown returns a value as an error gives it: text in quotes.
func shown(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("%q", v)
	case map[string]any, []map[string]any:
		return "a table"
	}
	return fmt.Sprint(v)
}
