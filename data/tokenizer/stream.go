package tokenizer

// Stream decodes tokens as they are generated. A character can be spread over several
// tokens; its bytes are held back until it is whole, so that nothing half-written is
// shown. What Push and Flush return, put together, is what Decode returns.
type Stream struct {
	tokens  Tokenizer
	opening int // the id that opens a text, or −1
	opened  bool
	count   int // of tokens pushed
	held    []byte
}

// NewStream begins the decoding of a text.
func NewStream(t Tokenizer) *Stream {
	s := &Stream{tokens: t, opening: -1}
	if v, ok := t.(*vocabulary); ok {
		s.opening = v.opening()
	}
	return s
}

// Push adds a token and returns the text that is complete with it, often none. An id
// outside the vocabulary adds nothing.
func (s *Stream) Push(id int) string {
	if s.count == 0 {
		s.opened = id == s.opening
	}
	s.held = append(s.held, placed(string(s.tokens.Piece(id)), s.count, s.opened)...)
	s.count++
	end := wholeChars(s.held)
	text := string(s.held[:end])
	s.held = append(s.held[:0], s.held[end:]...)
	return text
}

// Flush returns the bytes that are held back, an incomplete character, and begins anew.
func (s *Stream) Flush() string {
	text := string(s.held)
	s.held, s.count = s.held[:0], 0
	return text
}
