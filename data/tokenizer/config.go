package tokenizer

// Config is the [tokenizer] section of config.toml.
type Config struct {
	Kind  string `toml:"kind"`  // "char" (default), "byte", "bpe", or the path of a tokenizer file
	Vocab int    `toml:"vocab"` // bpe: size of the vocabulary; default 4096
}
