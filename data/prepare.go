package data

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"unicode/utf8"
)

// heldInMemory is the size of text, in bytes, from which tokens go to a file.
const heldInMemory = 16 << 20

// textJob is the preparation of a text.
type textJob struct {
	Config
	tk    TokenizerConfig
	known Tokenizer
	opts  Options
	text  textSource
	limit int64 // heldInMemory, but for tests
	size  int64
}

// open returns the tokenizer, the tokens and a header that says how they are cut: from the cache, if
// they were prepared before, or else prepared, in constant memory where the text is large.
func (j *textJob) open() (Tokenizer, *idSequence, *tokenHeader, error) {
	cache, err := j.openCache()
	if err != nil {
		return nil, nil, nil, err
	}
	tokenizer, err := cache.tokenizer(j.known)
	if err != nil {
		return nil, nil, nil, err
	}
	if tokenizer != nil && cache.has(tokenizer) {
		return cache.reuse(tokenizer)
	}
	if err := j.survey(); err != nil {
		return nil, nil, nil, err
	}
	if tokenizer == nil {
		if tokenizer, err = j.makeTokenizer(); err != nil {
			return nil, nil, nil, err
		}
	}
	if j.size > j.limit {
		if err := j.prepare(tokenizer, cache); err != nil {
			return nil, nil, nil, fmt.Errorf("preparing tokens: %w", err)
		}
		return cache.reuse(tokenizer)
	}
	tokens := newTokens(tokenizer.Vocab())
	split, err := j.encode(tokenizer, newProgress(nil, "", 0, false), tokens.append)
	return tokenizer, tokens, &tokenHeader{Split: uint64(split), Bytes: uint64(j.size)}, err
}

// survey counts the bytes of the text, and refuses what is no text if the policy says so.
func (j *textJob) survey() error {
	err := readChunks(j.text, func(chunk string, offset int64) error {
		j.size = offset + int64(len(chunk))
		if j.Invalid == "refuse" {
			if i, err := firstInvalid(chunk); i >= 0 {
				return &offsetError{offset + int64(i), err}
			}
		}
		return nil
	})
	if err == nil && j.size == 0 {
		err = fmt.Errorf("%s: the text is empty", j.text.name())
	}
	return err
}

// cut is where the training part ends, in bytes.
func (j *textJob) cut() int64 { return int64(j.Split * float64(j.size)) }

// makeTokenizer reads or makes the tokenizer that was asked for.
func (j *textJob) makeTokenizer() (Tokenizer, error) {
	switch j.tk.Kind {
	case "", "char":
		return j.alphabet()
	case "bpe":
		return trainMerges(io.LimitReader(j.text.reader(), j.cut()), j.tk.Vocab, j.opts.Log)
	}
	return readyTokenizer(j.tk.Kind)
}

// readyTokenizer is a tokenizer that needs no text to be made of.
func readyTokenizer(kind string) (Tokenizer, error) {
	if kind == "byte" {
		return NewByte(), nil
	}
	if _, err := os.Stat(kind); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("tokenizer.kind is %q: it must be char, byte, bpe or a tokenizer's file", kind)
	}
	return LoadTokenizer(kind)
}

// trainMerges learns a byte-level BPE, with a bar.
func trainMerges(text io.Reader, vocab int, log io.Writer) (Tokenizer, error) {
	setDefault(&vocab, 4096)
	p := newProgress(log, fmt.Sprintf("learning a vocabulary of %d", vocab), int64(vocab), false)
	defer p.done()
	return TrainBPE(text, vocab, func(done, _ int) { p.set(int64(done)) })
}

// alphabet makes a character tokenizer of a text of any size. It counts the characters of the
// validation part too, as the field does: they only settle which ids there are.
func (j *textJob) alphabet() (Tokenizer, error) {
	count := map[string]int{}
	err := readChunks(j.text, func(chunk string, _ int64) error {
		for len(chunk) > 0 {
			_, size := utf8.DecodeRuneInString(chunk)
			if n, ok := count[chunk[:size]]; ok {
				count[chunk[:size]] = n + 1
			} else {
				count[string([]byte(chunk[:size]))] = 1 // a copy: a key must not keep the chunk alive
			}
			chunk = chunk[size:]
		}
		return nil
	})
	return charsByCount(count), err
}

// encode passes the ids of the text to sink, chunk by chunk, and returns how many come before the
// cut, or rather before the first character that begins there or later.
func (j *textJob) encode(t Tokenizer, p *progress, sink func(ids []int) error) (split int, err error) {
	put := func(text string, offset int64) (int, error) {
		ids, err := t.Encode(text)
		var unknown *UnknownError
		if errors.As(err, &unknown) {
			unknown.Offset += int(offset)
		}
		if err != nil {
			return 0, err
		}
		return len(ids), sink(ids)
	}
	cut := j.cut()
	err = readChunks(j.text, func(chunk string, offset int64) error {
		at := 0
		if offset < cut {
			at = nextRune(chunk, cut-offset)
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

// nextRune returns the first place from i on where a character begins, or the end of the text.
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

// cacheDir is where downloads and token files are kept.
func (o Options) cacheDir() (string, error) {
	if o.Cache != "" {
		return o.Cache, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache directory: %w: set HOME or XDG_CACHE_HOME", err)
	}
	return filepath.Join(dir, "euryale"), nil
}
