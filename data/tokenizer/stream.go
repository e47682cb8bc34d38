package tokenizer

import "slices"

// Stream decodes tokens one by one, as they are generated. A character can extend over several
// tokens; its bytes are held back until it is complete. The concatenated results of Push and Flush
// equal the result of Decode.
type Stream struct {
	tokens Tokenizer
	joiner
	held []byte // bytes of an incomplete character
}

// NewStream returns a Stream at the beginning of a text.
func NewStream(t Tokenizer) *Stream { return &Stream{tokens: t, joiner: newJoiner(t)} }

// NewStreamAfter returns a Stream of the text that continues these tokens, whose own text it does not
// return.
func NewStreamAfter(t Tokenizer, ids []int) *Stream {
	s := NewStream(t)
	if len(ids) == 0 {
		return s
	}
	for _, id := range []int{ids[0], ids[len(ids)-1]}[:min(2, len(ids))] { // the others change nothing
		s.text(id, string(t.Piece(id)))
	}
	return s
}

// Push adds a token and returns the text that it completes, which may be empty. An id outside the
// vocabulary adds nothing.
func (s *Stream) Push(id int) string {
	s.held = append(s.held, s.text(id, string(s.tokens.Piece(id)))...)
	end := wholeChars(s.held)
	text := string(s.held[:end])
	s.held = append(s.held[:0], s.held[end:]...)
	return text
}

// Peek returns the text that Push would return.
func (s *Stream) Peek(id int) string {
	then := *s
	then.held = slices.Clone(s.held)
	return then.Push(id)
}

// Held returns the number of bytes of the tokens pushed that are held back, because the character that
// they begin is incomplete.
func (s *Stream) Held() int { return len(s.held) }

// Flush returns the held bytes of an incomplete character, and starts a new text.
func (s *Stream) Flush() string {
	text := string(s.held)
	s.held = s.held[:0]
	s.restart()
	return text
}
