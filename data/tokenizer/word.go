package tokenizer

import "strings"

const (
	bytesPerID = 4 // typical of subwords: the initial capacity of a slice of ids

	longestCached = 64      // bytes; longer words rarely recur
	cachedWords   = 1 << 16 // size at which the cache is cleared
)

const noPiece = -1 // instead of an id, if there is no such piece

// wordEncoder encodes words, which are parts of a text that merges do not cross, and caches the
// results. It is not safe for concurrent use.
type wordEncoder struct {
	merger
	spell   func(symbols []int32, word string) []int32 // appends the symbols of a word before any merge
	known   map[string][]int32
	symbols []int32
}

func newWordEncoder(rules map[bigram]mergeRule, spell func([]int32, string) []int32) *wordEncoder {
	return &wordEncoder{merger: merger{rules: rules}, spell: spell, known: map[string][]int32{}}
}

// encode appends the ids of a word to ids.
func (w *wordEncoder) encode(ids []int, word string) []int {
	cached := len(word) <= longestCached && w.drop == nil
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
