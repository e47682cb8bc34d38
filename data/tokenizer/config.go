package tokenizer

// Config is the [tokenizer] section of config.toml.
type Config struct {
	Kind  string `toml:"kind"`  // "char" (default), "byte", "bpe", or the path of a tokenizer's file
	Vocab int    `toml:"vocab"` // bpe: how many ids to learn; default 4096
}
