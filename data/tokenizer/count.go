package tokenizer

import "strings"

const (
	// longestWord is the length at which longer words are cut: without it a very long line without
	// breaks would make every merge slow.
	longestWord = 256 // bytes
	// distinctWords limits the total size of the distinct words, and with it the memory of training:
	// 4,096 merges of 100 MB of random Chinese took 200 MB.
	distinctWords = 8 << 20 // bytes
)

// wordCounter counts the words of a text of any size in bounded memory. When the distinct words exceed
// the limit, it drops the rarest, with a threshold that rises each time (as fastText's dictionary
// does).
type wordCounter struct {
	counts map[string]int
	limit  int // bytes
	size   int // bytes of distinct words
	floor  int // words of at most this count have been dropped
}

// add counts the words of text.
func (w *wordCounter) add(text string) {
	for len(text) > 0 {
		n := min(wordEnd(text), longestWord)
		w.addWord(text[:n])
		text = text[n:]
	}
}

// addWord counts one word.
func (w *wordCounter) addWord(word string) {
	if w.counts == nil {
		w.counts = map[string]int{}
	}
	if count, ok := w.counts[word]; ok {
		w.counts[word] = count + 1
		return
	}
	w.counts[strings.Clone(word)] = 1 // a key must not keep text alive
	if w.size += len(word); w.size > w.limit {
		w.dropRarest()
	}
}

// dropRarest drops the rarest words until half of the limit is free.
func (w *wordCounter) dropRarest() {
	for w.size > w.limit/2 {
		w.floor++
		for word, count := range w.counts {
			if count <= w.floor {
				delete(w.counts, word)
				w.size -= len(word)
			}
		}
	}
}
