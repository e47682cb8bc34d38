package data

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"euryale/data/store"
	"euryale/data/textfile"
	"euryale/data/tokenizer"
)

// maxInMemory is the size of the largest text, in bytes, whose tokens are not written to a file.
const maxInMemory = 16 << 20

// textJob tokenizes a text.
type textJob struct {
	Config
	tk    tokenizer.Config
	known tokenizer.Tokenizer
	opts  Options
	text  textfile.Source
	limit int64 // maxInMemory, except in tests
	size  int64 // bytes of the text, set by survey

	wrong int64                 // bytes of the text that are NUL or not valid UTF-8, set by survey
	first *textfile.OffsetError // the first of them
}

// open returns the tokenizer, the tokens and a header with their split. It reuses a token file of the
// cache, or else tokenizes the text; of a large text it writes a token file, in constant memory.
func (j *textJob) open() (tokenizer.Tokenizer, *store.IDs, *store.Header, error) {
	cache, err := j.openCache()
	if err != nil {
		return nil, nil, nil, err
	}
	tok, err := cache.Tokenizer(j.known)
	if err != nil {
		return nil, nil, nil, err
	}
	tok = j.tk.Apply(tok)
	if tok != nil && cache.Has(tok) {
		return cache.Reuse(tok)
	}
	if err := j.survey(); err != nil {
		return nil, nil, nil, err
	}
	if tok == nil {
		if tok, err = j.makeTokenizer(); err != nil {
			return nil, nil, nil, err
		}
		tok = j.tk.Apply(tok)
	}
	if j.size > j.limit {
		if err := j.prepare(tok, cache); err != nil {
			return nil, nil, nil, fmt.Errorf("preparing tokens: %w", err)
		}
		return cache.Reuse(tok)
	}
	tokens := store.NewIDs(tok.Vocab())
	split, err := j.encode(tok, newProgress(nil, "", 0, false), tokens.Append)
	return tok, tokens, &store.Header{Split: uint64(split), Bytes: uint64(j.size)}, err
}

// openCache returns the cache of the text; its file names depend on all that the files are made from.
func (j *textJob) openCache() (*store.Cache, error) {
	source, err := j.text.Hash()
	if err != nil {
		return nil, err
	}
	dir, none := j.opts.cacheDir()
	part := fmt.Sprintf("%x|%v|%s", source, j.Split, j.Invalid)
	if j.tk.Specials == "parse" {
		part += "|specials"
	}
	how := fmt.Sprintf("%s|%s|%d", part, j.tk.Kind, j.tk.Vocab)
	if j.tk.Kind == "word" {
		how += fmt.Sprintf("|%s|%d", j.tk.Words, j.tk.MinCount)
	}
	if file, err := os.ReadFile(j.tk.Kind); err == nil {
		how += fmt.Sprintf("|%x", sha256.Sum256(file))
	}
	return store.NewCache(dir, none, source, part, how), nil
}

// survey counts the bytes of the text; with data.invalid = "refuse" invalid bytes are an error.
func (j *textJob) survey() error {
	err := textfile.EachChunk(j.text, func(chunk string, offset int64) error {
		j.size = offset + int64(len(chunk))
		i, err := textfile.FirstInvalid(chunk)
		if i < 0 {
			return nil
		}
		found := &textfile.OffsetError{Offset: offset + int64(i), Err: err}
		if j.Invalid == "refuse" {
			return found
		}
		if j.first == nil {
			j.first = found
		}
		j.wrong += textfile.CountInvalid(chunk[i:])
		return nil
	})
	if err == nil && j.size == 0 {
		err = fmt.Errorf("%s: the text is empty", j.text.Name())
	}
	return err
}

// notes says how many invalid bytes of the text survey found.
func (j *textJob) notes() []string {
	if j.wrong == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d bytes are NUL or not valid UTF-8 and are kept as they are, the first at byte offset %d of the text: "+
		"data.invalid = \"refuse\" makes them an error", j.wrong, j.first.Offset)}
}

// cut returns the size of the training part in bytes.
func (j *textJob) cut() int64 { return int64(j.Split * float64(j.size)) }

// makeTokenizer loads or makes the tokenizer of the configuration.
func (j *textJob) makeTokenizer() (tokenizer.Tokenizer, error) {
	switch j.tk.Kind {
	case "", "char":
		return j.charTokenizer()
	case "word":
		return countWords(j.tk, j.eachTrainingText)
	case "bpe":
		return trainMerges(io.LimitReader(j.text.Reader(), j.cut()), j.tk.Vocab, j.opts.Log)
	}
	return readyTokenizer(j.tk.Kind)
}

// charTokenizer returns a character tokenizer of a text of any size. Its vocabulary includes the
// characters of the validation part, as is customary.
func (j *textJob) charTokenizer() (tokenizer.Tokenizer, error) {
	count := map[string]int{}
	err := textfile.EachChunk(j.text, func(chunk string, _ int64) error {
		tokenizer.CountChars(count, chunk)
		return nil
	})
	return tokenizer.CharsByCount(count), err
}

// eachTrainingText passes on the training part, whole words at a time.
func (j *textJob) eachTrainingText(add func(text string)) error {
	cut := j.cut()
	return textfile.EachChunk(j.text, func(chunk string, offset int64) error {
		if offset < cut {
			add(chunk[:tokenizer.WordEnd(chunk, nextRune(chunk, cut-offset))])
		}
		return nil
	})
}

// prepare writes the token file and, if it was not given, the tokenizer.
func (j *textJob) prepare(t tokenizer.Tokenizer, c *store.Cache) error {
	if err := c.MakeDir(); err != nil {
		return err
	}
	p := newProgress(j.opts.Log, "preparing tokens of "+j.Name, j.size, true)
	defer p.done()
	if j.known == nil {
		if err := c.SaveTokenizer(t); err != nil {
			return err
		}
	}
	return c.Write(t, func(w *store.Writer) error {
		split, err := j.encode(t, p, w.Append)
		w.Header.Split, w.Header.Bytes = uint64(split), uint64(j.size)
		return err
	})
}

// encode passes the ids of the text to sink, chunk by chunk, and returns the number of ids of the
// training part, which ends before the first character that begins at the cut or later.
func (j *textJob) encode(t tokenizer.Tokenizer, p *progress, sink func(ids []int) error) (split int, err error) {
	encode := t.Encode // of the first part; the others continue it
	put := func(text string, offset int64) (int, error) {
		if text == "" {
			return 0, nil
		}
		ids, err := encode(text)
		encode = t.EncodeNext
		var unknown *tokenizer.UnknownError
		if errors.As(err, &unknown) {
			unknown.Offset += int(offset)
		}
		if err != nil {
			return 0, err
		}
		return len(ids), sink(ids)
	}
	cut := j.cut()
	err = textfile.EachChunk(j.text, func(chunk string, offset int64) error {
		at := 0
		if offset < cut {
			at = tokenizer.PartEnd(t, chunk, nextRune(chunk, cut-offset))
			n, err := put(chunk[:at], offset)
			if err != nil {
				return err
			}
			split += n
		}
		p.add(len(chunk))
		_, err := put(chunk[at:], offset+int64(at))
		return err
	})
	return split, err
}

// nextRune returns the first offset from i on at which a character begins, or len(text).
func nextRune(text string, i int64) int {
	if i >= int64(len(text)) {
		return len(text)
	}
	at := int(i)
	for at < len(text) && !utf8.RuneStart(text[at]) {
		at++
	}
	return at
}
