package constraint

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// JSONSchema returns the automaton of JSON texts that satisfy a JSON Schema of draft 2020-12 or 7
// (https://json-schema.org). It accepts one way to write a value, so that there are valid texts that
// it does not accept:
//
//   - one space or none follows a comma and a colon; there is no other white space;
//   - the properties of an object have the order of the schema; where it names properties, there are
//     others only if additionalProperties or required asks for them;
//   - strings contain characters as they are, and escapes where they must; numbers have no exponent;
//   - objects and arrays are at most 64 deep where the schema does not say how deep.
//
// A keyword that is not supported is an error that names it and where it is.
func JSONSchema(schema []byte) (Automaton, error) {
	root, err := parseJSON(schema)
	if err != nil {
		return nil, fmt.Errorf("JSON schema: %w", err)
	}
	w := &schemaWriter{nfa: &nfa{}, root: root, refs: map[string]int32{}, anyNode: -1}
	start := w.value(root, "#", w.add(node{kind: giveBack}))
	if w.err != nil {
		return nil, fmt.Errorf("JSON schema: %w", w.err)
	}
	d := w.determinize(start)
	if d.empty() {
		return nil, errors.New("JSON schema: no value satisfies it")
	}
	return d, nil
}

// schemaWriter writes schemas into an nfa. Its methods return the node at which a value begins,
// after which the text continues at next.
type schemaWriter struct {
	*nfa
	root    any
	refs    map[string]int32 // the parts that are called, by where they are
	anyNode int32            // the part that reads any value, or −1
	err     error            // the first
}

// supported are the keywords, and the type of value that each is about.
var supported = map[string]string{
	"properties": "object", "required": "object", "additionalProperties": "object",
	"items": "array", "prefixItems": "array", "minItems": "array", "maxItems": "array", "uniqueItems": "array",
	"minLength": "string", "maxLength": "string", "pattern": "string", "format": "string",
	"minimum": "number", "maximum": "number", "exclusiveMinimum": "number", "exclusiveMaximum": "number", "multipleOf": "number",
	"type": "", "enum": "", "const": "", "$ref": "", "anyOf": "", "oneOf": "", "allOf": "",
	"title": "-", "description": "-", "$schema": "-", "$id": "-", "$comment": "-", "examples": "-", "default": "-",
	"deprecated": "-", "readOnly": "-", "writeOnly": "-", "$defs": "-", "definitions": "-",
}

// fail keeps the first error, with its place.
func (w *schemaWriter) fail(path, format string, args ...any) int32 {
	if w.err == nil {
		w.err = fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...))
	}
	return w.add(node{kind: fail})
}

// value reads a value that satisfies a schema.
func (w *schemaWriter) value(schema any, path string, next int32) int32 {
	if w.err == nil && len(w.nodes) > maxNodes {
		w.fail(path, "the schema is too large: it takes more than %d nodes", maxNodes)
	}
	if w.err != nil {
		return next
	}
	switch schema := schema.(type) {
	case bool:
		if schema {
			return w.anyValue(next)
		}
		return w.add(node{kind: fail})
	case *object:
		return w.schema(schema, path, next)
	}
	return w.fail(path, "want a schema: an object, true or false")
}

func (w *schemaWriter) schema(s *object, path string, next int32) int32 {
	for _, key := range s.keys {
		if _, ok := supported[key]; !ok {
			return w.fail(path, "keyword %q is not supported", key)
		}
	}
	for _, key := range []string{"$ref", "allOf", "anyOf", "oneOf"} {
		if !s.has(key) {
			continue
		}
		switch others := constraining(s, key); {
		case key == "anyOf" || key == "oneOf":
			return w.oneOf(s, key, path, next)
		case key == "$ref" && len(others) == 0:
			return w.reference(s.values[key], path, next)
		}
		merged, err := w.merge(s)
		if err != nil {
			return w.fail(path, "%v", err)
		}
		return w.schema(merged, path, next)
	}
	if s.has("const") || s.has("enum") {
		return w.enum(s, path, next)
	}
	var starts []int32
	for _, kind := range w.kinds(s, path) {
		starts = append(starts, w.kind(kind, s, path, next))
	}
	return w.either(starts...)
}

// constraining returns the keywords of a schema that are about values, but not key.
func constraining(s *object, key string) (others []string) {
	for _, k := range s.keys {
		if k != key && supported[k] != "-" {
			others = append(others, k)
		}
	}
	return others
}

var allKinds = []string{"object", "array", "string", "number", "boolean", "null"}

// kinds returns the types of values that a schema allows: those of its type, else those that its
// keywords are about, else all.
func (w *schemaWriter) kinds(s *object, path string) (kinds []string) {
	switch t := s.values["type"].(type) {
	case string:
		kinds = []string{t}
	case []any:
		for _, x := range t {
			kinds = append(kinds, fmt.Sprint(x))
		}
	default:
		if s.has("type") {
			w.fail(path+"/type", "want the name of a type, or several in a list")
		}
		for _, key := range s.keys {
			if kind := supported[key]; len(kind) > 1 && !slices.Contains(kinds, kind) {
				kinds = append(kinds, kind)
			}
		}
		if len(kinds) == 0 {
			kinds = allKinds
		}
	}
	for _, kind := range kinds {
		if kind != "integer" && !slices.Contains(allKinds, kind) {
			w.fail(path+"/type", "there is no type %q: want %s or integer", kind, strings.Join(allKinds, ", "))
		}
	}
	return kinds
}

func (w *schemaWriter) kind(kind string, s *object, path string, next int32) int32 {
	switch kind {
	case "object":
		return w.object(s, path, next)
	case "array":
		return w.array(s, path, next)
	case "string":
		return w.text(s, path, next)
	case "number", "integer":
		return w.number(s, kind == "integer", path, next)
	case "boolean":
		return w.either(w.literal("true", next), w.literal("false", next))
	}
	return w.literal("null", next)
}

// reference calls the schema that a local reference names.
func (w *schemaWriter) reference(ref any, path string, next int32) int32 {
	target, err := w.resolve(ref)
	if err != nil {
		return w.fail(path+"/$ref", "%v", err)
	}
	return w.part(ref.(string), func(end int32) int32 { return w.value(target, ref.(string), end) }, next)
}

// part calls a part of the nfa that exists once for each name.
func (w *schemaWriter) part(name string, write func(end int32) int32, next int32) int32 {
	start, ok := w.refs[name]
	if !ok {
		start = w.add(node{kind: split}) // it may call itself while it is written
		w.refs[name] = start
		at := write(w.add(node{kind: giveBack}))
		w.nodes[start].a, w.nodes[start].b = at, at
	}
	return w.add(node{kind: call, a: start, b: next})
}

// resolve returns what a reference within the schema names.
func (w *schemaWriter) resolve(ref any) (any, error) {
	name, ok := ref.(string)
	pointer, local := strings.CutPrefix(name, "#")
	if !ok || !local || pointer != "" && pointer[0] != '/' {
		return nil, fmt.Errorf("%v: want a reference within the schema, such as #/$defs/name", ref)
	}
	at := w.root
	for _, key := range strings.Split(pointer, "/")[1:] {
		key = strings.ReplaceAll(strings.ReplaceAll(key, "~1", "/"), "~0", "~")
		o, ok := at.(*object)
		if !ok || !o.has(key) {
			return nil, fmt.Errorf("%s: the schema has no %q there", name, key)
		}
		at = o.values[key]
	}
	return at, nil
}

// anyValue reads any JSON value.
func (w *schemaWriter) anyValue(next int32) int32 {
	return w.part("any value", func(end int32) int32 {
		var starts []int32
		for _, kind := range allKinds {
			starts = append(starts, w.kind(kind, newObject(), "#", end))
		}
		return w.either(starts...)
	}, next)
}

// enum reads one of the values of const and enum that have a type that the schema allows.
func (w *schemaWriter) enum(s *object, path string, next int32) int32 {
	values, isList := s.values["enum"].([]any)
	if s.has("enum") && !isList {
		return w.fail(path+"/enum", "want a list of values")
	}
	if s.has("const") {
		if s.has("enum") {
			return w.fail(path, "enum beside const is not supported: leave one of them out")
		}
		values = []any{s.values["const"]}
	}
	kinds := allKinds
	for _, key := range s.keys {
		switch {
		case key == "type":
			kinds = w.kinds(s, path)
		case key != "enum" && key != "const" && supported[key] != "-":
			return w.fail(path, "keyword %q beside enum or const is not supported: leave it out", key)
		}
	}
	var texts []string
	for _, v := range values {
		kind := kindOf(v)
		if slices.Contains(kinds, kind) || kind == "integer" && slices.Contains(kinds, "number") {
			texts = append(texts, compact(v))
		}
	}
	return w.texts(texts, next)
}

// texts reads one of several texts, with a node for each common beginning.
func (n *nfa) texts(texts []string, next int32) int32 {
	var edges []edge
	starts := []int32{}
	groups := map[byte][]string{}
	var order []byte
	for _, text := range texts {
		if text == "" {
			starts = []int32{next}
			continue
		}
		if groups[text[0]] == nil {
			order = append(order, text[0])
		}
		groups[text[0]] = append(groups[text[0]], text[1:])
	}
	for _, b := range order {
		edges = append(edges, edge{b, b, n.texts(groups[b], next)})
	}
	if len(edges) > 0 {
		starts = append(starts, n.add(node{kind: readByte, edges: edges}))
	}
	return n.either(starts...)
}
