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
		return nil, fmt.Errorf("tokenizer.kind is %q: it must be char, byte, bpe or the path of a tokenizer file", kind)
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
