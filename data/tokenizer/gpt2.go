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

// byteLetters maps each byte to GPT-2's printable character for it (bytes_to_unicode in encoder.py):
// printable bytes of Latin-1 to themselves, the others to the code points from U+0100 on, in order.
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

// letterBytes is the inverse of byteLetters.
var letterBytes = func() map[rune]byte {
	bytes := make(map[rune]byte, 256)
	for b, r := range byteLetters {
		bytes[r] = byte(b)
	}
	return bytes
}()

// fromLetters decodes a piece written in GPT-2's characters.
func fromLetters(written string) (string, error) {
	piece := make([]byte, 0, len(written))
	for _, r := range written {
		b, ok := letterBytes[r]
		if !ok {
			return "", fmt.Errorf("%q has %q (%U), which is not the character of a byte: the vocabulary is not byte-level", written, r, r)
		}
		piece = append(piece, b)
	}
	return string(piece), nil
}

// toLetters encodes a piece in GPT-2's characters.
func toLetters(piece string) string {
	var written strings.Builder
	for i := range len(piece) {
		written.WriteRune(byteLetters[piece[i]])
	}
	return written.String()
}

// GPT2Files returns the contents of GPT-2's two files, vocab.json and merges.txt, for a byte-level
// BPE tokenizer, such that Load returns the same tokenizer. A tokenizer that they cannot express is
// an error.
func GPT2Files(t Tokenizer) (vocab, merges []byte, err error) {
	v, _ := t.(*vocabulary)
	if v == nil {
		return nil, nil, fmt.Errorf("%T is not a tokenizer of this project", t)
	}
	inner := v.encoder
	if p, ok := inner.(*parsingEncoder); ok {
		inner = p.encoder
	}
	e, ok := inner.(*bpeEncoder)
	switch {
	case !ok:
		return nil, nil, fmt.Errorf("a %s tokenizer is not a byte-level BPE", v.kind())
	case e.gaps:
		return nil, nil, errors.New("some bytes have no id, but GPT-2's format needs one for each")
	}
	vocab, merges = v.writeVocab(), e.writeMerges()
	again, err := parseGPT2(vocab, merges)
	if err != nil {
		return nil, nil, fmt.Errorf("GPT-2's format cannot express the tokenizer: %w", err)
	}
	if again.(*vocabulary).file().Checksum != v.file().Checksum {
		return nil, nil, errors.New("some pieces are neither special nor produced by a merge")
	}
	return vocab, merges, nil
}

// writeVocab returns vocab.json, in order of ids.
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

// writeMerges returns merges.txt.
func (e *bpeEncoder) writeMerges() []byte {
	b := bytes.NewBufferString("#version: 0.2\n")
	for _, p := range e.merges {
		fmt.Fprintf(b, "%s %s\n", toLetters(e.pieces[p.left()]), toLetters(e.pieces[p.right()]))
	}
	return b.Bytes()
}

// parseGPT2 returns the tokenizer of a vocabulary (encoder.json or vocab.json: encoded piece → id)
// and its merges (vocab.bpe or merges.txt: a version line, then "left right" in order). Pieces that
// no merge produces, such as <|endoftext|>, are special tokens.
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

// newByteLevel returns a tokenizer of pieces and merges in GPT-2's characters; special pieces are not
// encoded.
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

// byID returns the pieces of a vocabulary in order of ids, which must be 0, 1, 2, … without gaps.
func byID(ids map[string]int) ([]string, error) {
	written := make([]string, len(ids))
	taken := make([]bool, len(ids))
	for w, id := range ids {
		if id < 0 || id >= len(ids) {
			return nil, fmt.Errorf("piece %q has id %d, but the ids of %d pieces must be 0 to %d", w, id, len(ids), len(ids)-1)
		}
		if taken[id] {
			return nil, fmt.Errorf("pieces %q and %q have the same id %d", written[id], w, id)
		}
		written[id], taken[id] = w, true
	}
	return written, nil
}

// mergeLines returns the lines of vocab.bpe or merges.txt, without the version line and empty lines.
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
