package tokenizer

// Stream decodes tokens one by one, as they are generated. A character can extend over several
// tokens; its bytes are held back until it is complete. The concatenated results of Push and Flush
// equal the result of Decode.
type Stream struct {
	tokens  Tokenizer
	opening int    // the id that begins every whole text, or −1
	spaced  bool   // a space follows that id
	opened  bool   // the text began with it
	count   int    // tokens pushed
	held    []byte // bytes of an incomplete character
}

// NewStream returns a Stream at the beginning of a text.
func NewStream(t Tokenizer) *Stream {
	s := &Stream{tokens: t, opening: -1}
	if id, ok := t.Begin(); ok {
		s.opening = id
		v, _ := t.(*vocabulary)
		s.spaced = v == nil || startsWithSpace(v.encoder)
	}
	return s
}

// Push adds a token and returns the text that it completes, which may be empty. An id outside the
// vocabulary adds nothing.
func (s *Stream) Push(id int) string {
	if s.count == 0 {
		s.opened = id == s.opening
	}
	s.held = append(s.held, pieceText(string(s.tokens.Piece(id)), s.count, s.opened, s.spaced)...)
	s.count++
	end := wholeChars(s.held)
	text := string(s.held[:end])
	s.held = append(s.held[:0], s.held[end:]...)
	return text
}

// Flush returns the held bytes of an incomplete character, and starts a new text.
func (s *Stream) Flush() string {
	text := string(s.held)
	s.held, s.count = s.held[:0], 0
	return text
}
