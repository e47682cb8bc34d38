package constraint

import (
	"bytes"
	"cmp"
	"slices"

	"euryale/data/tokenizer"
)

// Vocabulary holds the bytes of the tokens that can be generated, as a trie.
type Vocabulary struct {
	size   int // ids, those without a node included
	pieces [][]byte
	nodes  []trieNode // depth first
	tokens []int32    // in the order of the nodes
}

// trieNode is a node of the trie below its root. Several tokens can have the same bytes.
type trieNode struct {
	after       int32 // the node after all those below it
	first, last int32 // tokens[first:last] end here
	depth       int32 // of the root's children: 0
	children    int16
	b           byte
}

// NewVocabulary returns the tokens of tk, except special ones, those without bytes, and those in
// without.
func NewVocabulary(tk tokenizer.Tokenizer, without []int) *Vocabulary {
	pieces := make([][]byte, tk.Vocab())
	for id := range pieces {
		piece := tk.Piece(id)
		if special, ok := tk.Special(string(piece)); ok && special == id || slices.Contains(without, id) {
			continue
		}
		pieces[id] = piece
	}
	return vocabularyOf(pieces)
}

// vocabularyOf returns a vocabulary of these pieces. Empty ones are never generated.
func vocabularyOf(pieces [][]byte) *Vocabulary {
	v := &Vocabulary{size: len(pieces), pieces: pieces}
	for id, piece := range pieces {
		if len(piece) > 0 {
			v.tokens = append(v.tokens, int32(id))
		}
	}
	slices.SortFunc(v.tokens, func(a, b int32) int {
		return cmp.Or(bytes.Compare(pieces[a], pieces[b]), cmp.Compare(a, b))
	})
	v.grow(0, len(v.tokens), 0)
	return v
}

// grow adds the nodes of tokens[from:to], which agree in their first depth bytes, and returns how
// many begin there. All are longer.
func (v *Vocabulary) grow(from, to, depth int) (children int16) {
	for from < to {
		b := v.pieces[v.tokens[from]][depth]
		end := from
		for end < to && v.pieces[v.tokens[end]][depth] == b {
			end++
		}
		whole := from
		for whole < end && len(v.pieces[v.tokens[whole]]) == depth+1 {
			whole++
		}
		at := len(v.nodes)
		v.nodes = append(v.nodes, trieNode{b: b, depth: int32(depth), first: int32(from), last: int32(whole)})
		v.nodes[at].children = v.grow(whole, end, depth+1)
		v.nodes[at].after = int32(len(v.nodes))
		from = end
		children++
	}
	return children
}
