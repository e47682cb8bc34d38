package training

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"euryale/internal/near"
	"euryale/models"
)

// tree is a TOML file: tables by section, values by key.
type tree = map[string]map[string]any

// Parse reads a configuration: the defaults, changed by a TOML file (its path may be
// empty), then by settings of the form section.key=value. An unknown key is an error
// that names the nearest known one.
func Parse(path string, sets []string) (Config, error) {
	t, err := readTree(path, sets)
	if err != nil {
		return Config{}, err
	}
	return fromTree(t)
}

// readTree reads a file, whose path may be empty, and settings.
func readTree(path string, sets []string) (tree, error) {
	t := tree{}
	if path != "" {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if err := parseTree(string(raw), t); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	for _, s := range sets {
		if err := set(t, s); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func parseTree(text string, t tree) error {
	var top map[string]any
	if _, err := toml.Decode(text, &top); err != nil {
		return err
	}
	for section, v := range top {
		table, ok := v.(map[string]any)
		if !ok {
			return fmt.Errorf("%q is outside a section: put it under one of %s", section, strings.Join(sectionNames, ", "))
		}
		if t[section] == nil {
			t[section] = map[string]any{}
		}
		for k, v := range table {
			t[section][k] = v
		}
	}
	return nil
}

// set applies one section.key=value. A value that is not TOML is a string.
func set(t tree, s string) error {
	key, value, ok := strings.Cut(s, "=")
	section, name, dotted := strings.Cut(strings.TrimSpace(key), ".")
	if !ok || !dotted {
		return fmt.Errorf("-set %s: want section.key=value, as in -set model.layers=6", s)
	}
	value = strings.TrimSpace(value)
	var v map[string]any
	if _, err := toml.Decode("v = "+value, &v); err != nil {
		if _, err := toml.Decode(fmt.Sprintf("v = %q", value), &v); err != nil {
			return fmt.Errorf("-set %s: %w", s, err)
		}
	}
	if t[section] == nil {
		t[section] = map[string]any{}
	}
	t[section][name] = v["v"]
	return nil
}

var sectionNames = []string{"model", "data", "tokenizer", "training", "optimizer", "schedule"}

func fromTree(t tree) (Config, error) {
	c := Default()
	if name, ok := t["model"]["name"]; ok {
		s, isString := name.(string)
		if !isString {
			return c, fmt.Errorf("model.name is %v, want one of %s", name, strings.Join(models.Names(), ", "))
		}
		m, err := models.New(s)
		if err != nil {
			return c, err
		}
		c.Model, c.ModelName = m, s
	}
	sections := c.sections()
	for section, table := range t {
		into := sections[section]
		if into == nil {
			return c, fmt.Errorf("there is no section %q: did you mean %q?", section, near.Name(section, sectionNames))
		}
		if err := fill(into, section, table); err != nil {
			return c, err
		}
	}
	return c, nil
}

// fill decodes a section's values, and refuses keys that the section does not have.
func fill(into any, section string, table map[string]any) error {
	known, err := keys(into)
	if err != nil {
		return err
	}
	values := map[string]any{}
	for k, v := range table {
		switch {
		case section == "model" && k == "name":
		case !slices.Contains(known, k):
			return fmt.Errorf("there is no key %s.%s: did you mean %s.%s?", section, k, section, near.Name(k, known))
		default:
			values[k] = v
		}
	}
	text, err := toml.Marshal(values)
	if err != nil {
		return err
	}
	if _, err := toml.Decode(string(text), into); err != nil {
		return fmt.Errorf("section %s: %w", section, err)
	}
	return nil
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
	var ks []string
	for k := range m {
		ks = append(ks, k)
	}
	slices.Sort(ks)
	return ks, nil
}

// DefaultValue returns the default value of a key for help, as TOML writes it, or "" if it is
// zero.
func DefaultValue(key string) string {
	t := tree{}
	if err := parseTree(Default().String(), t); err != nil {
		panic(err) // written by ourselves
	}
	section, name, _ := strings.Cut(key, ".")
	switch v := t[section][name].(type) {
	case nil, bool:
		return ""
	default:
		if s := fmt.Sprint(v); s != "0" {
			return s
		}
	}
	return ""
}
