package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"euryale/internal/runfile"
)

// maxFile is the size of the largest tokenizer file in bytes; the largest known vocabularies have less
// than 40 MB.
const maxFile = 256 << 20

// gpt2Files are the names of GPT-2's two files, vocabulary and merges, in order of preference.
var gpt2Files = [][2]string{
	{"encoder.json", "vocab.bpe"},
	{"vocab.json", "merges.txt"},
	{"gpt2_encoder.json", "gpt2_vocab.bpe"},
}

// Load reads a tokenizer. It recognizes the format by the content of the file:
//
//   - tokenizer.json as written by Save
//   - tokenizer.json of Hugging Face, if it is a byte-pair encoding; what it uses that is not supported
//     is named in one error. If its vocabulary lacks some bytes or characters and it has no unknown
//     token, encoding a text that has them is an *UnknownError
//   - GPT-2's encoder.json and vocab.bpe, or vocab.json and merges.txt: path names one of the two,
//     the other must be in the same directory
//   - the tok*.bin of llama2.c; its encoded texts begin with <s>, as in llama2.c
//
// If path is a directory, Load reads its tokenizer.json or its pair of GPT-2's files. Files are fully
// checked; errors name the file and what is wrong in it.
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
	case runfile.Kind(text) != "":
		return nil, fmt.Errorf("it is %s, not a tokenizer: want a tokenizer.json, GPT-2's pair of files or a tokenizer of llama2.c", runfile.Kind(text))
	case isLlama(text):
		return parseLlama(text)
	}
	return loadJSON(path, text)
}

// loadJSON reads one of the three kinds of JSON files.
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
	return nil, errors.New(`the JSON is not a tokenizer: it has neither "format": "euryale-tokenizer", nor a "model", nor GPT-2's vocabulary`)
}

// findFile returns the path of the tokenizer file in a directory.
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

// readPartner reads the file that belongs to path, one of GPT-2's two files. which says what to read:
// 0 the vocabulary, 1 the merges.
func readPartner(path string, which int) ([]byte, error) {
	dir, name := filepath.Split(path)
	for _, pair := range gpt2Files {
		if pair[1-which] == name {
			return readBounded(filepath.Join(dir, pair[which]))
		}
	}
	return nil, fmt.Errorf("this is one of GPT-2's two files, and the name of the other is unknown: rename them to %s and %s",
		gpt2Files[0][0], gpt2Files[0][1])
}

// readBounded reads a file of at most maxFile bytes, without a byte order mark.
func readBounded(path string) ([]byte, error) {
	text, err := runfile.ReadBounded(path, maxFile)
	return bytes.TrimPrefix(text, []byte("\ufeff")), err
}
