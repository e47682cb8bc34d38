package tokenizer

import "fmt"

// Config is the [tokenizer] section of config.toml.
type Config struct {
	Kind     string `toml:"kind"`     // "char" (default), "byte", "bpe", or the path of a tokenizer file
	Vocab    int    `toml:"vocab"`    // bpe: size of the vocabulary; default 4096
	Specials string `toml:"specials"` // names of special tokens in a text: "plain" (default) or "parse"
}

// Check returns what is wrong with the configuration.
func (c Config) Check() error {
	switch c.Specials {
	case "", "plain", "parse":
		return nil
	}
	return fmt.Errorf("tokenizer.specials is %q: it must be plain or parse", c.Specials)
}

// Apply returns t as c wants it: with ParseSpecials if tokenizer.specials is "parse". It returns nil
// for nil.
func (c Config) Apply(t Tokenizer) Tokenizer {
	if t == nil || c.Specials != "parse" {
		return t
	}
	return ParseSpecials(t)
}
