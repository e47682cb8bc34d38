package training

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"euryale/internal/near"
	"euryale/models"
)

// tree is a configuration as read: tables by section, values by key.
type tree struct {
	tables map[string]map[string]any
	lines  map[string]string // "FILE:LINE" of the section.key that a file sets
}

func newTree() tree { return tree{map[string]map[string]any{}, map[string]string{}} }

// typed is a value of a setting such as training.steps=200: a key of text takes what was
// typed, another key what TOML reads in it.
type typed struct {
	text  string
	value any
}

// Parse reads a configuration: the defaults, changed by a TOML file (its path may be
// empty), then by settings of the form section.key=value. An unknown key is an error
// that names the nearest known one. Errors about a file name the line of the key.
func Parse(path string, sets []string) (Config, error) {
	t, err := readTree(path, sets)
	if err != nil {
		return Config{}, err
	}
	return fromTree(t)
}

// readTree reads a file, whose path may be empty, and settings.
func readTree(path string, sets []string) (tree, error) {
	t := newTree()
	if path != "" {
		raw, err := os.ReadFile(path)
		if err != nil {
			return t, err
		}
		if err := t.parse(path, string(raw)); err != nil {
			return t, err
		}
	}
	for _, s := range sets {
		if err := t.set(s); err != nil {
			return t, err
		}
	}
	return t, nil
}

// parse adds the tables of a TOML text, the contents of the file at path.
func (t tree) parse(path, text string) error {
	var sections map[string]toml.Primitive
	meta, err := toml.Decode(text, &sections)
	var syntax toml.ParseError
	if errors.As(err, &syntax) {
		return fmt.Errorf("%s:%d: %s", path, syntax.Position.Line, syntax.Message)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for section, content := range sections {
		var table map[string]toml.Primitive
		at := place(path, &meta, content)
		if err := meta.PrimitiveDecode(content, &table); err != nil || table == nil { // no table: the decoder leaves it nil
			return fmt.Errorf("%s: %q is outside a section: put it under one of [%s]", at, section, strings.Join(sectionNames, "], ["))
		}
		t.lines[section] = at
		for key, content := range table {
			var v any
			if err := meta.PrimitiveDecode(content, &v); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			t.put(section, key, v)
			t.lines[section+"."+key] = place(path, &meta, content)
		}
	}
	return nil
}

// place returns "FILE:LINE" of a value.
func place(path string, meta *toml.MetaData, value toml.Primitive) string {
	var at toml.ParseError
	if err := meta.PrimitiveDecode(value, refuse{}); errors.As(err, &at) && at.Position.Line > 0 {
		return fmt.Sprintf("%s:%d", path, at.Position.Line)
	}
	return path
}

// refuse decodes nothing: the error that the decoder makes of its refusal has the position
// of the value, which the decoder gives in no other way.
type refuse struct{}

// UnmarshalTOML implements toml.Unmarshaler.
func (refuse) UnmarshalTOML(any) error { return errors.New("refused") }

// put sets a value.
func (t tree) put(section, key string, v any) {
	if t.tables[section] == nil {
		t.tables[section] = map[string]any{}
	}
	t.tables[section][key] = v
	delete(t.lines, section+"."+key)
}

// set applies one section.key=value. A value that is not TOML is text.
func (t tree) set(s string) error {
	key, value, ok := strings.Cut(s, "=")
	section, name, dotted := strings.Cut(strings.TrimSpace(key), ".")
	if !ok || !dotted {
		return fmt.Errorf("-set %s: want section.key=value, as in -set model.layers=6", s)
	}
	value = strings.TrimSpace(value)
	var read map[string]any
	_, err := toml.Decode("v = "+value, &read)
	switch v := read["v"].(type) {
	case string:
		t.put(section, name, v)
	case nil:
		t.put(section, name, value)
	default:
		t.put(section, name, typed{value, v})
	}
	if err != nil || len(read) > 1 { // not TOML, or more than a value
		t.put(section, name, value)
	}
	return nil
}

var sectionNames = []string{"model", "data", "tokenizer", "training", "optimizer", "schedule"}

// fromTree fills a configuration with the values of t.
func fromTree(t tree) (Config, error) {
	c := Default()
	if name, ok := t.tables["model"]["name"]; ok {
		if v, isTyped := name.(typed); isTyped {
			name = v.text
		}
		if err := c.setModel(name); err != nil {
			return c, t.locate("model.name", err)
		}
	}
	sections := c.sections()
	for _, section := range slices.Sorted(maps.Keys(t.tables)) {
		if sections[section] == nil {
			return c, t.locate(section, fmt.Errorf("there is no section %q: did you mean %q?", section, near.Name(section, sectionNames)))
		}
		err := fill(sections[section], section, t.tables[section])
		if wrong := (*keyError)(nil); errors.As(err, &wrong) {
			err = t.locate(wrong.key, err)
		}
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

// setModel sets the model to one with its default settings.
func (c *Config) setModel(name any) error {
	s, isString := name.(string)
	if !isString {
		return fmt.Errorf("model.name is %v, want one of %s", name, strings.Join(models.Names(), ", "))
	}
	m, err := models.New(s)
	if err != nil {
		return err
	}
	c.Model, c.ModelName = m, s
	return nil
}

// locate adds the line of a key, or of a section, to an error about it.
func (t tree) locate(key string, err error) error {
	if at := t.lines[key]; at != "" {
		return fmt.Errorf("%s: %w", at, err)
	}
	return err
}

// DefaultValue returns the default value of a key for help, as TOML writes it, or "" if it is
// zero.
func DefaultValue(key string) string {
	t := newTree()
	if err := t.parse("the defaults", Default().String()); err != nil {
		panic(err) // written by ourselves
	}
	section, name, _ := strings.Cut(key, ".")
	switch v := t.tables[section][name].(type) {
	case nil, bool:
		return ""
	default:
		if s := fmt.Sprint(v); s != "0" {
			return s
		}
	}
	return ""
}
