package tokenizer

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// splitGPT2 is the name of the word rule (wordEnd) in tokenizer.json.
const splitGPT2 = "gpt2"

// bpeEncoder implements byte-level byte-pair encoding (Sennrich et al. 2016; on bytes: Radford et
// al. 2019): text is split into words, words into bytes, and neighbouring pieces are merged in the
// order in which the merges were learned.
type bpeEncoder struct {
	pieces   []string
	bytes    [256]int32 // the id of each byte, or noPiece
	gaps     bool       // some bytes have no id: Hugging Face's trainer adds only those of its text
	merges   []bigram   // in order of rank
	rules    map[bigram]mergeRule
	encoders sync.Pool // of *wordEncoder, so that goroutines do not wait for each other
}

// newBPE returns the encoder of a table of pieces, except the special ones, and merges. Pieces must
// be distinct, and the result of a merge must be a piece.
func newBPE(pieces []string, special []bool, merges []bigram) (*bpeEncoder, error) {
	ids, err := pieceIDs(pieces, special)
	if err != nil {
		return nil, err
	}
	e := &bpeEncoder{pieces: pieces, merges: merges, rules: make(map[bigram]mergeRule, len(merges))}
	for b, piece := range bytePieces() {
		id, ok := ids[piece]
		if !ok {
			id, e.gaps = noPiece, true
		}
		e.bytes[b] = id
	}
	for rank, p := range merges {
		piece := pieces[p.left()] + pieces[p.right()]
		id, ok := ids[piece]
		if !ok {
			return nil, fmt.Errorf("merge %d produces %q, which is not in the vocabulary", rank, piece)
		}
		if _, ok := e.rules[p]; ok {
			return nil, fmt.Errorf("merge %d (%q + %q) is a duplicate", rank, pieces[p.left()], pieces[p.right()])
		}
		e.rules[p] = mergeRule{rank: int32(rank), id: id}
	}
	e.encoders.New = func() any { return newWordEncoder(e.rules, e.spell) }
	return e, nil
}

// pieceIDs returns the id of each piece, except the special ones. Empty and duplicate pieces are
// errors.
func pieceIDs(pieces []string, special []bool) (map[string]int32, error) {
	ids := make(map[string]int32, len(pieces))
	for id, piece := range pieces {
		if special[id] {
			continue
		}
		if piece == "" {
			return nil, fmt.Errorf("piece %d is empty", id)
		}
		if first, ok := ids[piece]; ok {
			return nil, fmt.Errorf("piece %q has two ids, %d and %d", piece, first, id)
		}
		ids[piece] = int32(id)
	}
	return ids, nil
}

func (e *bpeEncoder) kind() string { return "bpe" }

func (e *bpeEncoder) encode(ids []int, text string) ([]int, error) {
	if e.gaps {
		if err := e.findGap(text); err != nil {
			return nil, err
		}
	}
	w := e.encoders.Get().(*wordEncoder)
	defer e.encoders.Put(w)
	ids = slices.Grow(ids, len(text)/bytesPerID)
	for len(text) > 0 {
		n := wordEnd(text)
		ids = w.encode(ids, text[:n])
		text = text[n:]
	}
	return ids, nil
}

// findGap returns an *UnknownError for the first character with a byte that has no id.
func (e *bpeEncoder) findGap(text string) error {
	for start := 0; start < len(text); {
		_, size := utf8.DecodeRuneInString(text[start:])
		for i := start; i < start+size; i++ {
			if e.bytes[text[i]] == noPiece {
				return &UnknownError{Piece: text[start : start+size], Offset: start}
			}
		}
		start += size
	}
	return nil
}

// spell appends the ids of the bytes of a word.
func (e *bpeEncoder) spell(symbols []int32, word string) []int32 {
	for i := range len(word) {
		symbols = append(symbols, e.bytes[word[i]])
	}
	return symbols
}

func (e *bpeEncoder) opening() int { return -1 }

func (e *bpeEncoder) describe(f *jsonFile) {
	f.Split = splitGPT2
	f.Merges = make([]string, len(e.merges))
	for rank, p := range e.merges {
		f.Merges[rank] = escapeMergeSide(e.pieces[p.left()]) + " " + escapeMergeSide(e.pieces[p.right()])
	}
}

// escapeMergeSide escapes a piece as escapePiece does, and also the space, which separates the two
// sides of a merge.
func escapeMergeSide(piece string) string {
	return strings.ReplaceAll(escapePiece(piece), " ", `\x20`)
}

// bpeFromFile returns the encoder that tokenizer.json describes.
func bpeFromFile(f *jsonFile, pieces []string, special []bool) (encoder, error) {
	if f.Split != splitGPT2 {
		return nil, fmt.Errorf("split %q is not supported: it must be %q", f.Split, splitGPT2)
	}
	merges, err := parseMerges(f.Merges, pieces, special, unescapePiece)
	if err != nil {
		return nil, err
	}
	return newBPE(pieces, special, merges)
}

// parseMerges parses merges written as "left right"; unescape decodes each side.
func parseMerges(lines, pieces []string, special []bool, unescape func(string) (string, error)) ([]bigram, error) {
	ids, err := pieceIDs(pieces, special)
	if err != nil {
		return nil, err
	}
	merges := make([]bigram, len(lines))
	for rank, line := range lines {
		left, right, ok := strings.Cut(line, " ")
		if !ok || strings.Contains(right, " ") {
			return nil, fmt.Errorf("merge %d (%q) is not two pieces separated by a space", rank, line)
		}
		var side [2]int32
		for i, written := range []string{left, right} {
			piece, err := unescape(written)
			if err != nil {
				return nil, fmt.Errorf("merge %d: %w", rank, err)
			}
			if side[i], ok = ids[piece]; !ok {
				return nil, fmt.Errorf("merge %d names %q, which is not in the vocabulary", rank, piece)
			}
		}
		merges[rank] = newBigram(side[0], side[1])
	}
	return merges, nil
}
