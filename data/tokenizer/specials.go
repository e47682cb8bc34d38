package tokenizer

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
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
	from := max(0, at-e.longest+1)
	for _, span := range e.names.FindAllStringIndex(text[from:min(len(text), at+e.longest)], -1) {
		if start, end := from+span[0], from+span[1]; start < at && at < end {
			return end
		}
	}
	return at
}

// parsingEncoder is an encoder that produces special tokens where a text has their names.
type parsingEncoder struct {
	encoder
	specials map[string]int
	names    *regexp.Regexp // the names, the longest first
	longest  int            // bytes of the longest name
}

// parseSpecials returns an encoder that parses these special tokens, in place of those that e parses
// already.
func parseSpecials(e encoder, specials map[string]int) encoder {
	if p, ok := e.(*parsingEncoder); ok {
		e = p.encoder
	}
	names := slices.SortedFunc(maps.Keys(specials), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	p := &parsingEncoder{encoder: e, specials: specials}
	for i, name := range names {
		p.longest = max(p.longest, len(name))
		names[i] = regexp.QuoteMeta(name)
	}
	if len(names) == 0 {
		names = []string{`[^\s\S]`} // matches nothing
	}
	p.names = regexp.MustCompile(strings.Join(names, "|"))
	return p
}

func (p *parsingEncoder) encode(ids []int, text string) ([]int, error) {
	at := 0
	for _, span := range append(p.names.FindAllStringIndex(text, -1), []int{len(text), len(text)}) {
		if part := text[at:span[0]]; part != "" || text == "" {
			var err error
			if ids, err = p.encoder.encode(ids, part); err != nil {
				var unknown *UnknownError
				if errors.As(err, &unknown) {
					unknown.Offset += at
				}
				return nil, err
			}
		}
		if span[0] < span[1] {
			ids = append(ids, p.specials[text[span[0]:span[1]]])
		}
		at = span[1]
	}
	return ids, nil
}
