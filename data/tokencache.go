package data

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// tokenCache is where the tokens of a text are kept, and the tokenizer that was made of it. What a
// file is made from is in its name, so that nothing stale is ever found.
type tokenCache struct {
	dir    string
	none   error             // why there is no cache; small texts do without
	source [sha256.Size]byte // of the text
	how    string            // the settings that a tokenizer is made with
	part   string            // the settings that tokens are made with
}

// openCache finds the place of the text in the cache.
func (j *textJob) openCache() (*tokenCache, error) {
	source, err := j.text.hash()
	if err != nil {
		return nil, err
	}
	dir, none := j.opts.cacheDir()
	part := fmt.Sprintf("%x|%v|%s", source, j.Split, j.Invalid)
	how := fmt.Sprintf("%s|%s|%d", part, j.tk.Kind, j.tk.Vocab)
	if file, err := os.ReadFile(j.tk.Kind); err == nil {
		how += fmt.Sprintf("|%x", sha256.Sum256(file))
	}
	return &tokenCache{filepath.Join(dir, "tokens"), none, source, how, part}, nil
}

// path is the file for what was made in a certain way.
func (c *tokenCache) path(how, extension string) string {
	sum := sha256.Sum256([]byte(how))
	return filepath.Join(c.dir, hex.EncodeToString(sum[:12])+extension)
}

// tokenizerFile is the path of the tokenizer that was made of the text.
func (c *tokenCache) tokenizerFile() string { return c.path(c.how, ".json") }

// tokens is the path of the text's tokens.
func (c *tokenCache) tokens(t Tokenizer) string {
	return c.path(fmt.Sprintf("%s|%x", c.part, hashTokenizer(t)), tokenFileExt)
}

// has tells whether the text was prepared with a tokenizer.
func (c *tokenCache) has(t Tokenizer) bool { return c.none == nil && isFile(c.tokens(t)) }

// tokenizer is the one that is known, else the one that was made before, else nil.
func (c *tokenCache) tokenizer(known Tokenizer) (Tokenizer, error) {
	if known != nil || c.none != nil || !isFile(c.tokenizerFile()) {
		return known, nil
	}
	t, err := LoadTokenizer(c.tokenizerFile())
	if err != nil {
		return nil, fmt.Errorf("%w: delete it, and it will be made again", err)
	}
	return t, nil
}

// prepare writes the token file and, if it was not known, the tokenizer.
func (j *textJob) prepare(t Tokenizer, c *tokenCache) error {
	if c.none != nil {
		return c.none
	}
	p := newProgress(j.opts.Log, "preparing tokens of "+j.Name, j.size, true)
	defer p.done()
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return err
	}
	if j.known == nil {
		if err := t.Save(c.tokenizerFile()); err != nil {
			return err
		}
	}
	return createWhole(c.tokens(t), func(f *os.File) error { return j.fill(f, t, c.source, p) })
}

// fill writes a token file.
func (j *textJob) fill(f tokenFile, t Tokenizer, source [sha256.Size]byte, p *progress) error {
	w, err := newTokenWriter(f, t.Vocab())
	if err != nil {
		return err
	}
	split, err := j.encode(t, p, w.append)
	if err != nil {
		return err
	}
	w.header.Split, w.header.Bytes = uint64(split), uint64(j.size)
	w.header.Source, w.header.Tokenizer = source, hashTokenizer(t)
	return w.finish()
}

// reuse opens a token file that was prepared before.
func (c *tokenCache) reuse(t Tokenizer) (Tokenizer, *idSequence, *tokenHeader, error) {
	path := c.tokens(t)
	tokens, h, err := openTokenFile(path)
	if err != nil {
		return nil, nil, nil, err
	}
	if h.Tokenizer != hashTokenizer(t) || h.Source != c.source {
		tokens.Close()
		return nil, nil, nil, fmt.Errorf("token file %s was made from another text or by another tokenizer: delete it, and it will be prepared again", path)
	}
	return t, tokens, h, nil
}

// hash is of the files' bytes as they are on disk, their lengths and how they are read.
func (s textSource) hash() (sum [sha256.Size]byte, err error) {
	if len(s.files) == 0 {
		return sha256.Sum256([]byte(s.memory)), nil
	}
	all := sha256.New()
	for _, name := range s.files {
		f, err := os.Open(name)
		if err != nil {
			return sum, err
		}
		n, err := io.Copy(all, f)
		f.Close()
		if err != nil {
			return sum, err
		}
		binary.Write(all, binary.LittleEndian, n)
		io.WriteString(all, filepath.Ext(name)) // .gz says how the bytes are read
	}
	all.Sum(sum[:0])
	return sum, nil
}

// hashTokenizer hashes the pieces of a tokenizer in order.
func hashTokenizer(t Tokenizer) (sum [sha256.Size]byte) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n", t.Kind())
	for id := range t.Vocab() {
		fmt.Fprintf(&b, "%q\n", t.Piece(id))
	}
	return sha256.Sum256(b.Bytes())
}
