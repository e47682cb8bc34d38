package tokenizer

import "fmt"

// Config is the [tokenizer] section of config.toml.
type Config struct {
	Kind     string `toml:"kind"`      // "char" (default), "byte", "word", "bpe", or the path of a tokenizer file
	Vocab    int    `toml:"vocab"`     // bpe: size of the vocabulary, default 4096; word: its limit, default none
	Words    string `toml:"words"`     // word: what separates words: "space" (default), or "unicode" word boundaries
	MinCount int    `toml:"min_count"` // word: rarer words are <unk>; default 1 if the text has <unk>, else 2
	Specials string `toml:"specials"`  // names of special tokens in a text: "plain" (default) or "parse"
}

// Check returns what is wrong with the configuration.
func (c Config) Check() error {
	switch {
	case c.Specials != "" && c.Specials != "plain" && c.Specials != "parse":
		return fmt.Errorf("tokenizer.specials is %q: it must be plain or parse", c.Specials)
	case c.Words != "" && c.Words != SpaceWords && c.Words != UnicodeWords:
		return fmt.Errorf("tokenizer.words is %q: it must be %s or %s", c.Words, SpaceWords, UnicodeWords)
	case c.MinCount < 0:
		return fmt.Errorf("tokenizer.min_count is %d: it must be 0 (the default) or more", c.MinCount)
	}
	return nil
}

// Apply returns t as c wants it: with ParseSpecials if tokenizer.specials is "parse". It returns nil
// for nil.
func (c Config) Apply(t Tokenizer) Tokenizer {
	if t == nil || c.Specials != "parse" {
		return t
	}
	return ParseSpecials(t)
}
