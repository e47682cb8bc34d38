package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"euryale/data/textfile"
	"euryale/data/tokenizer"
)

// Cache is where the tokens of a text are kept, and the tokenizer that was made of it. What a
// file is made from is in its name, so that nothing stale is ever found.
type Cache struct {
	dir    string
	none   error             // why there is no cache; small texts do without
	source [sha256.Size]byte // of the text
	how    string            // the settings that a tokenizer is made with
	part   string            // the settings that tokens are made with
}

// NewCache finds the place of a text in a directory of caches; none says why there is no such
// directory. source is the hash of the text, part the settings that its tokens are made with, and
// how those of its tokenizer.
func NewCache(dir string, none error, source [sha256.Size]byte, part, how string) *Cache {
	return &Cache{filepath.Join(dir, "tokens"), none, source, how, part}
}

// path is the file for what was made in a certain way.
func (c *Cache) path(how, extension string) string {
	sum := sha256.Sum256([]byte(how))
	return filepath.Join(c.dir, hex.EncodeToString(sum[:12])+extension)
}

// tokenizerFile is the path of the tokenizer that was made of the text.
func (c *Cache) tokenizerFile() string { return c.path(c.how, ".json") }

// tokens is the path of the text's tokens.
func (c *Cache) tokens(t tokenizer.Tokenizer) string {
	return c.path(fmt.Sprintf("%s|%x", c.part, hashTokenizer(t)), extension)
}

// Has tells whether the text was prepared with a tokenizer.
func (c *Cache) Has(t tokenizer.Tokenizer) bool { return c.none == nil && textfile.IsFile(c.tokens(t)) }

// Tokenizer is the one that is known, else the one that was made before, else nil.
func (c *Cache) Tokenizer(known tokenizer.Tokenizer) (tokenizer.Tokenizer, error) {
	if known != nil || c.none != nil || !textfile.IsFile(c.tokenizerFile()) {
		return known, nil
	}
	t, err := tokenizer.Load(c.tokenizerFile())
	if err != nil {
		return nil, fmt.Errorf("%w: delete it, and it will be made again", err)
	}
	return t, nil
}

// MakeDir makes the directory, or says why there is none.
func (c *Cache) MakeDir() error {
	if c.none != nil {
		return c.none
	}
	return os.MkdirAll(c.dir, 0o755)
}

// SaveTokenizer keeps the tokenizer that was made of the text.
func (c *Cache) SaveTokenizer(t tokenizer.Tokenizer) error { return t.Save(c.tokenizerFile()) }

// Write writes the token file of the text. fill appends the ids, and sets Split and Bytes of the
// writer's header.
func (c *Cache) Write(t tokenizer.Tokenizer, fill func(w *Writer) error) error {
	return createWhole(c.tokens(t), func(f *os.File) error { return c.writeTo(f, t, fill) })
}

// writeTo writes a token file from its start to its header.
func (c *Cache) writeTo(f file, t tokenizer.Tokenizer, fill func(w *Writer) error) error {
	w, err := newWriter(f, t.Vocab())
	if err != nil {
		return err
	}
	if err := fill(w); err != nil {
		return err
	}
	w.Header.Source, w.Header.Tokenizer = c.source, hashTokenizer(t)
	return w.finish()
}

// Reuse opens a token file that was prepared before.
func (c *Cache) Reuse(t tokenizer.Tokenizer) (tokenizer.Tokenizer, *IDs, *Header, error) {
	path := c.tokens(t)
	tokens, h, err := open(path)
	if err != nil {
		return nil, nil, nil, err
	}
	if h.Tokenizer != hashTokenizer(t) || h.Source != c.source {
		tokens.Close()
		return nil, nil, nil, fmt.Errorf("token file %s was made from another text or by another tokenizer: delete it, and it will be prepared again", path)
	}
	return t, tokens, h, nil
}

// hashTokenizer hashes the pieces of a tokenizer in order.
func hashTokenizer(t tokenizer.Tokenizer) (sum [sha256.Size]byte) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n", t.Kind())
	for id := range t.Vocab() {
		fmt.Fprintf(&b, "%q\n", t.Piece(id))
	}
	return sha256.Sum256(b.Bytes())
}
