package data

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"euryale/data/store"
	"euryale/data/task"
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
	docs  *documents // if the text is documents, else nil
	limit int64      // maxInMemory, except in tests
	size  int64      // bytes of the text, set by survey

	wrong int64                 // bytes of the text that are NUL or not valid UTF-8, set by survey
	first *textfile.OffsetError // the first of them
}

// each calls f with each piece of the text.
func (j *textJob) each(f func(p piece) error) error {
	if j.docs != nil {
		return j.docs.each(f)
	}
	return textfile.EachChunk(j.text, func(chunk string, offset int64) error {
		return f(piece{text: chunk, offset: offset, end: -1})
	})
}

// apply returns t with what the configuration and the documents need; nil for nil.
func (j *textJob) apply(t tokenizer.Tokenizer) tokenizer.Tokenizer {
	if t = j.tk.Apply(t); t != nil && j.docs != nil {
		t, _ = withEnd(t)
	}
	return t
}

// open returns the tokenizer, the tokens and a header with their split. It reuses a token file of the
// cache, or else tokenizes the text; of a large text it writes a token file, in constant memory.
func (j *textJob) open() (tokenizer.Tokenizer, *store.IDs, *store.Header, error) {
	cache, err := j.openCache()
	if err != nil {
		return nil, nil, nil, err
	}
	_ = cache.Sweep() // a cache that cannot be written can be read
	tok, err := cache.Tokenizer(j.known)
	if err != nil {
		return nil, nil, nil, err
	}
	tok = j.apply(tok)
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
		tok = j.apply(tok)
	}
	if j.size > j.limit {
		if err := j.prepare(tok, cache); err != nil {
			return nil, nil, nil, fmt.Errorf("preparing tokens: %w", err)
		}
		return cache.Reuse(tok)
	}
	tokens := store.NewIDs(tok.Vocab())
	sizes, err := j.encode(tok, newProgress(nil, "", 0, false), tokens.Append)
	h := &store.Header{Split: uint64(sizes[task.TrainPart]), Test: uint64(sizes[task.TestPart]), Bytes: uint64(j.size)}
	j.setRecords(h)
	return tok, tokens, h, err
}

// openCache returns the cache of the text; its file names depend on all that the files are made from.
func (j *textJob) openCache() (*store.Cache, error) {
	source, err := j.text.Hash()
	if err != nil {
		return nil, err
	}
	dir, none := j.opts.CacheDir()
	part := fmt.Sprintf("%x|%v|%s", source, j.Split, j.Invalid)
	if j.Test > 0 {
		part += fmt.Sprintf("|test %v", j.Test)
	}
	if j.tk.Specials == "parse" {
		part += "|specials"
	}
	if j.docs != nil {
		part += "|" + j.docs.set.Key()
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
	err := j.each(func(p piece) error {
		j.size = p.offset + int64(len(p.text))
		i, err := textfile.FirstInvalid(p.text)
		if i < 0 {
			return nil
		}
		found := &textfile.OffsetError{Offset: p.offset + int64(i), Err: err}
		if j.Invalid == "refuse" {
			return found
		}
		if j.first == nil {
			j.first = found
		}
		j.wrong += textfile.CountInvalid(p.text[i:])
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

// cut returns the size of the training part in bytes; documents are not divided by it.
func (j *textJob) cut() int64 {
	if j.named() {
		return j.docs.trained
	}
	return int64(j.Split * float64(j.size))
}

// testCut returns the offset at which the test part begins, in bytes; documents are not divided by it.
func (j *textJob) testCut() int64 {
	if j.Test == 0 {
		return j.size
	}
	return int64((1 - j.Test) * float64(j.size))
}

// named reports whether the documents name a training and a validation part.
func (j *textJob) named() bool {
	return j.docs != nil && j.docs.trained > 0 && j.docs.trained < j.size
}

// before returns the number of bytes of p that are before a cut. Running text and a single
// document are divided at the first character that begins at the cut or later. Of several documents those
// that end before the cut are, and at least the first.
func (j *textJob) before(p piece, cut int64, t tokenizer.Tokenizer) int {
	if j.docs == nil || p.base == 0 && p.end == j.size {
		if p.offset >= cut {
			return 0
		}
		return tokenizer.PartEnd(t, p.text, nextRune(p.text, cut-p.offset))
	}
	if p.end <= cut || p.base == 0 {
		return len(p.text)
	}
	return 0
}

// setRecords sets what a header says of documents.
func (j *textJob) setRecords(h *store.Header) {
	if j.docs != nil {
		h.Documents, h.Skipped, h.Unused = uint64(j.docs.count), uint64(j.docs.set.Skipped.Count), uint64(j.docs.unused)
	}
}

// makeTokenizer loads or makes the tokenizer of the configuration.
func (j *textJob) makeTokenizer() (tokenizer.Tokenizer, error) {
	switch j.tk.Kind {
	case "", "char":
		return j.charTokenizer()
	case "word":
		return countWords(j.tk, j.eachTrainingText)
	case "bpe":
		text := j.trainingText()
		defer text.Close()
		return trainMerges(text, j.tk.Vocab, j.opts.Log)
	}
	return readyTokenizer(j.tk.Kind)
}

// trainingText returns a reader of the training part, with a newline after each document.
func (j *textJob) trainingText() io.ReadCloser {
	if j.docs == nil {
		text := j.text.Reader()
		return struct {
			io.Reader
			io.Closer
		}{io.LimitReader(text, j.cut()), text}
	}
	cut := j.cut()
	r, w := io.Pipe()
	go func() {
		w.CloseWithError(j.each(func(p piece) error {
			text := p.text[:j.before(p, cut, nil)]
			if text != "" && p.last() {
				text += "\n"
			}
			_, err := io.WriteString(w, text)
			return err
		}))
	}()
	return r
}

// charTokenizer returns a character tokenizer of a text of any size. Its vocabulary includes the
// characters of the validation part, as is customary.
func (j *textJob) charTokenizer() (tokenizer.Tokenizer, error) {
	count := map[string]int{}
	err := j.each(func(p piece) error {
		tokenizer.CountChars(count, p.text)
		return nil
	})
	return tokenizer.CharsByCount(count), err
}

// eachTrainingText passes on the training part, whole words at a time.
func (j *textJob) eachTrainingText(add func(text string)) error {
	cut := j.cut()
	return j.each(func(p piece) error {
		if n := j.before(p, cut, nil); n > 0 {
			add(p.text[:tokenizer.WordEnd(p.text, n)])
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
		sizes, err := j.encode(t, p, w.Append)
		w.Header.Split, w.Header.Test, w.Header.Bytes = uint64(sizes[task.TrainPart]), uint64(sizes[task.TestPart]), uint64(j.size)
		j.setRecords(&w.Header)
		return err
	})
}

// encode passes the ids of the text to sink, piece by piece, and returns the number of ids of each part.
// The end token follows each document.
func (j *textJob) encode(t tokenizer.Tokenizer, p *progress, sink func(ids []int) error) (sizes [3]int, err error) {
	end := -1
	if j.docs != nil {
		_, end = withEnd(t)
	}
	cut, testCut := j.cut(), j.testCut()
	err = j.each(func(at piece) error {
		ends := [3]int{j.before(at, cut, t), len(at.text), len(at.text)}
		if testCut < j.size {
			ends[task.ValidPart] = max(ends[task.TrainPart], j.before(at, testCut, t))
		}
		from, ended := 0, !at.last()
		for part, to := range ends {
			ids, err := encodePiece(t, at, from, to)
			if err != nil {
				return err
			}
			if from = to; to == len(at.text) && !ended {
				ids, ended = append(ids, end), true
			}
			sizes[part] += len(ids)
			if err := sink(ids); err != nil {
				return err
			}
		}
		p.add(len(at.text))
		return nil
	})
	return sizes, err
}

// encodePiece returns the ids of at.text[from:to].
func encodePiece(t tokenizer.Tokenizer, at piece, from, to int) ([]int, error) {
	if from == to {
		return nil, nil
	}
	encode := t.EncodeNext
	if at.first() && from == 0 {
		encode = t.Encode
	}
	ids, err := encode(at.text[from:to])
	var unknown *tokenizer.UnknownError
	if errors.As(err, &unknown) {
		unknown.Offset += int(at.offset-at.base) + from
	}
	return ids, err
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
