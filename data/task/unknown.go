package task

import (
	"fmt"
	"slices"

	"euryale/data/tokenizer"
)

// encoder encodes the fields of a source and its answer. With data.unknown_words it numbers the words of the
// source that the vocabulary lacks.
type encoder struct {
	tokenizer tokenizer.Tokenizer
	unknowns  *tokenizer.Unknowns // nil without data.unknown_words
}

// newEncoder returns the encoder of one source.
func (f *Format) newEncoder() encoder {
	e := encoder{tokenizer: f.tokenizer}
	if f.config.UnknownWords > 0 {
		e.unknowns, _ = tokenizer.NewUnknowns(f.tokenizer, f.config.UnknownWords) // NewFormat has checked it
	}
	return e
}

func (e encoder) source(field string) ([]int, error) {
	if e.unknowns != nil {
		return e.unknowns.Source(field), nil
	}
	return e.tokenizer.EncodeNext(field)
}

func (e encoder) answer(text string) ([]int, error) {
	if e.unknowns != nil {
		return e.unknowns.Answer(text), nil
	}
	return e.tokenizer.EncodeNext(text)
}

// UnknownWords returns the words that the tokens of unknown words stand for in an answer to the source, in the
// order of the tokens: see tokenizer.WithUnknowns. There are none without data.unknown_words.
func (f *Format) UnknownWords(fields ...string) ([]string, error) {
	e := f.newEncoder()
	if e.unknowns == nil {
		return nil, nil
	}
	_, err := f.encodeWith(e, fields)
	return e.unknowns.Words(), err
}

// checkKnown returns an error if all words of a source are unknown, unless Cut is set.
func (f *Format) checkKnown(source []int) error {
	if n, ok := tokenizer.UnknownWords(f.tokenizer, source); !ok || n == 0 || n < len(source) || f.Cut {
		return nil
	}
	return fmt.Errorf("none of the %d words of the text is in the vocabulary: train on text with such words, with data.unknown_words so that they can be copied, or with tokenizer.kind = \"bpe\"", len(source))
}

// cutAnswer returns an answer in which numbered words that a cut source has lost are unknown.
func (f *Format) cutAnswer(answer, source []int) []int {
	e := f.newEncoder()
	if e.unknowns == nil {
		return answer
	}
	answer = slices.Clone(answer)
	for i, id := range answer {
		if e.unknowns.IsNumbered(id) && !slices.Contains(source, id) {
			answer[i] = e.unknowns.Answer(tokenizer.Unknown)[0]
		}
	}
	return answer
}
