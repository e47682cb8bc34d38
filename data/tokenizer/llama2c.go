package tokenizer

import (
	"encoding/binary"
	"fmt"
	"math"
)

// longestLlamaPiece is the limit of pieces in bytes; llama's own have 27 at most.
const longestLlamaPiece = 256

// isLlama reports whether file is a llama2.c file: its first four bytes are a small number, unlike
// those of text.
func isLlama(file []byte) bool { return len(file) >= 4 && file[3] == 0 }

// parseLlama returns the tokenizer of a llama2.c file. The file writes single bytes as <0x41> and
// some special tokens with line breaks around them.
func parseLlama(file []byte) (Tokenizer, error) {
	pieces, scores, err := readLlama(file)
	if err != nil {
		return nil, err
	}
	for id := llamaBytes; id < min(llamaText, len(pieces)); id++ {
		if want := fmt.Sprintf("<0x%02X>", id-llamaBytes); pieces[id] != want {
			return nil, fmt.Errorf("piece %d is %q, not %s: only vocabularies with byte fallback are supported", id, pieces[id], want)
		}
		pieces[id] = string([]byte{byte(id - llamaBytes)})
	}
	v := newVocabulary(nil, pieces)
	special := make([]bool, len(pieces))
	for id, name := range llamaSpecials[:min(llamaBytes, len(pieces))] {
		pieces[id], special[id], v.specials[name] = name, true, id
	}
	v.encoder, err = newLlama(scores, pieces, special)
	return v, err
}

// readLlama parses the format of llama2.c's tokenizer.py, little-endian: int32 length of the longest
// piece, then for each id float32 score, int32 length, bytes.
func readLlama(file []byte) (pieces []string, scores []float32, err error) {
	longest := int32(binary.LittleEndian.Uint32(file))
	if longest < 1 || longest > longestLlamaPiece {
		return nil, nil, fmt.Errorf("not a llama2.c tokenizer: its longest piece would have %d bytes, it must have 1 to %d", longest, longestLlamaPiece)
	}
	for at := 4; at < len(file); {
		rest := file[at:]
		if len(rest) < 8 {
			return nil, nil, fmt.Errorf("the file ends at byte offset %d, within the header of piece %d", len(file), len(pieces))
		}
		score := math.Float32frombits(binary.LittleEndian.Uint32(rest))
		size := int32(binary.LittleEndian.Uint32(rest[4:]))
		if size < 1 || size > longest || int(size) > len(rest)-8 {
			return nil, nil, fmt.Errorf("piece %d at byte offset %d has length %d: it must be 1 to %d and end within the file", len(pieces), at, size, longest)
		}
		pieces = append(pieces, string(rest[8:8+size]))
		scores = append(scores, score)
		at += 8 + int(size)
	}
	return pieces, scores, nil
}
