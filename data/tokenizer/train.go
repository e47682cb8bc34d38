package tokenizer

import (
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"io"
)

const trainChunk = 1 << 20 // bytes of text in memory at a time

// TrainBPE learns a byte-level byte-pair encoding from text: ids 0 to 255 are the bytes, and each
// further id merges the most frequent pair of neighbouring pieces within words (Sennrich et al.
// 2016). Text is split into words as in GPT-2. Of equally frequent pairs the one with the lower ids
// is merged first, so that the result depends on the text alone.
//
// vocab is the number of ids, at least 256. The result has fewer if no pair is left that occurs
// twice. progress, unless nil, is called after each merge with the number of merges done and the
// total. Memory is bounded: if the text has more than 8 MB of distinct words, the rarest are ignored.
// An empty text and a read error are errors.
func TrainBPE(text io.Reader, vocab int, progress func(done, total int)) (Tokenizer, error) {
	if vocab < 256 {
		return nil, fmt.Errorf("train bpe: a vocabulary of %d is too small for the 256 bytes: use 256 or more", vocab)
	}
	words := wordCounter{limit: distinctWords}
	err := EachChunk(text, trainChunk, func(chunk string) error {
		words.add(chunk)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("train bpe: %w", err)
	}
	if len(words.counts) == 0 {
		return nil, errors.New("train bpe: the text is empty")
	}
	t := newBPETrainer(words.counts)
	t.learn(vocab, progress)
	e, err := newBPE(t.pieces, make([]bool, len(t.pieces)), t.merges)
	if err != nil {
		return nil, fmt.Errorf("train bpe: %w", err)
	}
	return newVocabulary(e, t.pieces), nil
}

// bpeTrainer learns merges, with counts of all pairs that each merge updates.
type bpeTrainer struct {
	pieces  []string
	seen    map[string]bool // pieces produced by merges
	merges  []bigram
	words   []countedWord
	counts  map[bigram]int
	where   map[bigram][]int32 // indices of the words that have the pair, or had it
	queue   bigramQueue        // every pair once, with its count or an outdated higher one
	scratch []int32
}

// countedWord is a distinct word, as symbols, and how often it occurs.
type countedWord struct {
	symbols []int32
	count   int
}

func newBPETrainer(words map[string]int) *bpeTrainer {
	t := &bpeTrainer{pieces: bytePieces(), seen: map[string]bool{}, counts: map[bigram]int{}, where: map[bigram][]int32{}}
	for word, count := range words {
		symbols := make([]int32, len(word))
		for i := range symbols {
			symbols[i] = int32(word[i])
		}
		t.words = append(t.words, countedWord{symbols, count})
	}
	for i, w := range t.words {
		for j := 1; j < len(w.symbols); j++ {
			p := newBigram(w.symbols[j-1], w.symbols[j])
			t.counts[p] += w.count
			t.where[p] = append(t.where[p], int32(i))
		}
	}
	for p, count := range t.counts {
		t.queue = append(t.queue, countedBigram{p, count})
	}
	heap.Init(&t.queue)
	return t
}

// learn merges pairs until there are vocab pieces, or no pair occurs twice.
func (t *bpeTrainer) learn(vocab int, progress func(done, total int)) {
	for len(t.pieces) < vocab && len(t.queue) > 0 {
		best := heap.Pop(&t.queue).(countedBigram)
		if now := t.counts[best.bigram]; now < best.count {
			heap.Push(&t.queue, countedBigram{best.bigram, now}) // other merges have reduced the count
			continue
		}
		if best.count < 2 {
			return
		}
		piece := t.pieces[best.left()] + t.pieces[best.right()]
		if t.seen[piece] {
			continue // a+bc after ab+c: a second merge to the same piece would add no id
		}
		t.seen[piece] = true
		t.merges = append(t.merges, best.bigram)
		t.pieces = append(t.pieces, piece)
		t.merge(best.bigram, int32(len(t.pieces)-1))
		if progress != nil {
			progress(len(t.merges), vocab-256)
		}
	}
}

// merge replaces a pair by the piece id in every word that has it.
func (t *bpeTrainer) merge(p bigram, id int32) {
	made := map[bigram]bool{} // pairs with the new piece; the counts of all others can only fall
	for _, i := range t.where[p] {
		t.mergeWord(i, p, id, made)
	}
	for q := range made {
		heap.Push(&t.queue, countedBigram{q, t.counts[q]})
	}
}

// mergeWord replaces the pair in one word and updates the counts of its pairs. A word that no longer
// has the pair, because of an earlier merge, is not changed.
func (t *bpeTrainer) mergeWord(i int32, p bigram, id int32, made map[bigram]bool) {
	w := &t.words[i]
	old := append(t.scratch[:0], w.symbols...)
	t.scratch = old
	w.symbols = joinBigram(w.symbols[:0], old, p, id)
	if len(w.symbols) == len(old) {
		return
	}
	for j := 1; j < len(w.symbols); j++ {
		q := newBigram(w.symbols[j-1], w.symbols[j])
		t.counts[q] += w.count
		if w.symbols[j-1] == id || w.symbols[j] == id {
			made[q] = true
			t.where[q] = append(t.where[q], i)
		}
	}
	for j := 1; j < len(old); j++ {
		q := newBigram(old[j-1], old[j])
		if t.counts[q] -= w.count; t.counts[q] == 0 {
			delete(t.counts, q)
			delete(t.where, q)
		}
	}
}

// joinBigram appends symbols to joined, with every pair p replaced by id, from left to right.
func joinBigram(joined, symbols []int32, p bigram, id int32) []int32 {
	for i := 0; i < len(symbols); i++ {
		if i+1 < len(symbols) && newBigram(symbols[i], symbols[i+1]) == p {
			joined = append(joined, id)
			i++
		} else {
			joined = append(joined, symbols[i])
		}
	}
	return joined
}

// countedBigram is a pair and how often it occurs.
type countedBigram struct {
	bigram
	count int
}

// bigramQueue is a heap: the most frequent pair first, of equally frequent ones that of lower ids.
type bigramQueue []countedBigram

func (q bigramQueue) Len() int { return len(q) }
func (q bigramQueue) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(q[j].count, q[i].count), cmp.Compare(q[i].bigram, q[j].bigram)) < 0
}
func (q bigramQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *bigramQueue) Push(x any)   { *q = append(*q, x.(countedBigram)) }
func (q *bigramQueue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
