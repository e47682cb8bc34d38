package tokenizer

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"
	"unicode/utf8"
)

// Ids that llama2.c and SentencePiece fix: 0 <unk>, 1 <s>, 2 </s>, then the 256 bytes.
const (
	llamaBegin = 1
	llamaBytes = 3
	llamaText  = llamaBytes + 256 // the first piece of text
)

var llamaSpecials = []string{"<unk>", "<s>", "</s>"}

// llamaEncoder encodes as llama2.c does (run.c, encode): the text is split into characters that are
// merged by the scores of the pieces. A character that is not a piece is encoded as its bytes. A whole
// text begins with <s> and has a space before it; the empty text is <s> alone.
type llamaEncoder struct {
	scores []float32
	chars  map[string]int32 // pieces of one character
	rules  map[bigram]mergeRule
	// adjacent has the pairs of neighbouring characters of all pieces. No merge can span any
	// other pair, so that the text can be split there.
	adjacent map[bigram]bool
	encoders sync.Pool // of *wordEncoder
}

// newLlama returns the encoder of pieces and their scores; pieces from len(scores) on are added
// special tokens.
func newLlama(scores []float32, pieces []string, special []bool) (*llamaEncoder, error) {
	if err := checkLlama(scores, pieces, special); err != nil {
		return nil, err
	}
	e := &llamaEncoder{scores: scores, chars: map[string]int32{}, rules: map[bigram]mergeRule{}, adjacent: map[bigram]bool{}}
	ids := make(map[string]int32, len(scores))
	for id := len(scores) - 1; id >= llamaText; id-- { // of equal pieces the first is used
		ids[pieces[id]] = int32(id)
		if charLen(pieces[id]) == len(pieces[id]) {
			e.chars[pieces[id]] = int32(id)
		}
	}
	ranks := rankScores(scores)
	for piece, id := range ids {
		e.addRules(piece, mergeRule{rank: ranks[id], id: id}, ids)
	}
	e.encoders.New = func() any { return newWordEncoder(e.rules, e.spell) }
	return e, nil
}

// addRules adds the rules that merge two pieces into this one, and its pairs of adjacent characters.
func (e *llamaEncoder) addRules(piece string, rule mergeRule, ids map[string]int32) {
	before := int32(noPiece)
	for i, n := 0, 0; i < len(piece); i += n {
		n = charLen(piece[i:])
		here := e.char(piece[i : i+n])
		if i > 0 {
			e.adjacent[newBigram(before, here)] = true
			left, ok := ids[piece[:i]]
			right, ok2 := ids[piece[i:]]
			if ok && ok2 {
				e.rules[newBigram(left, right)] = rule
			}
		}
		before = here
	}
}

// checkLlama returns an error if the first pieces are not the fixed ones, or if a score is not
// finite.
func checkLlama(scores []float32, pieces []string, special []bool) error {
	if len(scores) < llamaText || len(pieces) < len(scores) {
		return fmt.Errorf("%d pieces with %d scores: there must be at least %d of each, for 3 special tokens and the 256 bytes", len(pieces), len(scores), llamaText)
	}
	for id, piece := range pieces {
		if special[id] != (id < llamaBytes || id >= len(scores)) {
			return fmt.Errorf("piece %d (%q): special tokens must be the first %d and those without a score", id, piece, llamaBytes)
		}
		fixed := piece
		switch {
		case id < llamaBytes:
			fixed = llamaSpecials[id]
		case id < llamaText:
			fixed = string([]byte{byte(id - llamaBytes)})
		}
		if piece != fixed {
			return fmt.Errorf("piece %d is %q, not %q", id, piece, fixed)
		}
		if piece == "" {
			return fmt.Errorf("piece %d is empty", id)
		}
	}
	for id, score := range scores {
		if math.IsNaN(float64(score)) || math.IsInf(float64(score), 0) {
			return fmt.Errorf("piece %d has score %v: scores must be finite", id, score)
		}
	}
	return nil
}

// rankScores returns the rank of each score among the distinct scores; the highest has rank 0.
func rankScores(scores []float32) []int32 {
	order := slices.Clone(scores)
	slices.SortFunc(order, func(a, b float32) int { return cmp.Compare(b, a) })
	order = slices.Compact(order)
	rank := make(map[float32]int32, len(order))
	for i, score := range order {
		rank[score] = int32(i)
	}
	ranks := make([]int32, len(scores))
	for id, score := range scores {
		ranks[id] = rank[score]
	}
	return ranks
}

func (e *llamaEncoder) kind() string { return "llama" }

func (e *llamaEncoder) encode(ids []int, text string) ([]int, error) {
	if text == "" {
		return ids, nil
	}
	w := e.encoders.Get().(*wordEncoder)
	defer e.encoders.Put(w)
	ids = slices.Grow(ids, len(text)/bytesPerID)
	word := 0
	before := int32(noPiece)
	for i := 0; i < len(text); {
		n := charLen(text[i:])
		here := e.char(text[i : i+n])
		if i > 0 && !e.adjacent[newBigram(before, here)] {
			ids = w.encode(ids, text[word:i])
			word = i
		}
		before = here
		i += n
	}
	return w.encode(ids, text[word:]), nil
}

// charLen returns the length of the first character as llama2.c defines it: a byte and up to three
// continuation bytes, valid UTF-8 or not.
func charLen(text string) int {
	n := 1
	for n < len(text) && n < utf8.UTFMax && !utf8.RuneStart(text[n]) {
		n++
	}
	return n
}

// char returns the id of a character, or noPiece.
func (e *llamaEncoder) char(char string) int32 {
	if id, ok := e.chars[char]; ok {
		return id
	}
	return noPiece
}

// spell appends the ids of the characters of a word, or of their bytes.
func (e *llamaEncoder) spell(symbols []int32, word string) []int32 {
	for len(word) > 0 {
		n := charLen(word)
		if id := e.char(word[:n]); id != noPiece {
			symbols = append(symbols, id)
		} else {
			for i := range n {
				symbols = append(symbols, llamaBytes+int32(word[i]))
			}
		}
		word = word[n:]
	}
	return symbols
}

func (e *llamaEncoder) opening() int { return llamaBegin }

func (e *llamaEncoder) start(text string) string {
	if text == "" {
		return text
	}
	return " " + text
}

func (e *llamaEncoder) describe(f *jsonFile) { f.Scores = e.scores }
