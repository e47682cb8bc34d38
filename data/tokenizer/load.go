package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// maxFile bounds what is read into memory; the largest known vocabularies stay
// below 40 MB.
const maxFile = 256 << 20

// gpt2Files are the names that GPT-2's two files go by, in the order they are looked for.
var gpt2Files = [][2]string{
	{"encoder.json", "vocab.bpe"},
	{"vocab.json", "merges.txt"},
	{"gpt2_encoder.json", "gpt2_vocab.bpe"},
}

// Load reads a tokenizer. What a file is follows from its content:
//
//   - tokenizer.json as Save writes it
//   - tokenizer.json of Hugging Face, if it is a byte-level BPE model; one that was learned
//     without some bytes answers texts that have them with an *UnknownError
//   - GPT-2's encoder.json and vocab.bpe, or vocab.json and merges.txt: either of the two,
//     the other beside it
//   - the tok*.bin of llama2.c; its encoded texts begin with <s>, as that program's do
//
// A directory stands for the tokenizer.json, or the pair of GPT-2's files, inside it.
// Everything in a file is checked; errors name the file and what is wrong in it.
func Load(path string) (Tokenizer, error) {
	t, err := load(path)
	if err != nil {
		return nil, fmt.Errorf("tokenizer %s: %w", path, err)
	}
	return t, nil
}

func load(path string) (Tokenizer, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		if path, err = findFile(path); err != nil {
			return nil, err
		}
	}
	text, err := readBounded(path)
	if err != nil {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(text, []byte("#version")):
		vocab, err := readPartner(path, 0)
		if err != nil {
			return nil, err
		}
		return parseGPT2(vocab, text)
	case isLlama(text):
		return parseLlama(text)
	}
	return loadJSON(path, text)
}

// loadJSON tells the three kinds of JSON files apart.
func loadJSON(path string, text []byte) (Tokenizer, error) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(text, &keys); err != nil {
		return nil, jsonError(text, err)
	}
	switch {
	case string(keys["format"]) == `"`+formatName+`"`:
		return parseSaved(text)
	case len(keys["model"]) > 0 && keys["model"][0] == '{':
		return parseHuggingFace(text)
	case len(keys["!"]) > 0: // the printable bytes are in every byte-level vocabulary
		merges, err := readPartner(path, 1)
		if err != nil {
			return nil, err
		}
		return parseGPT2(text, merges)
	}
	return nil, errors.New(`the JSON is no tokenizer: it has neither "format": "euryale-tokenizer", nor a "model", nor GPT-2's vocabulary`)
}

// findFile finds the tokenizer's file in a directory.
func findFile(dir string) (string, error) {
	names := []string{"tokenizer.json"}
	for _, pair := range gpt2Files {
		names = append(names, pair[0])
	}
	for _, name := range names {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("the directory has none of the files %q", names)
}

// readPartner reads the other of GPT-2's two files: 0 is the vocabulary, 1 the merges.
func readPartner(path string, which int) ([]byte, error) {
	dir, name := filepath.Split(path)
	for _, pair := range gpt2Files {
		if pair[1-which] == name {
			return readBounded(filepath.Join(dir, pair[which]))
		}
	}
	return nil, fmt.Errorf("it is one of GPT-2's two files, and the name of the other is not known: name them %s and %s",
		gpt2Files[0][0], gpt2Files[0][1])
}

// readBounded reads a file, unless it is too large to be a tokenizer.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("the file has %d MB, more than the %d MB a tokenizer can have", info.Size()>>20, maxFile>>20)
	}
	// What has no size of its own, such as a pipe, must not fill the memory either.
	return io.ReadAll(io.LimitReader(f, maxFile))
}
