package tokenizer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// byteLetters is GPT-2's way to write any byte as a printable character (bytes_to_unicode
// in encoder.py): the printable bytes of Latin-1 stand for themselves, the others for the
// code points from U+0100 on, in order.
var byteLetters = func() (letters [256]rune) {
	next := rune(256)
	for b := range letters {
		if b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae {
			letters[b] = rune(b)
		} else {
			letters[b] = next
			next++
		}
	}
	return letters
}()

// letterBytes is the inverse.
var letterBytes = func() map[rune]byte {
	bytes := make(map[rune]byte, 256)
	for b, r := range byteLetters {
		bytes[r] = byte(b)
	}
	return bytes
}()

// fromLetters reads a piece written in GPT-2's letters.
func fromLetters(written string) (string, error) {
	piece := make([]byte, 0, len(written))
	for _, r := range written {
		b, ok := letterBytes[r]
		if !ok {
			return "", fmt.Errorf("%q has %q (%U), which stands for no byte: it is not a byte-level vocabulary", written, r, r)
		}
		piece = append(piece, b)
	}
	return string(piece), nil
}

// toLetters writes a piece in GPT-2's letters.
func toLetters(piece string) string {
	var written strings.Builder
	for i := range len(piece) {
		written.WriteRune(byteLetters[piece[i]])
	}
	return written.String()
}

// GPT2Files are the contents of vocab.json and merges.txt, GPT-2's own two files, for a
// byte-level BPE tokenizer. Load makes the same tokenizer of them; one that they
// cannot express is an error that says why.
func GPT2Files(t Tokenizer) (vocab, merges []byte, err error) {
	v, _ := t.(*vocabulary)
	if v == nil {
		return nil, nil, fmt.Errorf("%T is not a tokenizer of this project", t)
	}
	e, ok := v.encoder.(*bpeEncoder)
	switch {
	case !ok:
		return nil, nil, fmt.Errorf("a %s tokenizer is no byte-level BPE", v.kind())
	case e.gaps:
		return nil, nil, errors.New("some bytes have no id, and GPT-2's tokenizer has one for each")
	}
	vocab, merges = v.writeVocab(), e.writeMerges()
	again, err := parseGPT2(vocab, merges)
	if err != nil {
		return nil, nil, fmt.Errorf("it does not come back from them: %w", err)
	}
	if again.(*vocabulary).file().Checksum != v.file().Checksum {
		return nil, nil, errors.New("some pieces are made by no merge and are not special either")
	}
	return vocab, merges, nil
}

// writeVocab writes vocab.json in the order of ids.
func (v *vocabulary) writeVocab() []byte {
	special := v.isSpecial()
	var b bytes.Buffer
	for id, piece := range v.pieces {
		if !special[id] {
			piece = toLetters(piece)
		}
		key, err := marshalPlain(piece, "")
		if err != nil {
			panic(err) // a string
		}
		before := ","
		if id == 0 {
			before = "{"
		}
		fmt.Fprintf(&b, "%s%s:%d", before, bytes.TrimSpace(key), id)
	}
	b.WriteString("}")
	return b.Bytes()
}

// writeMerges writes merges.txt.
func (e *bpeEncoder) writeMerges() []byte {
	b := bytes.NewBufferString("#version: 0.2\n")
	for _, p := range e.merges {
		fmt.Fprintf(b, "%s %s\n", toLetters(e.pieces[p.left()]), toLetters(e.pieces[p.right()]))
	}
	return b.Bytes()
}

// parseGPT2 makes the tokenizer of a vocabulary (encoder.json or vocab.json: written
// piece → id) and its merges (vocab.bpe or merges.txt: a version line, then "left right"
// in order). Pieces that no merge makes, such as <|endoftext|>, are its special tokens.
func parseGPT2(vocab, merges []byte) (Tokenizer, error) {
	var ids map[string]int
	if err := json.Unmarshal(vocab, &ids); err != nil {
		return nil, fmt.Errorf("vocabulary: %w", jsonError(vocab, err))
	}
	lines, err := mergeLines(merges)
	if err != nil {
		return nil, err
	}
	written, err := byID(ids)
	if err != nil {
		return nil, err
	}
	made := make(map[string]bool, len(lines))
	for _, line := range lines {
		made[strings.Replace(line, " ", "", 1)] = true
	}
	special := make([]bool, len(written))
	for id, w := range written {
		special[id] = utf8.RuneCountInString(w) != 1 && !made[w]
	}
	return newByteLevel(written, special, lines)
}

// newByteLevel makes a tokenizer of pieces and merges in GPT-2's letters; special pieces
// are written as they are.
func newByteLevel(written []string, special []bool, lines []string) (Tokenizer, error) {
	v := newVocabulary(nil, make([]string, len(written)))
	for id, w := range written {
		if special[id] {
			if w == "" {
				return nil, fmt.Errorf("special token %d has no name", id)
			}
			if other, ok := v.specials[w]; ok {
				return nil, fmt.Errorf("special token %q has two ids, %d and %d", w, other, id)
			}
			v.pieces[id], v.specials[w] = w, id
			continue
		}
		var err error
		if v.pieces[id], err = fromLetters(w); err != nil {
			return nil, fmt.Errorf("piece %d: %w", id, err)
		}
	}
	merges, err := parseMerges(lines, v.pieces, special, fromLetters)
	if err != nil {
		return nil, err
	}
	v.encoder, err = newBPE(v.pieces, special, merges)
	return v, err
}

// byID turns a vocabulary around. Its ids must be 0, 1, 2, … without a gap.
func byID(ids map[string]int) ([]string, error) {
	written := make([]string, len(ids))
	taken := make([]bool, len(ids))
	for w, id := range ids {
		if id < 0 || id >= len(ids) {
			return nil, fmt.Errorf("piece %q has id %d, but %d pieces need the ids 0 to %d", w, id, len(ids), len(ids)-1)
		}
		if taken[id] {
			return nil, fmt.Errorf("pieces %q and %q have the same id %d", written[id], w, id)
		}
		written[id], taken[id] = w, true
	}
	return written, nil
}

// mergeLines is the lines of vocab.bpe or merges.txt, without the version line.
func mergeLines(text []byte) ([]string, error) {
	head, rest, _ := strings.Cut(string(text), "\n")
	if !strings.HasPrefix(head, "#version") {
		return nil, errors.New("merges: the first line does not begin with #version")
	}
	var lines []string
	scan := bufio.NewScanner(strings.NewReader(rest))
	for scan.Scan() {
		if line := scan.Text(); line != "" {
			lines = append(lines, line)
		}
	}
	if err := scan.Err(); err != nil {
		return nil, fmt.Errorf("merges, line %d: %w", len(lines)+2, err)
	}
	return lines, nil
}
