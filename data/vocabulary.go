package data

import (
	"errors"
	"fmt"
	"io"
	"os"

	"euryale/data/tokenizer"
)

// readyTokenizer returns the byte tokenizer, or loads the tokenizer file kind.
func readyTokenizer(kind string) (tokenizer.Tokenizer, error) {
	if kind == "byte" {
		return tokenizer.NewByte(), nil
	}
	if _, err := os.Stat(kind); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("tokenizer.kind is %q: it must be char, byte, word, bpe or the path of a tokenizer file", kind)
	}
	return tokenizer.Load(kind)
}

// trainMerges learns a byte-level BPE tokenizer and reports its progress to log.
func trainMerges(text io.Reader, vocab int, log io.Writer) (tokenizer.Tokenizer, error) {
	setDefault(&vocab, 4096)
	p := newProgress(log, fmt.Sprintf("learning a vocabulary of %d", vocab), int64(vocab), false)
	defer p.done()
	return tokenizer.TrainBPE(text, vocab, func(done, _ int) { p.set(int64(done)) })
}

// countWords returns the word tokenizer of the texts that each passes on.
func countWords(tk tokenizer.Config, each func(add func(text string)) error) (tokenizer.Tokenizer, error) {
	words, err := tokenizer.NewWordCounter(tk.Words)
	if err == nil {
		err = each(words.Add)
	}
	if err != nil {
		return nil, err
	}
	return words.Tokenizer(tk.MinCount, tk.Vocab)
}
