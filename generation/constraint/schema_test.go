package constraint

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"euryale/data/tokenizer"
)

// schemas cover the supported keywords.
var schemas = []string{
	`{"type": "object", "required": ["name", "age"], "properties": {
		"name": {"type": "string", "minLength": 2, "maxLength": 12},
		"age": {"type": "integer", "minimum": 18, "exclusiveMaximum": 120},
		"email": {"type": "string", "format": "email"},
		"tags": {"type": "array", "items": {"enum": ["red", "green\n", "\"blue\"", 3, null]}, "minItems": 1, "maxItems": 4}}}`,
	`{"$ref": "#/$defs/tree", "$defs": {"tree": {"type": "object", "required": ["value"], "additionalProperties": false, "properties": {
		"value": {"type": "number", "minimum": -2.5, "maximum": 3.25},
		"children": {"type": "array", "maxItems": 3, "items": {"$ref": "#/$defs/tree"}}}}}}`,
	`{"oneOf": [
		{"type": "object", "required": ["kind", "radius"], "properties": {"kind": {"const": "circle"}, "radius": {"type": "number", "exclusiveMinimum": 0}}},
		{"type": "object", "required": ["kind"], "properties": {"kind": {"enum": ["square", "line"]}, "side": {"type": "number", "multipleOf": 0.25}}},
		{"type": ["string", "null"], "pattern": "^[a-f]{2}|\"x\\\\"}]}`,
	`{"type": "object", "properties": {"id": {"type": "string", "format": "uuid"}, "when": {"format": "date-time"}}, "required": ["id", "extra"],
		"additionalProperties": {"type": "integer", "multipleOf": 7, "minimum": -100, "maximum": 10000}}`,
	`{"type": "array", "prefixItems": [{"type": "boolean"}, {"type": "string", "pattern": "\\d+", "maxLength": 6}], "items": {"anyOf": [{"type": "null"}, {"type": "array", "items": false}]}, "maxItems": 5}`,
	`{"allOf": [{"$ref": "#/definitions/a"}, {"properties": {"y": {"type": "string", "format": "ipv4"}}, "required": ["y"]}], "definitions": {
		"a": {"type": "object", "properties": {"x": {"type": "integer", "maximum": -3}}, "required": ["x"]}}}`,
	`{"description": "anything", "examples": [1]}`,
	`{"type": "object", "properties": {"n": {"type": "integer", "minimum": 1e3, "maximum": 1.005e3}, "z": {"type": "number", "minimum": 0, "maximum": 0}, "t": {"format": "time"}, "d": {"format": "date"}}, "required": ["n", "z", "t", "d"]}`,
	`{"anyOf": [{"minimum": 5}, {"required": ["a"]}], "type": ["integer", "object"], "properties": {"a": true, "b": {"type": "string"}}}`,
}

// pieces are tokens of a vocabulary that can spell any text.
func pieces() [][]byte {
	var all [][]byte
	for b := range 256 {
		all = append(all, []byte{byte(b)})
	}
	for _, p := range []string{`{"`, `":`, `": "`, `",`, `"}`, `":[`, "true", "null", "age", "name", "12", "00", "ab", "春", " \"", `\"`, "]}", `"x\`, "kind", "circle"} {
		all = append(all, []byte(p))
	}
	return all
}

// generate writes a text by choosing among the allowed tokens at random, most often those that lead to the
// end, and reports whether it may end.
func generate(rng *rand.Rand, c *Constraint, tokens int) (string, bool) {
	m, text := c.Begin(nil), []byte(nil)
	for left := tokens; left > 0; left-- {
		if m.Accepts() && rng.IntN(3) == 0 {
			break
		}
		ids := m.Allowed(left)
		if len(ids) == 0 {
			break
		}
		id := ids[rng.IntN(len(ids))]
		if rng.IntN(3) == 0 {
			id = ids[rng.IntN(1+len(ids)/20)]
		}
		text = append(text, c.vocab.pieces[id]...)
		m.Accept(int(id))
	}
	return string(text), m.Accepts()
}

// 1,000 texts parse and satisfy their schema, by another implementation.
func TestTextsSatisfyTheirSchema(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for _, schema := range schemas {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(schema)))
		require.NoError(t, err)
		compiler := jsonschema.NewCompiler()
		compiler.AssertFormat()
		require.NoError(t, compiler.AddResource("s.json", doc))
		valid, err := compiler.Compile("s.json")
		require.NoError(t, err)

		a, err := JSONSchema([]byte(schema))
		require.NoError(t, err, schema)
		c := newConstraint(a, tokenizer.NewByte(), vocabularyOf(pieces()))
		least, shortest := c.Least()
		different := map[string]bool{}
		for range 1 + 1000/len(schemas) {
			text, ends := generate(rng, c, least+rng.IntN(60))
			different[text] = true
			require.True(t, ends, "%s: %q must be complete", schema, text)
			require.True(t, json.Valid([]byte(text)), "%q", text)
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(text)))
			require.NoError(t, err)
			require.NoError(t, valid.Validate(value), "%s: %q", schema, text)
		}
		t.Logf("%d tokens at least (%s), %d different texts", least, shortest, len(different))
		assert.Greater(t, len(different), 15, schema)
	}
}

func TestSchemaAccepts(t *testing.T) {
	for _, c := range []struct {
		schema  string
		yes, no []string
	}{
		{`{"type":"integer","minimum":-12,"maximum":105}`, []string{"-12", "-1", "0", "-0", "7", "99", "100", "105"}, []string{"-13", "-20", "106", "1000", "1.0", "007", "+1", ""}},
		{`{"type":"number","exclusiveMinimum":0.25,"maximum":10}`, []string{"0.250001", "0.3", "10", "10.000", "9.99"}, []string{"0.25", "0.2500", "0.2", "-1", "10.01", "11", "1e1"}},
		{`{"type":"number","minimum":-1.5,"exclusiveMaximum":0}`, []string{"-1.5", "-1.50", "-0.001", "-1"}, []string{"-1.51", "0", "-0", "-0.0", "1", "-2"}},
		{`{"type":"number","multipleOf":0.05}`, []string{"0", "0.05", "1.1", "1.10", "-0.15", "2.000000"}, []string{"0.01", "0.051", "0.11"}},
		{`{"type":"string","pattern":"^a|b$","minLength":2}`, []string{`"ax"`, `"xb"`, `"ab"`, `"a\n"`, `"春b"`}, []string{`"a"`, `"xa"`, `"bx"`, `"\u0061x"`}},
		{`{"properties":{"a":{"type":"null"},"b":{"type":"null"}},"required":["b"]}`, []string{`{"b":null}`, `{"a": null, "b":null}`}, []string{`{}`, `{"a":null}`, `{"b":null,"a":null}`, `{"b":null,"c":1}`, `{"b":null,}`}},
		{`{"type":"object","additionalProperties":{"type":"null"},"properties":{"a":{"const":1}}}`, []string{`{}`, `{"a":1}`, `{"a":1,"aa":null,"":null}`, `{"b":null}`}, []string{`{"a":null}`, `{"a":1,"a":null}`}},
		{`{"enum":[1.0,"a",{"x":[true,null]}],"type":["number","object"]}`, []string{"1.0", `{"x":[true,null]}`}, []string{`"a"`, "1"}},
		{`true`, []string{`[[],{"a":[1.5,"é",{}]}]`, "null"}, []string{"[1,]", "nul", `{"a"}`}},
	} {
		a, err := JSONSchema([]byte(c.schema))
		require.NoError(t, err)
		for _, text := range c.yes {
			assert.True(t, Matches(a, text), "%s accepts %s", c.schema, text)
		}
		for _, text := range c.no {
			assert.False(t, Matches(a, text), "%s does not accept %s", c.schema, text)
		}
	}
}

func TestSchemaErrors(t *testing.T) {
	for schema, want := range map[string]string{
		`{"type": "object", "properties": {"a": {"contains": {}}}}`: `JSON schema: #/properties/a: keyword "contains" is not supported`,
		`{"type": "text"}`:                                 `#/type: there is no type "text"`,
		`{"format": "hostname"}`:                           `#/format: format "hostname" is not supported`,
		`{"pattern": "a("}`:                                `#/pattern: pattern "a(": error parsing regexp`,
		`{"$ref": "other.json"}`:                           `#/$ref: other.json: want a reference within the schema`,
		`{"$ref": "#/$defs/x"}`:                            `#/$defs/x: the schema has no "$defs" there`,
		`{"oneOf": [{"type": "integer"}, {"minimum": 3}]}`: `#/oneOf/1: a value may satisfy schema 0 of oneOf too`,
		"{\n\"type\": }":                                   "JSON schema: line 2: invalid character",
		`{"type": "string"`:                                "unexpected EOF",
		`{"$ref": "#"}`:                                    "no value satisfies it",
		`{"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}}`: "no value satisfies it",
		`{"type": "integer", "minimum": 3, "maximum": 2}`:                           "no value satisfies it",
		`{"minLength": 1.5}`:                          "#/minLength: want a whole number",
		`{"multipleOf": 0}`:                           "multipleOf: want a positive number",
		`{"minimum": 1e999999999}`:                    "want an exponent from -300 to 300",
		`{"allOf": [{"minimum": 1}, {"minimum": 2}]}`: "minimum is there several times",
		`{"uniqueItems": true}`:                       `keyword "uniqueItems" is not supported`,
		`3`:                                           "want a schema",
	} {
		_, err := JSONSchema([]byte(schema))
		assert.ErrorContains(t, err, want, schema)
	}
}

// Any text as a schema is an automaton or an error.
func FuzzJSONSchema(f *testing.F) {
	for _, s := range schemas {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, schema []byte) {
		if len(schema) > 2000 {
			return
		}
		if a, err := JSONSchema(schema); err == nil && a.Start("") == Dead {
			t.Fatal("no text begins, and there is no error")
		}
	})
}
