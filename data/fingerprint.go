package data

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"io"

	"euryale/data/store"
)

// Fingerprint returns a hash of the tokens of all parts and of the pieces that the ids stand for. Two
// corpora with the same one have the same batches. The ids of a token file are not read: its header has
// their hash.
func (c *Corpus) Fingerprint() string {
	h := sha256.New()
	for id := range c.Tokenizer.Vocab() {
		fmt.Fprintf(h, "%q\n", c.Tokenizer.Piece(id))
	}
	c.parts.hash(h)
	return fmt.Sprintf("%x", h.Sum(nil)[:8])
}

func (p *textParts) hash(to hash.Hash) {
	writeNumbers(to, p.split, p.tokens.Len())
	if p.test > 0 {
		writeNumbers(to, p.test)
	}
	if p.payload != [sha256.Size]byte{} {
		to.Write(p.payload[:])
		return
	}
	hashIDs(to, p.tokens)
}

func hashIDs(to io.Writer, tokens *store.IDs) {
	ids := make([]int, 1<<16)
	for at := 0; at < tokens.Len(); at += len(ids) {
		ids = ids[:min(len(ids), tokens.Len()-at)]
		tokens.Copy(ids, at)
		writeNumbers(to, ids...)
	}
}

func (p *taskParts) hash(to hash.Hash) {
	for _, items := range p.items {
		writeNumbers(to, len(items))
		for _, it := range items {
			fmt.Fprintln(to, it)
		}
	}
}

// writeNumbers writes each number in eight bytes.
func writeNumbers(to io.Writer, numbers ...int) {
	b := make([]byte, 0, 8*len(numbers))
	for _, n := range numbers {
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	_, _ = to.Write(b) // a hash never fails
}
