package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// gpt2Pattern is GPT-2's regular expression of words, as in Hugging Face's files.
const gpt2Pattern = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

// hfFile has the fields of Hugging Face's tokenizer.json that are read.
type hfFile struct {
	AddedTokens  []hfAdded `json:"added_tokens"`
	Normalizer   *hfStep   `json:"normalizer"`
	PreTokenizer *hfStep   `json:"pre_tokenizer"`
	Decoder      *hfStep   `json:"decoder"`
	Model        hfModel   `json:"model"`
}

type hfAdded struct {
	ID      int    `json:"id"`
	Content string `json:"content"`
	Special bool   `json:"special"`
}

type hfModel struct {
	Type         string            `json:"type"`
	Vocab        map[string]int    `json:"vocab"`
	Merges       []json.RawMessage `json:"merges"` // "left right" or ["left", "right"]
	Dropout      float64           `json:"dropout"`
	Prefix       string            `json:"continuing_subword_prefix"`
	Suffix       string            `json:"end_of_word_suffix"`
	ByteFallback bool              `json:"byte_fallback"`
	IgnoreMerges bool              `json:"ignore_merges"`
}

// hfStep is a normalizer, a pre-tokenizer or a decoder; a pre-tokenizer of type Sequence has steps.
type hfStep struct {
	Type           string   `json:"type"`
	PreTokenizers  []hfStep `json:"pretokenizers"`
	AddPrefixSpace *bool    `json:"add_prefix_space"` // ByteLevel; default true
	UseRegex       *bool    `json:"use_regex"`        // ByteLevel; default true
	Behavior       string   `json:"behavior"`         // Split
	Invert         bool     `json:"invert"`           // Split
	Pattern        struct {
		Regex string `json:"Regex"`
	} `json:"pattern"` // Split
}

// parseHuggingFace parses a byte-level BPE model with GPT-2's regular expression, the only kind that
// turns every text into ids and back without loss. Others are errors that name the unsupported
// setting. The post-processor is ignored: callers add special tokens by id.
func parseHuggingFace(text []byte) (Tokenizer, error) {
	var f hfFile
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, jsonError(text, err)
	}
	if err := f.supported(); err != nil {
		return nil, fmt.Errorf("tokenizer of Hugging Face: %w", err)
	}
	lines, err := f.Model.mergeLines()
	if err != nil {
		return nil, err
	}
	ids := maps.Clone(f.Model.Vocab)
	if ids == nil {
		return nil, errors.New("tokenizer of Hugging Face: the model has no vocabulary")
	}
	for _, added := range f.AddedTokens {
		if id, ok := ids[added.Content]; ok && id != added.ID {
			return nil, fmt.Errorf("added token %q has two ids, %d and %d", added.Content, id, added.ID)
		}
		ids[added.Content] = added.ID
	}
	written, err := byID(ids)
	if err != nil {
		return nil, err
	}
	special := make([]bool, len(written))
	for _, added := range f.AddedTokens {
		special[added.ID] = true
	}
	return newByteLevel(written, special, lines)
}

// supported returns an error for settings that cannot be reproduced exactly.
func (f *hfFile) supported() error {
	m := f.Model
	switch {
	case m.Type != "BPE" && (m.Type != "" || m.Merges == nil):
		return fmt.Errorf("model type %q is not supported, only BPE", m.Type)
	case f.Normalizer != nil:
		return fmt.Errorf("normalizer %q is not supported: decoding would not restore the text", f.Normalizer.Type)
	case m.Dropout != 0:
		return fmt.Errorf("dropout %g is not supported: encoding would be random", m.Dropout)
	case m.Prefix != "" || m.Suffix != "":
		return fmt.Errorf("continuing_subword_prefix %q and end_of_word_suffix %q are not supported: the vocabulary is not byte-level", m.Prefix, m.Suffix)
	case m.ByteFallback:
		return errors.New("byte_fallback is not supported: the vocabulary is SentencePiece's, not byte-level")
	case m.IgnoreMerges:
		return errors.New("ignore_merges is not supported: words would skip the merges")
	case f.Decoder != nil && f.Decoder.Type != "ByteLevel":
		return fmt.Errorf("decoder %q is not supported, only ByteLevel", f.Decoder.Type)
	}
	for _, added := range f.AddedTokens {
		if !added.Special {
			return fmt.Errorf("added token %q (id %d) is not special: only special added tokens are supported", added.Content, added.ID)
		}
	}
	return f.PreTokenizer.supported()
}

// supported returns an error unless p splits words as GPT-2 does: ByteLevel alone, or Split by
// gpt2Pattern, then ByteLevel.
func (p *hfStep) supported() error {
	if p == nil {
		return errors.New("there is no pre_tokenizer: only ByteLevel is supported")
	}
	steps := []hfStep{*p}
	if p.Type == "Sequence" {
		steps = p.PreTokenizers
	}
	split := false
	for i, s := range steps {
		last := i == len(steps)-1
		switch {
		case s.Type == "Split" && !last && !split:
			if s.Pattern.Regex != gpt2Pattern || s.Behavior != "Isolated" || s.Invert {
				return fmt.Errorf("pre_tokenizer Split by %q is not supported, only GPT-2's pattern", s.Pattern.Regex)
			}
			split = true
		case s.Type == "ByteLevel" && last:
			if s.AddPrefixSpace == nil || *s.AddPrefixSpace {
				return errors.New("pre_tokenizer ByteLevel with add_prefix_space is not supported: decoded text would have an additional space")
			}
			if regex := s.UseRegex == nil || *s.UseRegex; regex == split {
				return errors.New("pre_tokenizer ByteLevel must split words by GPT-2's pattern once: with use_regex, or after a Split")
			}
			return nil
		default:
			return fmt.Errorf("pre_tokenizer %q is not supported, only ByteLevel", s.Type)
		}
	}
	return errors.New("pre_tokenizer is an empty sequence: only ByteLevel is supported")
}

// mergeLines returns the merges in the form "left right".
func (m *hfModel) mergeLines() ([]string, error) {
	lines := make([]string, len(m.Merges))
	for rank, raw := range m.Merges {
		var sides []string
		if json.Unmarshal(raw, &lines[rank]) == nil {
			continue
		}
		if err := json.Unmarshal(raw, &sides); err != nil || len(sides) != 2 || slices.Contains(sides, "") {
			return nil, fmt.Errorf("merge %d (%.80s) is neither a string nor a pair of strings", rank, raw)
		}
		lines[rank] = strings.Join(sides, " ")
	}
	return lines, nil
}
