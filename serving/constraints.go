package serving

import (
	"encoding/json"
	"math"
	"slices"

	"euryale/generation"
	"euryale/generation/constraint"
)

// constraints are the parameters of a request that say what its texts must be.
type constraints struct {
	Regex          string          `json:"regex"`
	Grammar        string          `json:"grammar"` // another name of regex
	JSONSchema     json.RawMessage `json:"json_schema"`
	ResponseFormat *responseFormat `json:"response_format"`
	Require        []string        `json:"require"`
	Forbid         []string        `json:"forbid"`
	Form           string          `json:"form"`
	MinChars       int             `json:"min_chars"`
	MaxChars       int             `json:"max_chars"`
}

// responseFormat is OpenAI's way to ask for JSON.
type responseFormat struct {
	Type       string `json:"type"` // text, json_object or json_schema
	JSONSchema *struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Strict      *bool           `json:"strict"`
		Schema      json.RawMessage `json:"schema"`
	} `json:"json_schema"`
}

// anyObject is the schema of response_format json_object.
const anyObject = `{"type": "object"}`

// schema returns the schema that the texts satisfy, and which parameter has it; "" for none.
func (c *constraints) schema() (schema []byte, param string, err *apiError) {
	if len(c.JSONSchema) > 0 && string(c.JSONSchema) != "null" {
		schema, param = c.JSONSchema, "json_schema"
	}
	f := c.ResponseFormat
	if f == nil || f.Type == "text" {
		return schema, param, nil
	}
	switch {
	case param != "":
		return nil, "", invalid("response_format", "response_format and json_schema exclude each other")
	case f.Type == "json_object":
		return []byte(anyObject), "response_format", nil
	case f.Type != "json_schema":
		return nil, "", invalid("response_format", "response_format.type = %.40q, want text, json_object or json_schema", f.Type)
	case f.JSONSchema == nil || len(f.JSONSchema.Schema) == 0:
		return nil, "", invalid("response_format", "response_format.json_schema.schema is missing")
	}
	return f.JSONSchema.Schema, "response_format", nil
}

// automaton returns what the parameters say together, and the name of the last that says something; nil
// for nothing.
func (c *constraints) automaton() (a constraint.Automaton, param string, err *apiError) {
	var parts []constraint.Automaton
	add := func(name string, part constraint.Automaton, problem error) {
		if problem != nil && err == nil {
			err = invalid(name, "%s: %v", name, problem)
		}
		parts, param = append(parts, part), name
	}
	for name, pattern := range map[string]string{"regex": c.Regex, "grammar": c.Grammar} {
		if pattern != "" {
			a, err := constraint.Regexp(pattern)
			add(name, a, err)
		}
	}
	schema, name, problem := c.schema()
	if problem != nil {
		return nil, "", problem
	}
	if name != "" {
		a, err := constraint.JSONSchema(schema)
		add(name, a, err)
	}
	for _, word := range c.Require {
		a, err := constraint.Require(word)
		add("require", a, err)
	}
	if len(c.Forbid) > 0 {
		a, err := constraint.Forbid(c.Forbid...)
		add("forbid", a, err)
	}
	if c.MinChars != 0 || c.MaxChars != 0 {
		a, err := constraint.Length(c.MinChars, c.MaxChars)
		add("max_chars", a, err)
	}
	if c.Form != "" {
		a, err := constraint.Verse(c.Form, nil)
		add("form", a, err)
	}
	if err != nil || len(parts) == 0 {
		return nil, "", err
	}
	a, all := constraint.All(parts...)
	if all != nil {
		return nil, "", invalid(param, "%v", all)
	}
	return a, param, nil
}

// constrain adds the constraints of a request to its settings.
func (p *sampling) constrain(s *generation.Settings, g *generation.Generator) *apiError {
	if len(p.Require)+len(p.Forbid) > maxStops {
		return invalid("require", "require and forbid have more than %d entries together", maxStops)
	}
	a, param, err := p.automaton()
	if a == nil || err != nil {
		return err
	}
	for other, given := range map[string]bool{"stop": len(s.Stop) > 0, "min_tokens": s.MinTokens > 0, "no_repeat": s.NoRepeat > 0,
		"bad_words": len(s.BadWords) > 0, "force": len(s.Force.IDs) > 0} {
		if given {
			return invalid(other, "%s and %s exclude each other: together they may leave no token, or cut the text", other, param)
		}
	}
	without := slices.Concat(g.End, s.Ban)
	for id, bias := range s.LogitBias {
		if math.IsInf(bias, -1) {
			without = append(without, id)
		}
	}
	c, problem := constraint.New(a, g.Tokenizer, without)
	if problem != nil {
		return invalid(param, "%s: %v", param, problem)
	}
	if least, text := c.Least(); least > s.Tokens {
		return invalid("max_tokens", "max_tokens = %d: the shortest text that satisfies %s takes %d tokens (%.40q)", s.Tokens, param, least, text)
	}
	s.Processors = append(s.Processors, generation.Constrain(c))
	return nil
}
