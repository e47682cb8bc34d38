package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"euryale/data/textfile"
	"euryale/data/tokenizer"
	"euryale/internal/runfile"
)

// Cache stores the token files of a text and the tokenizer that was made from it. File names are
// hashes of all that a file is made from, so that a stale file is never found.
type Cache struct {
	dir          string
	dirErr       error             // why there is no directory; small texts need none
	source       [sha256.Size]byte // hash of the text
	tokenizerKey string            // the settings that determine the tokenizer
	tokensKey    string            // the settings that, with the tokenizer, determine the tokens
}

// NewCache returns the cache of a text below dir; dirErr, unless nil, says why there is no directory.
// source is the hash of the text. tokensKey and tokenizerKey identify the settings that its tokens
// and its tokenizer depend on.
func NewCache(dir string, dirErr error, source [sha256.Size]byte, tokensKey, tokenizerKey string) *Cache {
	return &Cache{filepath.Join(dir, "tokens"), dirErr, source, tokenizerKey, tokensKey}
}

// path returns the path of the file of a key.
func (c *Cache) path(key, extension string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(c.dir, hex.EncodeToString(sum[:12])+extension)
}

// tokenizerFile returns the path of the tokenizer that was made from the text.
func (c *Cache) tokenizerFile() string { return c.path(c.tokenizerKey, ".json") }

// tokens returns the path of the token file for a tokenizer.
func (c *Cache) tokens(t tokenizer.Tokenizer) string {
	key := fmt.Sprintf("%s|%x", c.tokensKey, hashTokenizer(t))
	if _, ok := t.Begin(); ok {
		key += "|begins once" // older versions began every chunk of a text
	}
	return c.path(key, extension)
}

// Has reports whether there is a token file for a tokenizer.
func (c *Cache) Has(t tokenizer.Tokenizer) bool {
	return c.dirErr == nil && textfile.IsFile(c.tokens(t))
}

// Tokenizer returns known unless that is nil, else the tokenizer that was made before, else nil.
func (c *Cache) Tokenizer(known tokenizer.Tokenizer) (tokenizer.Tokenizer, error) {
	if known != nil || c.dirErr != nil || !textfile.IsFile(c.tokenizerFile()) {
		return known, nil
	}
	t, err := tokenizer.Load(c.tokenizerFile())
	if err != nil {
		return nil, fmt.Errorf("%w: delete the file to make it again", err)
	}
	return t, nil
}

// MakeDir creates the directory, or returns the error of NewCache.
func (c *Cache) MakeDir() error {
	if c.dirErr != nil {
		return c.dirErr
	}
	return os.MkdirAll(c.dir, 0o755)
}

// oldTemporary are the temporary files of versions that did not lock them. Those of a day ago are of no
// running process.
const (
	oldTemporary    = "*.tmp[0-9]*"
	oldTemporaryAge = 24 * time.Hour
)

// Sweep removes the temporary files of preparations that were killed, and leaves those of running ones.
func (c *Cache) Sweep() error {
	if c.dirErr != nil {
		return nil
	}
	old, err := filepath.Glob(filepath.Join(c.dir, oldTemporary))
	if err != nil {
		return err
	}
	for _, path := range old {
		info, err := os.Lstat(path)
		if err != nil || time.Since(info.ModTime()) < oldTemporaryAge {
			continue // it is in use, or another process has removed it
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return runfile.Sweep(c.dir)
}

// SaveTokenizer saves the tokenizer that was made from the text.
func (c *Cache) SaveTokenizer(t tokenizer.Tokenizer) error { return t.Save(c.tokenizerFile()) }

// Write writes the token file of the text. fill appends the ids and sets Split and Bytes of the
// header of w.
func (c *Cache) Write(t tokenizer.Tokenizer, fill func(w *Writer) error) error {
	return runfile.FillAtomic(c.tokens(t), func(f *os.File) error { return c.writeTo(f, t, fill) })
}

// writeTo writes the ids of a token file, then its header.
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

// Reuse opens an existing token file after checking it.
func (c *Cache) Reuse(t tokenizer.Tokenizer) (tokenizer.Tokenizer, *IDs, *Header, error) {
	path := c.tokens(t)
	tokens, h, err := open(path)
	if err != nil {
		return nil, nil, nil, err
	}
	if h.Tokenizer != hashTokenizer(t) || h.Source != c.source {
		tokens.Close()
		return nil, nil, nil, fmt.Errorf("token file %s was made from another text or by another tokenizer: delete the file to make it again", path)
	}
	return t, tokens, h, nil
}

// hashTokenizer hashes the kind and the pieces of a tokenizer, in order of ids.
func hashTokenizer(t tokenizer.Tokenizer) (sum [sha256.Size]byte) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n", t.Kind())
	for id := range t.Vocab() {
		fmt.Fprintf(&b, "%q\n", t.Piece(id))
	}
	return sha256.Sum256(b.Bytes())
}
