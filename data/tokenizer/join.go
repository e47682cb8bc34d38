package tokenizer

import "strings"

// joiner joins the pieces of a text, one by one. It leaves out what an encoder adds: the opening id
// and the space after it, and the space before a word that begins a text or a line, or that follows a
// special token.
type joiner struct {
	opening int  // the id that begins every whole text, or −1
	spaced  bool // a space follows that id
	words   bool
	special func(name string) (int, bool)
	bare    bool // the next piece loses the space that it begins with
	started bool
}

// newJoiner returns a joiner at the beginning of a text.
func newJoiner(t Tokenizer) joiner {
	j := joiner{opening: -1, words: wordsOf(t) != nil, special: t.Special}
	if id, ok := t.Begin(); ok {
		j.opening = id
		v, _ := t.(*vocabulary)
		j.spaced = v == nil || startsWithSpace(v.encoder)
	}
	j.restart()
	return j
}

// restart begins a new text.
func (j *joiner) restart() { j.bare, j.started = j.words, false }

// text returns the text of a token and its piece.
func (j *joiner) text(id int, piece string) string {
	if !j.started {
		j.started = true
		if id == j.opening {
			j.bare = j.spaced
			return ""
		}
	}
	text := piece
	if j.bare {
		text = strings.TrimPrefix(piece, " ")
	}
	j.bare = j.words && (id == lineEnd || j.isSpecial(id, piece))
	return text
}

func (j *joiner) isSpecial(id int, piece string) bool {
	special, ok := j.special(piece)
	return ok && special == id
}
