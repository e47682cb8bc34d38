package data

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxTokenizerFile bounds what is read into memory; the largest known vocabularies stay
// below 40 MB.
const maxTokenizerFile = 256 << 20

// LoadTokenizer reads a tokenizer that was saved by this package.
func LoadTokenizer(path string) (Tokenizer, error) {
	t, err := loadTokenizer(path)
	if err != nil {
		return nil, fmt.Errorf("tokenizer %s: %w", path, err)
	}
	return t, nil
}

func loadTokenizer(path string) (Tokenizer, error) {
	text, err := readBounded(path)
	if err != nil {
		return nil, err
	}
	var head struct {
		Format string `json:"format"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, err
	}
	if head.Format != tokenizerFormat {
		return nil, errors.New("the file is not a tokenizer of a known format")
	}
	return parseTokenizer(text)
}

// readBounded reads a file, unless it is too large to be a tokenizer.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxTokenizerFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxTokenizerFile {
		return nil, fmt.Errorf("the file is larger than the %d MB a tokenizer can have", maxTokenizerFile>>20)
	}
	return text, nil
}
