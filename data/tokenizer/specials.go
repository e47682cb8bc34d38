package tokenizer

import (
	"errors"
	"fmt"
)

// ParseSpecials returns a copy of t whose Encode reads the name of a special token in a text, such as
// "<|endoftext|>", as that token; what is between two such names is encoded as a text of its own.
// Where several names begin, the longest is read. Special tokens that WithSpecials adds to the copy
// are read too.
//
// Use it only for text that may contain them: whoever writes a prompt can then end it.
//
// It panics if t is not a tokenizer of this package.
func ParseSpecials(t Tokenizer) Tokenizer {
	base, ok := t.(*vocabulary)
	if !ok {
		panic(fmt.Sprintf("tokenizer.ParseSpecials: %T is not a tokenizer of this package", t))
	}
	parsing := *base
	parsing.encoder = parseSpecials(base.encoder, base.specials)
	return &parsing
}

// PartEnd returns the first offset from at on where text can be divided into two parts that are encoded
// apart: not within the name of a special token that t parses and, if t is a word tokenizer, not within
// a word. It is at for most tokenizers.
func PartEnd(t Tokenizer, text string, at int) int {
	if wordsOf(t) != nil {
		at = WordEnd(text, at)
	}
	v, _ := t.(*vocabulary)
	if v == nil {
		return at
	}
	e, ok := v.encoder.(*parsingEncoder)
	if !ok {
		return at
	}
	from := max(0, at-e.added.longest+1)
	for _, span := range e.added.find(text[from:min(len(text), at+e.added.longest)]) {
		if start, end := from+span.start, from+span.end; start < at && at < end {
			return end
		}
	}
	return at
}

// parsingEncoder is an encoder that produces special tokens where a text has their names.
type parsingEncoder struct {
	encoder
	added *addedTokens
}

// parseSpecials returns an encoder that parses these special tokens, in place of those that e parses
// already.
func parseSpecials(e encoder, specials map[string]int) encoder {
	if p, ok := e.(*parsingEncoder); ok {
		e = p.encoder
	}
	tokens := make(map[string]addedToken, len(specials))
	for name, id := range specials {
		tokens[name] = addedToken{id: id}
		if imported, ok := e.(*importedEncoder); ok && imported.flags[name].id == id {
			tokens[name] = imported.flags[name]
		}
	}
	return &parsingEncoder{encoder: e, added: newAddedTokens(tokens)}
}

// start returns text as a whole text begins. A special token has no space before it, except in llama2.c.
func (p *parsingEncoder) start(text string) string {
	if _, ok := p.encoder.(*importedEncoder); ok && p.added.begins(text) {
		return text
	}
	return wholeText(p.encoder, text)
}

func (p *parsingEncoder) encode(ids []int, text string) ([]int, error) {
	if text == "" {
		return p.encoder.encode(ids, text)
	}
	err := p.added.each(text, func(id int) { ids = append(ids, id) }, func(part string, offset int) error {
		var err error
		ids, err = p.encoder.encode(ids, part)
		if unknown := (*UnknownError)(nil); errors.As(err, &unknown) {
			unknown.Offset += offset
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}
