package tokenizer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

const (
	distinctWholeWords = 64 << 20 // bytes of distinct words that a WordCounter counts
	longestKnown       = 256      // bytes; longer words are unknown
)

// WordCounter counts the words of a text of any size for a word tokenizer. If there are more than
// 64 MB of distinct words, the rarest are dropped. Words of more than 256 bytes are not counted.
type WordCounter struct {
	rule    string
	words   wordCounter
	unknown bool // the text has the unknown token
}

// NewWordCounter returns a counter of the words that rule splits texts into: SpaceWords or
// UnicodeWords; "" is SpaceWords.
func NewWordCounter(rule string) (*WordCounter, error) {
	rule = cmp.Or(rule, SpaceWords)
	return &WordCounter{rule: rule, words: wordCounter{limit: distinctWholeWords}}, checkWordRule(rule)
}

// Add counts the words of a text, or of a part of one that neither begins nor ends within a word.
func (w *WordCounter) Add(text string) {
	eachWord(w.rule, text, func(piece string) {
		switch {
		case strings.TrimPrefix(piece, " ") == Unknown:
			w.unknown = true
		case piece != "\n" && len(piece) <= longestKnown:
			w.words.addWord(piece)
		}
	})
}

// Tokenizer returns the tokenizer of the words that occur at least minCount times, the most frequent
// first, of equally frequent ones the first by bytes. minCount 0 is 1 for a text that has <unk>, whose
// rare words have been replaced, and otherwise 2, so that <unk> occurs in training. vocab limits the
// number of ids, <unk> and the end of a line included; 0 is no limit.
func (w *WordCounter) Tokenizer(minCount, vocab int) (Tokenizer, error) {
	if minCount == 0 {
		minCount = 2
		if w.unknown {
			minCount = 1
		}
	}
	pieces := wordPieces(w.rule)
	if vocab > 0 && vocab <= len(pieces) {
		return nil, fmt.Errorf("a vocabulary of %d has no place for words beside %q: use a larger tokenizer.vocab", vocab, pieces)
	}
	if len(w.words.counts) == 0 && !w.unknown {
		return nil, errNoWords
	}
	count := w.words.counts
	words := make([]string, 0, len(count))
	for word, n := range count {
		if n >= minCount {
			words = append(words, word)
		}
	}
	slices.SortFunc(words, func(a, b string) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b))
	})
	if room := vocab - len(pieces); vocab > 0 && len(words) > room {
		words = words[:room]
	}
	pieces = append(pieces, words...)
	e, err := newWords(w.rule, pieces, nil)
	if err != nil {
		return nil, err
	}
	return newVocabulary(e, pieces), nil
}
