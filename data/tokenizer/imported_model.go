package tokenizer

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// importedModel is the model of a tokenizer.json of Hugging Face: byte-pair encoding of words that are
// bytes (byteLevel) or characters.
type importedModel struct {
	byteLevel    bool
	space        string           // the character for a space, ▁; "" if that is a space
	ids          map[string]int32 // of pieces in the form that the words have
	bytes        [256]int32       // of bytes, or of byte fallback: the id of each byte, or noPiece
	fallback     bool             // a character that is not a piece is encoded as its bytes
	unknown      int32            // the id of any other character, or noPiece
	fuse         bool             // several unknown characters are one
	ignoreMerges bool             // a word that is a piece is not merged
	rules        map[bigram]mergeRule
	// adjacent has the pairs of neighbouring characters of all pieces that merges produce, so that
	// words can be split between others; nil if merges produce other pieces.
	adjacent map[bigram]bool
	encoders sync.Pool // of *wordEncoder
}

// newImportedModel returns the model of the pieces of a file, written as there, and merges of them.
// Pieces that are special are not encoded.
func newImportedModel(m *importedModel, written []string, special []bool, merges [][2]string) error {
	m.ids = make(map[string]int32, len(written))
	for id, piece := range written {
		if special[id] {
			continue
		}
		if m.byteLevel {
			var err error
			if piece, err = fromLetters(piece); err != nil {
				return fmt.Errorf("piece %d: %w", id, err)
			}
		}
		m.ids[piece] = int32(id)
	}
	for b := range m.bytes {
		name := string([]byte{byte(b)})
		if !m.byteLevel {
			name = byteName(byte(b))
		}
		m.bytes[b] = noPiece
		if id, ok := m.ids[name]; ok && (m.byteLevel || m.fallback) {
			m.bytes[b] = id
		}
	}
	if err := m.addMerges(merges); err != nil {
		return err
	}
	m.encoders.New = func() any { return newWordEncoder(m.rules, m.spell) }
	return nil
}

// byteName returns the name of a byte in vocabularies with byte fallback.
func byteName(b byte) string { return fmt.Sprintf("<0x%02X>", b) }

// addMerges adds the rules of merges, in the order of their ranks. Of equal merges the last is used.
func (m *importedModel) addMerges(merges [][2]string) error {
	m.rules = make(map[bigram]mergeRule, len(merges))
	m.adjacent = map[bigram]bool{newBigram(noPiece, noPiece): true} // unknown characters that are one
	for rank, pair := range merges {
		var side [2]int32
		for i, written := range pair {
			piece := written
			if m.byteLevel {
				var err error
				if piece, err = fromLetters(written); err != nil {
					return fmt.Errorf("merge %d: %w", rank, err)
				}
			}
			var ok bool
			if side[i], ok = m.ids[piece]; !ok {
				return fmt.Errorf("merge %d names %q, which is not in the vocabulary", rank, written)
			}
			if m.fallback && slices.Contains(m.bytes[:], side[i]) || side[i] == m.unknown {
				m.adjacent = nil
			}
			pair[i] = piece
		}
		piece := pair[0] + pair[1]
		id, ok := m.ids[piece]
		if !ok {
			return fmt.Errorf("merge %d produces %q, which is not in the vocabulary", rank, piece)
		}
		m.rules[newBigram(side[0], side[1])] = mergeRule{rank: int32(rank), id: id}
		m.addAdjacent(piece)
	}
	return nil
}

// addAdjacent adds the pairs of neighbouring characters of a piece.
func (m *importedModel) addAdjacent(piece string) {
	if m.byteLevel || m.adjacent == nil {
		return
	}
	before := int32(noPiece)
	for i, size := 0, 0; i < len(piece); i += size {
		_, size = utf8.DecodeRuneInString(piece[i:])
		here := m.char(piece[i : i+size])
		if i > 0 {
			m.adjacent[newBigram(before, here)] = true
		}
		before = here
	}
}

// char returns the id of a character, or noPiece.
func (m *importedModel) char(char string) int32 {
	if id, ok := m.ids[char]; ok {
		return id
	}
	return noPiece
}

// piece returns the bytes of a piece as it is written in the file.
func (m *importedModel) piece(written string) string {
	if m.byteLevel {
		piece, _ := fromLetters(written) // newImportedModel returns the error
		return piece
	}
	if m.fallback && len(written) == len("<0x00>") && written[0] == '<' {
		for b := range 256 {
			if written == byteName(byte(b)) {
				return string([]byte{byte(b)})
			}
		}
	}
	if m.space == "" {
		return written
	}
	return strings.ReplaceAll(written, m.space, " ")
}

// encode appends the ids of words to ids.
func (m *importedModel) encode(ids []int, words []string) ([]int, error) {
	w := m.encoders.Get().(*wordEncoder)
	defer m.encoders.Put(w)
	for _, word := range words {
		if m.unknown == noPiece {
			if err := m.findUnknown(word); err != nil {
				return nil, err
			}
		}
		if id, ok := m.ids[word]; ok && m.ignoreMerges {
			ids = append(ids, int(id))
			continue
		}
		if m.byteLevel || m.adjacent == nil {
			ids = w.encode(ids, word)
			continue
		}
		ids = m.encodeParts(w, ids, word)
	}
	return ids, nil
}

// encodeParts encodes a word, which may be a whole text, in the parts that no merge joins.
func (m *importedModel) encodeParts(w *wordEncoder, ids []int, word string) []int {
	start, before := 0, int32(noPiece)
	for i, size := 0, 0; i < len(word); i += size {
		_, size = utf8.DecodeRuneInString(word[i:])
		here := m.char(word[i : i+size])
		if i > 0 && !m.adjacent[newBigram(before, here)] {
			ids = w.encode(ids, word[start:i])
			start = i
		}
		before = here
	}
	return w.encode(ids, word[start:])
}

// findUnknown returns an *UnknownError for the first character of word that has no id.
func (m *importedModel) findUnknown(word string) error {
	for i, size := 0, 0; i < len(word); i += size {
		_, size = utf8.DecodeRuneInString(word[i:])
		char := word[i : i+size]
		if m.byteLevel && m.hasBytes(char) || !m.byteLevel && (m.char(char) != noPiece || m.fallback && m.hasBytes(char)) {
			continue
		}
		if char == m.space {
			char = " "
		}
		return &UnknownError{Piece: char, Offset: i}
	}
	return nil
}

// hasBytes reports whether every byte of a character has an id.
func (m *importedModel) hasBytes(char string) bool {
	for i := range len(char) {
		if m.bytes[char[i]] == noPiece {
			return false
		}
	}
	return true
}

// spell appends the ids of the bytes or characters of a word before any merge.
func (m *importedModel) spell(symbols []int32, word string) []int32 {
	fused := false // the last symbol is unknown
	unknown := func() {
		if !fused || !m.fuse {
			symbols = append(symbols, m.unknown)
		}
		fused = true
	}
	for i, size := 0, 1; i < len(word); i += size {
		if !m.byteLevel {
			_, size = utf8.DecodeRuneInString(word[i:])
		}
		char := word[i : i+size]
		id := m.char(char)
		switch {
		case id != noPiece:
			symbols, fused = append(symbols, id), false
		case m.fallback && m.hasBytes(char):
			fused = false
			for _, b := range []byte(char) {
				symbols = append(symbols, m.bytes[b])
			}
		default:
			unknown()
		}
	}
	return symbols
}
