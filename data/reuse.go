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

// cachePath is the name of the token file of this text and this way of preparing it. What it is
// made from is in its name, so that nothing stale is ever found.
func (j *textJob) cachePath(source [sha256.Size]byte) (string, error) {
	dir, err := j.opts.cacheDir()
	if err != nil {
		return "", err
	}
	how := fmt.Sprintf("%x|%v|%s|%s|%d", source, j.Split, j.Invalid, j.tk.Kind, j.tk.Vocab)
	if j.known != nil {
		how = fmt.Sprintf("%x|%v|%s|%x", source, j.Split, j.Invalid, hashTokenizer(j.known))
	} else if file, err := os.ReadFile(j.tk.Kind); err == nil {
		how += fmt.Sprintf("|%x", sha256.Sum256(file))
	}
	sum := sha256.Sum256([]byte(how))
	return filepath.Join(dir, "tokens", hex.EncodeToString(sum[:12])+tokenFileExt), nil
}

// prepare writes the token file and, beside it, the tokenizer.
func (j *textJob) prepare(t Tokenizer, path string, source [sha256.Size]byte) error {
	p := newProgress(j.opts.Log, "preparing tokens of "+j.Name, j.size, true)
	defer p.done()
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil && j.known == nil {
		err = t.Save(tokenizerBeside(path)) // first, because the token file says that all is there
	}
	if err == nil {
		err = createWhole(path, func(f *os.File) error { return j.fill(f, t, source, p) })
	}
	if err != nil {
		return fmt.Errorf("preparing %s: %w", path, err)
	}
	return nil
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

// reuse opens a token file that was prepared before, with its tokenizer.
func (j *textJob) reuse(path string, source [sha256.Size]byte) (Tokenizer, *Tokens, *tokenHeader, error) {
	tokenizer := j.known
	if tokenizer == nil {
		var err error
		if tokenizer, err = LoadTokenizer(tokenizerBeside(path)); err != nil {
			return nil, nil, nil, fmt.Errorf("%w: delete %s, and both will be made again", err, path)
		}
	}
	tokens, h, err := openTokenFile(path)
	if err != nil {
		return nil, nil, nil, err
	}
	if h.Tokenizer != hashTokenizer(tokenizer) || h.Source != source {
		tokens.Close()
		return nil, nil, nil, fmt.Errorf("token file %s was made from another text or by another tokenizer: delete it, and it will be prepared again", path)
	}
	return tokenizer, tokens, h, nil
}

// tokenizerBeside is the tokenizer.json of a token file.
func tokenizerBeside(path string) string { return path[:len(path)-len(tokenFileExt)] + ".json" }

// hash is of the files' bytes as they are on disk, and of their lengths.
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
