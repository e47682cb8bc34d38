package constraint

import (
	"fmt"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Forbid returns the automaton of the texts in which none of these words occurs, within a longer word
// neither. Texts and words are compared by what they read as: compatibility forms such as those of
// full width (NFKD), case, combining marks and characters without a width make no difference, and
// white space of any kind and length is a space. A word that begins in the text before is found too.
//
// It is the automaton of Aho and Corasick (1975) over folded characters.
func Forbid(words ...string) (Automaton, error) {
	b := &blockList{nodes: []blockNode{{next: map[rune]int32{}}}, folds: map[rune][]rune{}}
	for _, word := range words {
		folded := b.foldAll(word)
		if len(folded) == 0 {
			return nil, fmt.Errorf("the forbidden word %q has no characters but marks and spaces", word)
		}
		b.insert(folded)
	}
	b.link()
	return overBytes(b), nil
}

// blockList is the automaton of Forbid. A state is twice its node; it is odd after a space.
type blockList struct {
	nodes []blockNode
	folds map[rune][]rune
}

type blockNode struct {
	next map[rune]int32
	fail int32 // the node of the longest proper suffix
	hit  bool  // a word ends here
}

// fold returns what a character reads as: none, one or several.
func (b *blockList) fold(r rune) []rune {
	if f, ok := b.folds[r]; ok {
		return f
	}
	f := fold(string(r))
	b.folds[r] = f
	return f
}

func fold(text string) []rune {
	return readable(cases.Fold().String(string(readable(text))))
}

// readable returns the characters of a text in NFKD, without those that do not show by themselves.
func readable(text string) (kept []rune) {
	for _, r := range norm.NFKD.String(text) {
		switch {
		case unicode.IsSpace(r):
			kept = append(kept, ' ')
		case !unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Cc, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
			kept = append(kept, r)
		}
	}
	return kept
}

// foldAll folds a word, without spaces around it.
func (b *blockList) foldAll(word string) (folded []rune) {
	for _, r := range word {
		for _, f := range b.fold(r) {
			if f != ' ' || len(folded) > 0 && folded[len(folded)-1] != ' ' {
				folded = append(folded, f)
			}
		}
	}
	if n := len(folded); n > 0 && folded[n-1] == ' ' {
		folded = folded[:n-1]
	}
	return folded
}

func (b *blockList) insert(word []rune) {
	at := int32(0)
	for _, r := range word {
		next, ok := b.nodes[at].next[r]
		if !ok {
			next = int32(len(b.nodes))
			b.nodes[at].next[r] = next
			b.nodes = append(b.nodes, blockNode{next: map[rune]int32{}})
		}
		at = next
	}
	b.nodes[at].hit = true
}

// link sets the nodes of suffixes, breadth first.
func (b *blockList) link() {
	var queue []int32
	for _, child := range b.nodes[0].next {
		queue = append(queue, child)
	}
	for i := 0; i < len(queue); i++ {
		at := queue[i]
		for r, child := range b.nodes[at].next {
			fail := b.step(b.nodes[at].fail, r)
			b.nodes[child].fail = fail
			b.nodes[child].hit = b.nodes[child].hit || b.nodes[fail].hit
			queue = append(queue, child)
		}
	}
}

// step returns the node after one more folded character.
func (b *blockList) step(at int32, r rune) int32 {
	for {
		if next, ok := b.nodes[at].next[r]; ok {
			return next
		}
		if at == 0 {
			return 0
		}
		at = b.nodes[at].fail
	}
}

// advance returns the state after a character, and whether a word ends in it.
func (b *blockList) advance(s State, r rune) (next State, hit bool) {
	at, spaced := int32(s>>1), s&1 == 1
	for _, f := range b.fold(r) {
		if f == ' ' && spaced {
			continue
		}
		at, spaced = b.step(at, f), f == ' '
		hit = hit || b.nodes[at].hit
	}
	next = State(at) << 1
	if spaced {
		next |= 1
	}
	return next, hit
}

func (b *blockList) begin(before string) (s State) {
	for _, r := range before {
		s, _ = b.advance(s, r)
	}
	return s
}

func (b *blockList) read(s State, r rune) State {
	next, hit := b.advance(s, r)
	if hit {
		return Dead
	}
	return next
}

func (b *blockList) accepts(State) bool { return true }
func (b *blockList) reset()             {}
