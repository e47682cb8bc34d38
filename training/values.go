package training

import "fmt"

// ParseText reads a configuration from the text of a TOML file, as Config.String writes it.
func ParseText(text string) (Config, error) {
	t := newTree()
	if err := t.parse("the configuration", text); err != nil {
		return Config{}, err
	}
	return fromTree(t)
}

// Values returns the configuration's values by section.key, as TOML reads them.
func (c Config) Values() (map[string]any, error) {
	t := newTree()
	if err := t.parse("the configuration", c.String()); err != nil {
		return nil, fmt.Errorf("read back: %w", err)
	}
	values := map[string]any{}
	for section, table := range t.tables {
		for key, v := range table {
			values[section+"."+key] = v
		}
	}
	return values, nil
}
