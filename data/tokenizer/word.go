package tokenizer

import "strings"

const (
	bytesPerID = 4 // a usual ratio for subwords, to begin with; slices of ids grow if need be

	longestCached = 64      // bytes; longer words seldom come again
	cachedWords   = 1 << 16 // then the cache starts anew, so that it cannot grow without end
)

const noPiece = -1 // the id of what is no piece

// wordEncoder encodes words, stretches of text that merges do not cross, and remembers
// them. It is used by one goroutine at a time.
type wordEncoder struct {
	merger
	spell   func(symbols []int32, word string) []int32 // appends a word's symbols before any merge
	known   map[string][]int32
	symbols []int32
}

func newWordEncoder(rules map[bigram]mergeRule, spell func([]int32, string) []int32) *wordEncoder {
	return &wordEncoder{merger: merger{rules: rules}, spell: spell, known: map[string][]int32{}}
}

// encode appends the ids of a word to ids.
func (w *wordEncoder) encode(ids []int, word string) []int {
	cached := len(word) <= longestCached
	if cached {
		if merged, ok := w.known[word]; ok {
			return appendIDs(ids, merged)
		}
	}
	w.symbols = w.spell(w.symbols[:0], word)
	merged := w.merge(w.symbols)
	if cached {
		if len(w.known) >= cachedWords {
			clear(w.known)
		}
		w.known[strings.Clone(word)] = append([]int32(nil), merged...)
	}
	return appendIDs(ids, merged)
}

func appendIDs(ids []int, symbols []int32) []int {
	for _, symbol := range symbols {
		ids = append(ids, int(symbol))
	}
	return ids
}
