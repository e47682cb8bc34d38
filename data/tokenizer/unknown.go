package tokenizer

import (
	"fmt"
	"slices"
)

// UnknownWord returns the name of the special token for the n-th different word of a source that is not in the
// vocabulary of a word tokenizer, counted from 0.
func UnknownWord(n int) string { return fmt.Sprintf("<|unknown:%d|>", n) }

// Unknowns numbers the different words of a source that are not in the vocabulary of a word tokenizer: the
// token UnknownWord(n) stands for the n-th of them in that source and in its answer, so that a model can copy
// it (the extended vocabulary of See, Liu and Manning 2017, §2.2; the positions of Luong et al. 2015,
// https://arxiv.org/abs/1410.8206). Words beyond the number of tokens are <unk>.
type Unknowns struct {
	words *wordsEncoder
	ids   []int // of the tokens
	known map[string]int
	texts []string // of the words, with the space before them
}

// NewUnknowns returns an Unknowns without words. It is an error if the tokenizer is not one of words, or lacks
// one of n tokens.
func NewUnknowns(t Tokenizer, n int) (*Unknowns, error) {
	u := &Unknowns{words: wordsOf(t), known: map[string]int{}}
	if u.words == nil {
		return nil, fmt.Errorf("the tokenizer is of kind %s, which has no unknown words", t.Kind())
	}
	for i := range n {
		id, ok := t.Special(UnknownWord(i))
		if !ok {
			return nil, fmt.Errorf("the tokenizer has no token %s", UnknownWord(i))
		}
		u.ids = append(u.ids, id)
	}
	return u, nil
}

// Source returns the ids of a text, and numbers its unknown words.
func (u *Unknowns) Source(text string) []int { return u.encode(text, true) }

// Answer returns the ids of a text, in which only words that a source has can have a number.
func (u *Unknowns) Answer(text string) []int { return u.encode(text, false) }

func (u *Unknowns) encode(text string, number bool) (ids []int) {
	eachWord(u.words.rule, text, func(piece string) {
		if id, ok := u.words.ids[piece]; ok {
			ids = append(ids, id)
			return
		}
		n, ok := u.known[piece]
		if !ok && number && len(u.texts) < len(u.ids) {
			n, ok = len(u.texts), true
			u.known[piece], u.texts = n, append(u.texts, piece)
		}
		switch {
		case ok:
			ids = append(ids, u.ids[n])
		case piece[0] == ' ':
			ids = append(ids, unknownWord)
		default:
			ids = append(ids, unknownPart)
		}
	})
	return ids
}

// Words returns the words that have a number, in their order.
func (u *Unknowns) Words() []string { return u.texts }

// IsNumbered reports whether id is a token of a numbered word.
func (u *Unknowns) IsNumbered(id int) bool { return slices.Contains(u.ids, id) }

// WithUnknowns returns a tokenizer that decodes the tokens of unknown words to these words, in their order. It
// returns t itself if there are none.
func WithUnknowns(t Tokenizer, words []string) Tokenizer {
	base, ok := t.(*vocabulary)
	if !ok || len(words) == 0 {
		return t
	}
	v := *base
	v.pieces = slices.Clone(base.pieces)
	for n, word := range words {
		if id, ok := v.specials[UnknownWord(n)]; ok {
			v.pieces[id] = word
		}
	}
	return &v
}
