// Package interchange reads models that other programs have trained, and writes models
// for other programs to read.
package interchange

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"euryale/data/tokenizer"
	"euryale/internal/runfile"
	"euryale/layers/graph"
	"euryale/models"
)

// Imported is a model of another program, converted to a model of this project.
type Imported struct {
	Name      string // of the model in the registry of package models
	Model     models.Model
	Weights   *graph.Weights
	Tokenizer tokenizer.Tokenizer
	Chat      *ChatTemplate // nil: the model has none
	Note      string        // what Read left out, in a line; empty: nothing
}

// format is a file format that Read supports. Path is a file, or the directory of the format's
// files.
type format struct {
	name string
	is   func(path string) bool
	read func(path, tokenizer string) (*Imported, error)
}

// formats are tried in order.
var formats = []format{
	{"a GPT-2, Llama or Mistral as Hugging Face's transformers saves it (config.json beside model.safetensors)", isHuggingFace, readHuggingFace},
	{"a .bin file of llama2.c, of version 0, 1 or 2", isLlama2c, readLlama2c},
	{"a character LSTM of ml5.js (manifest.json beside vocab.json)", isML5, readML5},
}

// ErrFormat is the error of files in a format that Read does not support.
var ErrFormat = errors.New("it is in none of the supported formats")

// Read reads the model at path in any supported format. Tokenizer is the path of its tokenizer,
// as for tokenizer.Load; if it is empty, the tokenizer is in the model's directory. Read checks
// sizes and names before it allocates memory.
func Read(path, tokenizer string) (*Imported, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	if err := foreign(path); err != nil {
		return nil, fmt.Errorf("import %s: %w", path, err)
	}
	var known []string
	for _, f := range formats {
		if !f.is(path) {
			known = append(known, f.name)
			continue
		}
		m, err := f.read(path, tokenizer)
		if err == nil {
			err = finite(m.Weights)
		}
		if err != nil {
			return nil, fmt.Errorf("import %s: %w", path, err)
		}
		return m, nil
	}
	return nil, fmt.Errorf("import %s: %w: %s", path, ErrFormat, strings.Join(known, "; "))
}

// Limits of sizes that are read: larger than in any known model, and small enough that products
// of them do not overflow 63 bits.
const (
	maxDim     = 1 << 16
	maxHidden  = 1 << 18
	maxLayers  = 1 << 10
	maxVocab   = 1 << 22
	maxContext = 1 << 24
)

// size is a size of a model, with its name in the file and its limit.
type size struct {
	name    string
	n, most int
}

// within returns an error for the first size that is beyond its limit.
func within(sizes ...size) error {
	for _, s := range sizes {
		if s.n < 1 || s.n > s.most {
			return fmt.Errorf("%s is %d, want 1 to %d", s.name, s.n, s.most)
		}
	}
	return nil
}

// loadTokenizer reads the tokenizer of a model with vocab ids, padding included: at path, or
// in dir.
func loadTokenizer(path, dir string, vocab int) (tokenizer.Tokenizer, error) {
	if path == "" {
		path = dir
	}
	if path == "" {
		return nil, errors.New("the format has no tokenizer of its own: name its file with -tokenizer")
	}
	tk, err := tokenizer.Load(path)
	if err != nil && path == dir {
		return nil, fmt.Errorf("%w: name another with -tokenizer%s", err, sentencePiece(dir))
	}
	if err != nil {
		return nil, err
	}
	if extra := vocab - tk.Vocab(); extra != 0 && !isPadding(extra, vocab) {
		return nil, fmt.Errorf("the model has %d ids and the tokenizer %s %d: they belong to different models", vocab, path, tk.Vocab())
	}
	return tk, nil
}

// finite returns an error if a weight is infinite or NaN.
func finite(w *graph.Weights) error {
	for _, p := range w.All() {
		for i, v := range p.Float32() {
			if v := float64(v); math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("%s has %v among its values, at %d: the model it was saved from had diverged, or the file is damaged", p.Path, v, i)
			}
		}
	}
	return nil
}

// fileIn returns the path of the file called name in a directory, or path if it is a file.
func fileIn(path, name string) string {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return filepath.Join(path, name)
	}
	return path
}

// mostJSON is the maximum size in bytes of a configuration, a manifest or a vocabulary.
const mostJSON = 1 << 20

// readJSON reads a JSON file of a bounded size.
func readJSON(path string, into any) error {
	raw, err := runfile.ReadBounded(path, mostJSON)
	if errors.Is(err, os.ErrNotExist) { // it names the file
		return err
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s: %w", path, runfile.JSONError(err))
	}
	return nil
}
