package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
)

// gpt2Pattern is GPT-2's regular expression of words, as in Hugging Face's files.
const gpt2Pattern = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

// hfFile has the fields of Hugging Face's tokenizer.json that are read.
type hfFile struct {
	AddedTokens   []hfAdded `json:"added_tokens"`
	Normalizer    *hfStep   `json:"normalizer"`
	PreTokenizer  *hfStep   `json:"pre_tokenizer"`
	PostProcessor *hfStep   `json:"post_processor"`
	Decoder       *hfStep   `json:"decoder"`
	Model         hfModel   `json:"model"`
}

type hfAdded struct {
	ID         int    `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

// hfStep is a normalizer, a pre-tokenizer, a post-processor or a decoder; one of type Sequence has
// steps.
type hfStep struct {
	Type             string   `json:"type"`
	Normalizers      []hfStep `json:"normalizers"`
	PreTokenizers    []hfStep `json:"pretokenizers"`
	Processors       []hfStep `json:"processors"`
	Decoders         []hfStep `json:"decoders"`
	AddPrefixSpace   *bool    `json:"add_prefix_space"`  // ByteLevel, Metaspace; default true
	UseRegex         *bool    `json:"use_regex"`         // ByteLevel; default true
	Behavior         string   `json:"behavior"`          // Split, Punctuation
	Invert           bool     `json:"invert"`            // Split
	IndividualDigits bool     `json:"individual_digits"` // Digits
	Prepend          string   `json:"prepend"`           // Prepend
	StripLeft        bool     `json:"strip_left"`        // Strip, a normalizer
	StripRight       bool     `json:"strip_right"`
	Replacement      string   `json:"replacement"`    // Metaspace
	PrependScheme    string   `json:"prepend_scheme"` // Metaspace: always, first or never
	Split            *bool    `json:"split"`          // Metaspace; default true
	Content          string   `json:"content"`        // Replace; Strip, a decoder
	Stop             int      `json:"stop"`           // Strip, a decoder: characters dropped at the end
	Pattern          struct {
		Regex  *string `json:"Regex"`
		String *string `json:"String"`
	} `json:"pattern"` // Split, Replace
	Single []struct { // TemplateProcessing
		SpecialToken *struct {
			ID string `json:"id"`
		} `json:"SpecialToken"`
	} `json:"single"`
	SpecialTokens map[string]struct {
		IDs []int `json:"ids"`
	} `json:"special_tokens"` // TemplateProcessing
	Cls []any `json:"cls"` // RobertaProcessing, BertProcessing: a name and an id
}

// parseHuggingFace parses a byte-pair encoding. One with GPT-2's words is of kind bpe; others are of kind
// huggingface. What is not supported, such as other models, and normalizers and pre-tokenizers that drop
// text, is named in one error.
func parseHuggingFace(text []byte) (Tokenizer, error) {
	var f hfFile
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, jsonError(text, err)
	}
	e, err := newImported(&f)
	if err != nil {
		return nil, fmt.Errorf("tokenizer of Hugging Face: %w", err)
	}
	if err := f.Model.readVocab(); err != nil {
		return nil, fmt.Errorf("tokenizer of Hugging Face: %w", err)
	}
	written, err := f.pieces()
	if err != nil {
		return nil, err
	}
	if f.isGPT2(e) {
		special := make([]bool, len(written))
		for _, added := range f.AddedTokens {
			special[added.ID] = true
		}
		return newByteLevel(written, special, f.Model.mergeLines())
	}
	var source bytes.Buffer
	if err := json.Compact(&source, text); err != nil {
		return nil, err
	}
	e.source = source.Bytes()
	return f.vocabulary(e, written)
}

// pieces returns the pieces of the model and the added tokens in order of ids.
func (f *hfFile) pieces() ([]string, error) {
	ids := maps.Clone(f.Model.ids)
	for _, added := range f.AddedTokens {
		if id, ok := ids[added.Content]; ok && id != added.ID {
			return nil, fmt.Errorf("added token %q has two ids, %d and %d", added.Content, id, added.ID)
		}
		ids[added.Content] = added.ID
	}
	return byID(ids)
}

// isGPT2 reports whether the file is what vocab.json and merges.txt of GPT-2 can express.
func (f *hfFile) isGPT2(e *importedEncoder) bool {
	for _, added := range f.AddedTokens {
		if !added.Special || added.SingleWord || added.LStrip || added.RStrip {
			return false
		}
	}
	steps := []hfStep{{Type: "none"}}
	if f.PreTokenizer != nil {
		steps[0] = *f.PreTokenizer
	}
	if steps[0].Type == "Sequence" {
		steps = steps[0].PreTokenizers
	}
	words := len(steps) == 1 && (steps[0].UseRegex == nil || *steps[0].UseRegex) ||
		len(steps) == 2 && steps[0].Type == "Split" && steps[0].Behavior == "Isolated" && steps[0].Pattern.Regex != nil &&
			*steps[0].Pattern.Regex == gpt2Pattern && steps[1].UseRegex != nil && !*steps[1].UseRegex
	return words && steps[len(steps)-1].Type == "ByteLevel" && f.Normalizer == nil && e.begin < 0 && !e.model.ignoreMerges
}

// vocabulary returns the tokenizer of kind huggingface.
func (f *hfFile) vocabulary(e *importedEncoder, written []string) (Tokenizer, error) {
	v := newVocabulary(e, make([]string, len(written)))
	e.size = len(written)
	outside := make([]bool, len(written)) // tokens that the model does not produce
	for _, added := range f.AddedTokens {
		outside[added.ID], v.pieces[added.ID] = true, added.Content
	}
	if err := f.readAdded(e, v.specials); err != nil {
		return nil, err
	}
	if e.begin >= len(written) {
		return nil, fmt.Errorf("post_processor: the token %d before the text is outside the vocabulary of %d", e.begin, len(written))
	}
	if e.begin >= 0 {
		name := written[e.begin]
		outside[e.begin], v.pieces[e.begin], v.specials[name] = true, name, e.begin
	}
	if name := f.Model.Unknown; name != "" {
		id, ok := f.Model.ids[name]
		if !ok {
			return nil, fmt.Errorf("unk_token %q is not in the vocabulary", name)
		}
		e.model.unknown = int32(id)
	}
	if err := newImportedModel(e.model, written, outside, f.Model.pairs); err != nil {
		return nil, err
	}
	for id, piece := range written {
		if !outside[id] {
			v.pieces[id] = e.model.piece(piece)
		}
	}
	return v, nil
}

// readAdded adds the added tokens to e, and the special ones to specials.
func (f *hfFile) readAdded(e *importedEncoder, specials map[string]int) error {
	raw, normalized := map[string]addedToken{}, map[string]addedToken{}
	e.flags = map[string]addedToken{}
	for _, added := range f.AddedTokens {
		if added.Content == "" {
			return fmt.Errorf("added token %d has no name", added.ID)
		}
		token := addedToken{id: added.ID, lstrip: added.LStrip, rstrip: added.RStrip, singleWord: added.SingleWord}
		e.flags[added.Content] = token
		switch {
		case added.Special || added.ID == e.begin:
			specials[added.Content] = added.ID
		case added.Normalized:
			name, err := e.normal(added.Content)
			if err != nil || name == "" {
				return errors.Join(fmt.Errorf("added token %q has no name after normalization", added.Content), err)
			}
			normalized[name] = token
		default:
			raw[added.Content] = token
		}
	}
	e.raw, e.normalized = newAddedTokens(raw), newAddedTokens(normalized)
	return nil
}

// addedID returns the id of an added token.
func (f *hfFile) addedID(name string) (int, bool) {
	for _, added := range f.AddedTokens {
		if added.Content == name {
			return added.ID, true
		}
	}
	return 0, false
}

// firstToken returns the name in cls.
func (s *hfStep) firstToken() string {
	if len(s.Cls) == 0 {
		return ""
	}
	name, _ := s.Cls[0].(string)
	return name
}

// mergeLines returns the merges in the form "left right".
func (m *hfModel) mergeLines() []string {
	lines := make([]string, len(m.pairs))
	for rank, pair := range m.pairs {
		lines[rank] = strings.Join(pair[:], " ")
	}
	return lines
}
