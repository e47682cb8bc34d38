package constraint

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp/syntax"
	"slices"
)

// object reads an object: its properties in their order, then others if the schema asks for them.
func (w *schemaWriter) object(s *object, path string, next int32) int32 {
	properties, _ := s.values["properties"].(*object)
	if s.has("properties") && properties == nil {
		return w.fail(path+"/properties", "want an object of schemas")
	}
	if properties == nil {
		properties = newObject()
	}
	required, err := texts(s.values["required"])
	if err != nil {
		return w.fail(path+"/required", "%v", err)
	}
	others, given := s.values["additionalProperties"]
	if !given {
		others = !s.has("properties")
	}
	names := slices.Clone(properties.keys)
	for _, name := range required {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	end := w.literal("}", next)
	first, rest := end, end // without and with a property before
	if others != false {
		first, rest = w.others(others, names, path, end)
	}
	for i := len(names) - 1; i >= 0; i-- {
		name := names[i]
		schema, known := properties.values[name]
		if !known {
			if schema = others; !given {
				schema = true
			}
		}
		at := w.value(schema, path+"/properties/"+name, rest)
		at = w.literal(quote(name)+":", w.space(at))
		start, more := at, w.literal(",", w.space(at))
		if !slices.Contains(required, name) {
			start, more = w.either(at, first), w.either(more, rest)
		}
		first, rest = start, more
	}
	return w.literal("{", first)
}

// others reads any number of properties that are not among names, then end: as the first ones, and
// after others.
func (w *schemaWriter) others(schema any, names []string, path string, end int32) (first, rest int32) {
	rest = w.add(node{kind: split, b: end})
	at := w.value(schema, path+"/additionalProperties", rest)
	at = w.literal(":", w.space(at))
	var quoted []string
	for _, name := range names {
		quoted = append(quoted, quote(name))
	}
	key := w.literal(`"`, w.repeat(w.jsonChar, 0, -1, w.literal(`"`, at)))
	if len(names) > 0 {
		plain, taken := &nfa{}, &nfa{}
		text := plain.literal(`"`, plain.repeat(plain.jsonChar, 0, -1, plain.literal(`"`, plain.add(node{kind: giveBack}))))
		a := &except{all: plain.determinize(text), not: taken.determinize(taken.texts(quoted, taken.add(node{kind: giveBack})))}
		key = w.embed(a, path, at)
	}
	w.nodes[rest].a = w.literal(",", w.space(key))
	return w.either(key, end), rest
}

// space reads a space or none.
func (n *nfa) space(next int32) int32 { return n.either(n.literal(" ", next), next) }

// texts returns a list of strings.
func texts(v any) (list []string, err error) {
	values, ok := v.([]any)
	if v != nil && !ok {
		return nil, fmt.Errorf("want a list of names")
	}
	for _, x := range values {
		text, ok := x.(string)
		if !ok {
			return nil, fmt.Errorf("want a list of names")
		}
		list = append(list, text)
	}
	return list, nil
}

// array reads an array: the items of prefixItems, then others.
func (w *schemaWriter) array(s *object, path string, next int32) int32 {
	least, most := w.bounds(s, "minItems", "maxItems", path)
	prefix, ok := s.values["prefixItems"].([]any)
	if s.has("prefixItems") && !ok {
		return w.fail(path+"/prefixItems", "want a list of schemas")
	}
	if unique, said := s.values["uniqueItems"]; said && unique != false {
		return w.fail(path, "keyword %q is not supported", "uniqueItems")
	}
	items, given := s.values["items"]
	if !given {
		items = true
	}
	if items == false && (most < 0 || most > len(prefix)) {
		most = len(prefix)
	}
	if most >= 0 && most < least {
		return w.add(node{kind: fail})
	}
	item := func(next int32) int32 {
		return w.part(path+"/items", func(end int32) int32 { return w.value(items, path+"/items", end) }, next)
	}
	end := w.literal("]", next)
	after := end // n items, of which there can be more
	n := max(most, least, len(prefix))
	if most >= 0 {
		n = most
	} else {
		after = w.add(node{kind: split, b: end})
		w.nodes[after].a = w.literal(",", w.space(item(after)))
	}
	for i := n - 1; i >= 0; i-- {
		at := after
		if i < len(prefix) {
			at = w.value(prefix[i], fmt.Sprintf("%s/prefixItems/%d", path, i), after)
		} else {
			at = item(after)
		}
		if i > 0 {
			at = w.literal(",", w.space(at))
		}
		if after = at; i >= least {
			after = w.either(at, end)
		}
	}
	if n == 0 && most < 0 {
		after = w.either(item(after), end)
	}
	return w.literal("[", after)
}

// bounds returns two whole numbers; the second is −1 if it is not given.
func (w *schemaWriter) bounds(s *object, low, high, path string) (least, most int) {
	most = -1
	for key, to := range map[string]*int{low: &least, high: &most} {
		if !s.has(key) {
			continue
		}
		n, _ := s.values[key].(json.Number)
		r, err := rational(n)
		if err != nil || !r.IsInt() || r.Sign() < 0 || r.Cmp(big.NewRat(maxNodes, 1)) > 0 {
			w.fail(path+"/"+key, "want a whole number from 0 to %d", maxNodes)
			continue
		}
		*to = int(r.Num().Int64())
	}
	return least, most
}

// jsonChar reads one character of a string, as it is or as its escape.
func (n *nfa) jsonChar(next int32) int32 { return n.jsonChars(anyChar, next) }

// jsonChars reads one character from ranges.
func (n *nfa) jsonChars(ranges []rune, next int32) int32 {
	var plain []rune
	var escaped []string
	for i := 0; i < len(ranges); i += 2 {
		lo := ranges[i]
		for r := lo; r <= min(ranges[i+1], '\\'); r++ {
			if e, ok := escapes[r]; ok {
				escaped = append(escaped, e[1:])
				if r > lo {
					plain = append(plain, lo, r-1)
				}
				lo = r + 1
			}
		}
		if lo <= ranges[i+1] {
			plain = append(plain, lo, ranges[i+1])
		}
	}
	edges := n.charEdges(plain, next)
	if len(escaped) > 0 {
		edges = append(edges, edge{'\\', '\\', n.texts(escaped, next)})
	}
	return n.add(node{kind: readByte, edges: edges})
}

// formats are patterns of texts that have a format. Each matches some of its texts, and no others.
var formats = map[string]string{
	"date":      `\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])`,
	"time":      `([01]\d|2[0-3]):[0-5]\d:[0-5]\d(Z|[+-]([01]\d|2[0-3]):[0-5]\d)`,
	"date-time": `\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(Z|[+-]([01]\d|2[0-3]):[0-5]\d)`,
	"email":     `[a-z0-9_]+([.-][a-z0-9_]+)*@[a-z0-9]+([.-][a-z0-9]+)*`,
	"uuid":      `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`,
	"ipv4":      `((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)`,
}

// text reads a string.
func (w *schemaWriter) text(s *object, path string, next int32) int32 {
	least, most := w.bounds(s, "minLength", "maxLength", path)
	if most >= 0 && most < least {
		return w.add(node{kind: fail})
	}
	next = w.literal(`"`, next)
	var parts []Automaton
	for _, key := range []string{"pattern", "format"} {
		if !s.has(key) {
			continue
		}
		pattern, ok := s.values[key].(string)
		if key == "format" {
			inner, known := formats[pattern]
			if !known {
				return w.fail(path+"/format", "format %q is not supported", pattern)
			}
			pattern = "^(?:" + inner + ")$"
		}
		a, err := jsonPattern(pattern)
		if err != nil || !ok {
			return w.fail(path+"/"+key, "pattern %q: %v", pattern, err)
		}
		parts = append(parts, a)
	}
	if len(parts) == 0 {
		return w.literal(`"`, w.repeat(w.jsonChar, least, most, next))
	}
	if least > 0 || most >= 0 {
		n := &nfa{}
		parts = append(parts, n.determinize(n.repeat(n.jsonChar, least, most, n.add(node{kind: giveBack}))))
	}
	a, err := All(parts...)
	if err != nil {
		return w.fail(path, "%v", err)
	}
	return w.literal(`"`, w.embed(a, path, next))
}

// jsonPattern returns the automaton of the contents of strings in which a pattern is found.
func jsonPattern(pattern string) (Automaton, error) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	n := &nfa{}
	r := regexpWriter{nfa: n, chars: n.jsonChars}
	end := n.add(node{kind: closeText, a: n.add(node{kind: giveBack})})
	start, err := r.write(re, n.repeat(n.jsonChar, 0, -1, end))
	if err != nil {
		return nil, err
	}
	return n.determinize(n.add(node{kind: openText, a: n.repeat(n.jsonChar, 0, -1, start)})), nil
}

// number reads a number within its bounds.
func (w *schemaWriter) number(s *object, whole bool, path string, next int32) int32 {
	pattern := `-?(0|[1-9][0-9]*)(\.[0-9]+)?`
	if whole {
		pattern = `-?(0|[1-9][0-9]*)`
	}
	a, err := Regexp(pattern)
	parts := []Automaton{a}
	for key, allowed := range map[string][3]bool{
		"minimum": {false, true, true}, "exclusiveMinimum": {false, false, true},
		"maximum": {true, true, false}, "exclusiveMaximum": {true, false, false},
		"multipleOf": {},
	} {
		if !s.has(key) {
			continue
		}
		n, _ := s.values[key].(json.Number)
		bound, bad := rational(n)
		if bad != nil {
			return w.fail(path+"/"+key, "want a number: %v", bad)
		}
		if key != "multipleOf" {
			parts = append(parts, newBound(bound, allowed))
			continue
		}
		m, bad := newMultiple(bound)
		if bad != nil {
			return w.fail(path, "%v", bad)
		}
		parts = append(parts, m)
	}
	all, err2 := All(parts...)
	if err != nil || err2 != nil {
		return w.fail(path, "%v %v", err, err2)
	}
	return w.embed(all, path, next)
}
