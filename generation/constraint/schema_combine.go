package constraint

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// oneOf reads a value that satisfies one of several schemas. Those of oneOf must be disjoint, since
// no automaton can tell whether a value that it wrote for one satisfies another too.
func (w *schemaWriter) oneOf(s *object, key, path string, next int32) int32 {
	list, ok := s.values[key].([]any)
	if !ok || len(list) == 0 {
		return w.fail(path+"/"+key, "want a list of schemas")
	}
	var starts []int32
	others := constraining(s, key)
	for i, schema := range list {
		at := fmt.Sprintf("%s/%s/%d", path, key, i)
		for j := range i {
			if key == "oneOf" && !w.disjoint(schema, list[j], 0) {
				return w.fail(at, "a value may satisfy schema %d of oneOf too: use anyOf, or give them different types or a required property with different constants", j)
			}
		}
		if len(others) > 0 {
			schema = together(s, others, schema)
		}
		starts = append(starts, w.value(schema, at, next))
	}
	return w.either(starts...)
}

// together returns the schema of these keywords of s and of another schema.
func together(s *object, keys []string, other any) *object {
	both := newObject()
	for _, key := range keys {
		both.set(key, s.values[key])
	}
	list, _ := both.values["allOf"].([]any)
	both.set("allOf", append(slices.Clone(list), other))
	return both
}

// disjoint reports whether it is certain that no value satisfies both schemas.
func (w *schemaWriter) disjoint(a, b any, depth int) bool {
	x, y := w.target(a), w.target(b)
	if x == nil || y == nil || depth > maxDepth {
		return a == false || b == false
	}
	if p, ok := constants(x); ok {
		if q, ok := constants(y); ok {
			return !slices.ContainsFunc(p, func(v string) bool { return slices.Contains(q, v) })
		}
	}
	p, q := kindsSaid(x), kindsSaid(y)
	if p != nil && q != nil && !slices.ContainsFunc(p, func(k string) bool { return slices.Contains(q, k) }) {
		return true
	}
	if !slices.Equal(p, []string{"object"}) && !slices.Equal(q, []string{"object"}) {
		return false
	}
	u, _ := x.values["properties"].(*object)
	v, _ := y.values["properties"].(*object)
	if u == nil || v == nil {
		return false
	}
	for _, name := range u.keys {
		if v.has(name) && requires(x, name) && requires(y, name) && w.disjoint(u.values[name], v.values[name], depth+1) {
			return true
		}
	}
	return false
}

// target returns a schema that is an object, behind a reference if it is nothing else.
func (w *schemaWriter) target(schema any) *object {
	for range maxDepth {
		o, _ := schema.(*object)
		if o == nil || !o.has("$ref") {
			return o
		}
		schema, _ = w.resolve(o.values["$ref"])
	}
	return nil
}

// constants returns the values of const or enum as texts that are equal only where the values are.
func constants(s *object) (texts []string, ok bool) {
	values, ok := s.values["enum"].([]any)
	if s.has("const") {
		values, ok = []any{s.values["const"]}, true
	}
	for _, v := range values {
		switch kindOf(v) {
		case "string", "boolean", "null":
			texts = append(texts, compact(v))
		default: // numbers and objects can be written in several ways
			return nil, false
		}
	}
	return texts, ok
}

// kindsSaid returns the types that a schema allows if its type, enum or const say so, with number for
// integer.
func kindsSaid(s *object) (kinds []string) {
	list, ok := s.values["type"].([]any)
	if !ok && s.has("type") {
		list = []any{s.values["type"]}
	}
	values, _ := s.values["enum"].([]any)
	if s.has("const") {
		values = []any{s.values["const"]}
	}
	for _, v := range values {
		if !s.has("type") {
			list = append(list, kindOf(v))
		}
	}
	for _, k := range list {
		name := fmt.Sprint(k)
		if name == "integer" {
			name = "number"
		}
		kinds = append(kinds, name)
	}
	return kinds
}

func requires(s *object, name string) bool {
	list, _ := s.values["required"].([]any)
	return slices.Contains(list, any(name))
}

// merge returns a schema with the keywords of s, of what its $ref names and of its allOf.
func (w *schemaWriter) merge(s *object) (*object, error) {
	merged := newObject()
	err := w.mergeInto(merged, s, 0)
	return merged, err
}

func (w *schemaWriter) mergeInto(merged, s *object, depth int) error {
	if depth > maxDepth {
		return errors.New("allOf and $ref lead back to the schema itself")
	}
	var parts []any
	for _, key := range s.keys {
		value := s.values[key]
		switch {
		case supported[key] == "-":
		case key == "$ref":
			target, err := w.resolve(value)
			if err != nil {
				return err
			}
			parts = append(parts, target)
		case key == "allOf":
			list, ok := value.([]any)
			if !ok {
				return errors.New("allOf: want a list of schemas")
			}
			parts = append(parts, list...)
		default:
			if err := mergeKey(merged, key, value); err != nil {
				return err
			}
		}
	}
	for _, part := range parts {
		o, ok := part.(*object)
		if !ok {
			return errors.New("allOf: want a list of schemas that are objects")
		}
		if err := w.mergeInto(merged, o, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// mergeKey adds one keyword to merged.
func mergeKey(merged *object, key string, value any) error {
	switch old := merged.values[key].(type) {
	case nil:
	case *object:
		more, ok := value.(*object)
		if key != "properties" || !ok {
			return errSeveral(key)
		}
		both := newObject()
		for _, o := range []*object{old, more} {
			for _, name := range o.keys {
				if both.has(name) && compact(both.values[name]) != compact(o.values[name]) {
					return fmt.Errorf("allOf: property %s has several schemas, which is not supported", strconv.Quote(name))
				}
				both.set(name, o.values[name])
			}
		}
		value = both
	default:
		more, ok := value.([]any)
		switch {
		case key == "required" && ok:
			value = append(append([]any{}, old.([]any)...), more...)
		case compact(old) != compact(value):
			return errSeveral(key)
		}
	}
	if _, isSchema := value.(*object); key == "additionalProperties" && (isSchema || value == false) {
		return errors.New("additionalProperties within allOf or beside $ref is not supported: it would not count the properties of the other schemas")
	}
	merged.set(key, value)
	return nil
}

func errSeveral(key string) error {
	return fmt.Errorf("%s is there several times, as allOf combines it, which is not supported", key)
}
