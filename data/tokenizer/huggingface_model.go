package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"euryale/internal/runfile"
)

// hfModel is the model of Hugging Face's tokenizer.json. Vocab and Merges have other types in models that
// are not a byte-pair encoding, so that readVocab parses them when the type is known.
type hfModel struct {
	Type         string          `json:"type"`
	Vocab        json.RawMessage `json:"vocab"`  // piece → id
	Merges       json.RawMessage `json:"merges"` // each "left right" or ["left", "right"]
	Dropout      float64         `json:"dropout"`
	Unknown      string          `json:"unk_token"`
	Prefix       string          `json:"continuing_subword_prefix"`
	Suffix       string          `json:"end_of_word_suffix"`
	FuseUnknown  bool            `json:"fuse_unk"`
	ByteFallback bool            `json:"byte_fallback"`
	IgnoreMerges bool            `json:"ignore_merges"`

	ids   map[string]int // Vocab
	pairs [][2]string    // Merges
}

// readVocab parses Vocab and Merges.
func (m *hfModel) readVocab() error {
	if err := json.Unmarshal(m.Vocab, &m.ids); err != nil && m.Vocab != nil {
		return fmt.Errorf("model.vocab: %w", runfile.JSONError(err))
	}
	if m.ids == nil {
		return errors.New("the model has no vocabulary")
	}
	var merges []hfMerge
	if m.Merges != nil {
		if err := json.Unmarshal(m.Merges, &merges); err != nil {
			return fmt.Errorf("model.merges: %w", runfile.JSONError(err))
		}
	}
	m.pairs = make([][2]string, len(merges))
	for rank, merge := range merges {
		if merge.problem != "" {
			return fmt.Errorf("merge %d (%.80s) is not two pieces: it must be a string with one space, or a pair of strings", rank, merge.problem)
		}
		m.pairs[rank] = merge.pair
	}
	return nil
}

// hfMerge is a merge, written in either form, or what is written instead.
type hfMerge struct {
	pair    [2]string
	problem string
}

// UnmarshalJSON never returns an error, so that readVocab can name the merge.
func (m *hfMerge) UnmarshalJSON(text []byte) error {
	var line string
	var sides []string
	if json.Unmarshal(text, &line) == nil {
		sides = strings.Split(line, " ")
	} else if json.Unmarshal(text, &sides) != nil {
		sides = nil
	}
	if len(sides) != 2 || sides[0] == "" || sides[1] == "" {
		m.problem = string(text)
		return nil
	}
	m.pair = [2]string(sides)
	return nil
}
