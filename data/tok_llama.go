package data

import (
	"cmp"
	"encoding/binary"
	"errors"
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
	llamaText  = llamaBytes + 256 // the first piece that is text
)

var llamaSpecials = []string{"<unk>", "<s>", "</s>"}

// llamaEncoder encodes as llama2.c does (run.c, encode): <s>, then the text with a space
// before it, in characters, merged by the scores of the pieces. A character that is no
// piece falls back to its bytes. The empty text is <s> alone.
type llamaEncoder struct {
	scores []float32
	chars  map[string]int32 // pieces of one character
	rules  map[pair]mergeRule
	idle   sync.Pool // of *merger
}

// newLlama makes the encoder of pieces and their scores; pieces from len(scores) on are
// special tokens that were added.
func newLlama(scores []float32, pieces []string, special []bool) (*llamaEncoder, error) {
	if err := checkLlama(scores, pieces, special); err != nil {
		return nil, err
	}
	e := &llamaEncoder{scores: scores, chars: map[string]int32{}, rules: map[pair]mergeRule{}}
	ids := make(map[string]int32, len(scores))
	for id := len(scores) - 1; id >= llamaText; id-- { // of equal pieces the first one counts
		ids[pieces[id]] = int32(id)
	}
	ranks := rankScores(scores)
	for piece, id := range ids {
		_, size := utf8.DecodeRuneInString(piece)
		if size == len(piece) {
			e.chars[piece] = id
			continue
		}
		for i := size; i < len(piece); i++ {
			left, ok := ids[piece[:i]]
			right, ok2 := ids[piece[i:]]
			if ok && ok2 {
				e.rules[newPair(left, right)] = mergeRule{rank: ranks[id], id: id}
			}
		}
	}
	e.idle.New = func() any { return &merger{rules: e.rules} }
	return e, nil
}

// checkLlama refuses a table whose first pieces are not the fixed ones, or whose scores
// give no order.
func checkLlama(scores []float32, pieces []string, special []bool) error {
	if len(scores) < llamaText || len(pieces) < len(scores) {
		return fmt.Errorf("%d pieces with %d scores: there must be at least %d of each, 3 special tokens and the 256 bytes first", len(pieces), len(scores), llamaText)
	}
	for id, piece := range pieces {
		if special[id] != (id < llamaBytes || id >= len(scores)) {
			return fmt.Errorf("piece %d (%q): special tokens are the first %d and those that have no score", id, piece, llamaBytes)
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
			return fmt.Errorf("piece %d has score %v, which gives no order", id, score)
		}
	}
	return nil
}

// rankScores numbers the distinct scores from the highest on.
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
	ids = append(ids, llamaBegin)
	if text == "" {
		return ids, nil
	}
	symbols := e.appendChar(make([]int32, 0, len(text)+1), " ")
	for i := 0; i < len(text); {
		n := charLen(text[i:])
		symbols = e.appendChar(symbols, text[i:i+n])
		i += n
	}
	m := e.idle.Get().(*merger)
	defer e.idle.Put(m)
	for _, id := range m.merge(symbols) {
		ids = append(ids, int(id))
	}
	return ids, nil
}

// charLen is the length of the first character as llama2.c sees it: a byte and up to three
// continuation bytes, be they valid UTF-8 or not.
func charLen(text string) int {
	n := 1
	for n < len(text) && n < utf8.UTFMax && !utf8.RuneStart(text[n]) {
		n++
	}
	return n
}

func (e *llamaEncoder) appendChar(symbols []int32, char string) []int32 {
	if id, ok := e.chars[char]; ok {
		return append(symbols, id)
	}
	for i := range len(char) {
		symbols = append(symbols, llamaBytes+int32(char[i]))
	}
	return symbols
}

func (e *llamaEncoder) opening() int { return llamaBegin }

func (e *llamaEncoder) describe(f *tokenizerFile) { f.Scores = e.scores }

// parseLlama reads llama2.c's tokenizer.bin, little-endian: int32 the longest piece, then
// for each id float32 score, int32 length, bytes.
func parseLlama(file []byte) (Tokenizer, error) {
	if len(file) < 4 {
		return nil, errors.New("the file is neither JSON nor a llama2.c tokenizer: it is shorter than 4 bytes")
	}
	longest := int32(binary.LittleEndian.Uint32(file))
	if longest < 1 || longest > 1024 {
		return nil, fmt.Errorf("the file is neither JSON nor a llama2.c tokenizer: its longest piece would have %d bytes, not 1 to 1024", longest)
	}
	var pieces []string
	var scores []float32
	for at := 4; at < len(file); {
		rest := file[at:]
		if len(rest) < 8 {
			return nil, fmt.Errorf("the file ends at byte offset %d, inside the head of piece %d", len(file), len(pieces))
		}
		score := math.Float32frombits(binary.LittleEndian.Uint32(rest))
		size := int32(binary.LittleEndian.Uint32(rest[4:]))
		if size < 1 || size > longest || int(size) > len(rest)-8 {
			return nil, fmt.Errorf("piece %d at byte offset %d has length %d: it must be 1 to %d and inside the file", len(pieces), at, size, longest)
		}
		pieces = append(pieces, string(rest[8:8+size]))
		scores = append(scores, score)
		at += 8 + int(size)
	}
	for id := llamaBytes; id < min(llamaText, len(pieces)); id++ {
		if want := fmt.Sprintf("<0x%02X>", id-llamaBytes); pieces[id] != want {
			return nil, fmt.Errorf("piece %d is %q, not %s: only vocabularies with byte fallback can be read", id, pieces[id], want)
		}
		pieces[id] = string([]byte{byte(id - llamaBytes)})
	}
	v := newVocabulary(nil, pieces)
	special := make([]bool, len(pieces))
	for id, name := range llamaSpecials[:min(llamaBytes, len(pieces))] {
		pieces[id] = name // the file has line breaks around some names
		special[id], v.specials[name] = true, id
	}
	var err error
	v.encoder, err = newLlama(scores, pieces, special)
	return v, err
}
